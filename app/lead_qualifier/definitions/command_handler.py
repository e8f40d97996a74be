"""Answers commands: from memory where they are repeated, else by deciding them, within what can be stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from lead_qualifier.definitions.codes import Code
from lead_qualifier.definitions.commands import Command, CommandResult, Decision, Entry
from lead_qualifier.definitions.processed_commands import ProcessedCommand, remembered
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.wording.shortening import LONGEST_MESSAGE, cut

E = TypeVar("E", bound=Entry)


class Wording(Protocol):
    """The sentences of a language."""

    def sentence(self, finding: Finding) -> str:
        """What to say of one finding."""

    def sentences(self, findings: tuple[Finding, ...]) -> list[str]:
        """What to say of several, the first ones."""


class Stored(Protocol[E]):
    """What is stored about the subject of a command, and how it is written."""

    def entry(self) -> E | None:
        """The entry; None if there never was one."""

    def processed(self) -> tuple[ProcessedCommand, ...]:
        """The commands on it that are remembered."""

    def unreadable(self) -> tuple[str, str] | None:
        """A key under which something about it is stored that cannot be read, and why."""

    def records(self, changed: E | None, processed: tuple[ProcessedCommand, ...]) -> tuple[Any, ...]:
        """What is to be stored, each under its `key`: the changed entry, if it is changed, and the memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandHandler:
    """Answers commands on one kind of entry.

    `codes`: its own words for codes. `wording`: the language of results, also of those that are kept. `fits`: whether a
    record can be stored.
    """

    codes: Mapping[Code, str]
    wording: Wording
    fits: Callable[[Any], bool]

    def handle(self, command: Command, stored: Stored[E], decide: Callable[[], Decision[E]]) -> CommandResult[E]:
        """The result of a command; `decide` is asked only if it was not processed before."""
        if (unreadable := stored.unreadable()) is not None:
            key, reason = unreadable
            message = self.wording.sentence(Finding("unreadable", key=key, reason=reason))
            return CommandResult(accepted=False, code=self._word(Code.UNREADABLE), message=message)
        for one in stored.processed():
            if one.command_id == command.command_id:
                return _repeated(one)
        decision = decide()
        if not self._fit(stored.records(decision.entry, ())) and decision.entry is not None:
            decision = Decision(code=Code.TOO_LARGE, finding=Finding("too_large", id=command.id))
        return self._remembered(command, stored, decision)

    def _remembered(self, command: Command, stored: Stored[E], decision: Decision[E]) -> CommandResult[E]:
        after = decision.entry or stored.entry()
        result: CommandResult[E] = CommandResult(
            accepted=decision.code.accepted,
            code=self._word(decision.code),
            message=cut(self.wording.sentence(decision.finding), LONGEST_MESSAGE),
            warnings=tuple(self.wording.sentences(decision.warnings)),
            entry=decision.entry,
            definition=decision.definition,
            version=getattr(after, "version", 0),  # only definitions have one
            revision=0 if after is None else after.revision,
        )
        processed = remembered(stored.processed(), _processed(command, result))
        # Where a record may have few bytes, the oldest are forgotten: else no command could be answered again.
        while processed and not self._fit(stored.records(decision.entry, processed)):
            processed = processed[(len(processed) + 1) // 2 :]
        records = stored.records(decision.entry, processed)
        # What was stored when records could be larger stays as it is: a refusal can be told all the same.
        return replace(result, stored=records if self._fit(records) else ())

    def _word(self, code: Code) -> str:
        return self.codes.get(code, code.value)

    def _fit(self, records: tuple[Any, ...]) -> bool:
        return all(map(self.fits, records))


def _processed(command: Command, result: CommandResult[Any]) -> ProcessedCommand:
    return ProcessedCommand(
        command_id=command.command_id,
        accepted=result.accepted,
        code=result.code,
        message=result.message,
        warnings=result.warnings,
        version=result.version,
        revision=result.revision,
    )


def _repeated(before: ProcessedCommand) -> CommandResult[Any]:
    return CommandResult(
        accepted=before.accepted,
        code=before.code,
        message=before.message,
        warnings=before.warnings,
        version=before.version,
        revision=before.revision,
        repeated=True,
    )
