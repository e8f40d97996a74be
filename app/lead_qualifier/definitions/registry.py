"""Decides commands on definitions of one kind: pure, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from msgspec.structs import replace as with_

from lead_qualifier.definitions.entries import Entry
from lead_qualifier.definitions.kind import Kind, Problem
from lead_qualifier.messages.printable import printable
from lead_qualifier.messages.reasons import path
from lead_qualifier.qualification.entries import Answer
from lead_qualifier.qualification.findings import LONGEST_MESSAGE, cut, first_of
from lead_qualifier.qualification.remembering import remembered

#: So many commands on a definition are remembered at most; a repeat of an older one is decided anew.
_REMEMBERED = 100


class Code(StrEnum):
    """What became of a command."""

    APPLIED = "applied"
    PUBLISHED = "published"
    STOPPED = "stopped"
    DELETED = "deleted"
    UNCHANGED = "unchanged"
    # Refusals
    INVALID = "invalid_definition"
    UNKNOWN = "unknown_definition"
    STALE_REVISION = "stale_revision"
    LIVE = "definition_live"
    NOT_LIVE = "definition_not_live"
    NO_DRAFT = "no_draft"
    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable_state"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A command. `beside`: apply a draft although the definition is live; `replacing`: publish it in place of that.
    `given`: a revision that was given, whatever the entries say.
    """

    command: Literal["apply", "publish", "stop", "delete"]
    id: str
    command_id: str
    issued_by: str
    issued_at: datetime
    definition: dict[str, Any] | None = None
    beside: bool = False
    replacing: bool = False
    expected_revision: int | None = None
    given: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer to a command. `entry`: what is to be stored, None if nothing; `changed`: it concerns the workers.

    `definition`: what an apply or a publish that changed something made the draft or the new version. `warnings`: what
    to know although it was accepted.
    """

    accepted: bool
    code: str
    message: str
    warnings: tuple[str, ...] = ()
    entry: Entry | None = None
    changed: bool = False
    definition: dict[str, Any] | None = None
    version: int = 0
    revision: int = 0
    repeated: bool = False


def decide(
    order: Order,
    entries: Mapping[str, Entry],
    kind: Kind,
    fits: Callable[[Entry], bool] = lambda _entry: True,
    unreadable: Mapping[str, str] | None = None,
) -> Verdict:
    """The verdict on a command, given all definitions of the kind by id. Repeating a command changes nothing.

    `fits`: whether an entry can be kept. What cannot is refused. `unreadable`: why what is stored about a definition
    cannot be read, by id. Commands on it are refused, since its versions are not known.
    """
    if unreadable and (reason := unreadable.get(order.id)) is not None:
        return _refused(
            Code.UNREADABLE,
            f"what is stored about {order.id} cannot be read: {reason}. Write that record as it was before, or one "
            "without value, which forgets the definition; then repeat the command",
        )
    held = entries.get(order.id)
    if held is not None:
        for answer in held.answers:
            if answer.command_id == order.command_id:
                return Verdict(
                    accepted=answer.accepted,
                    code=answer.code,
                    message=answer.message,
                    warnings=answer.warnings,
                    version=answer.version,
                    revision=answer.revision,
                    repeated=True,
                )
    verdict = _judge(order, held, entries, kind)
    if verdict.entry is not None and not fits(with_(verdict.entry, answers=())):
        verdict = _too_large(order, kind)
    return _answered(order, held, verdict, fits)


def _too_large(order: Order, kind: Kind) -> Verdict:
    return _refused(
        Code.TOO_LARGE,
        f"{order.id} takes more bytes than a record may have, together with the version that runs: make it smaller, "
        f"or divide it into several {kind.name} definitions",
    )


def _answered(order: Order, held: Entry | None, verdict: Verdict, fits: Callable[[Entry], bool]) -> Verdict:
    """The verdict with the entry that is to be kept, which remembers it if it can."""
    # What is refused although nothing of that id is known is remembered, too: finding out why costs the more.
    entry = verdict.entry or held or Entry(id=order.id, revision=0, status="deleted")
    message = cut(verdict.message, LONGEST_MESSAGE)
    verdict = replace(verdict, message=message, version=entry.version, revision=entry.revision)
    answer = Answer(
        command_id=order.command_id,
        accepted=verdict.accepted,
        code=verdict.code,
        message=verdict.message,
        warnings=verdict.warnings,
        version=verdict.version,
        revision=verdict.revision,
    )
    kept = remembered(entry.answers, answer, most=_REMEMBERED)
    for answers in (kept, kept[-1:], ()):
        if fits(following := with_(entry, answers=answers)):
            return replace(verdict, entry=following)
    # a refusal can be told all the same, and changes nothing
    return replace(verdict, entry=None)


def _judge(order: Order, held: Entry | None, entries: Mapping[str, Entry], kind: Kind) -> Verdict:
    revision = 0 if held is None else held.revision
    if order.expected_revision is not None and order.expected_revision != revision:
        return _refused(
            Code.STALE_REVISION,
            f"{order.id} is at revision {revision}, not {order.expected_revision}: someone changed it meanwhile; "
            "look at it again and repeat the command",
        )
    if order.command == "apply":
        return _apply(order, held, entries, kind)
    if held is None or held.status == "deleted":
        return _refused(
            Code.UNKNOWN,
            f"there is no {kind.name} {order.id}: apply its file first (lead-qualifier {kind.name} apply FILE)",
        )
    match order.command:
        case "publish":
            return _publish(order, held, entries, kind)
        case "stop":
            return _stop(order, held, entries)
        case "delete":
            return _delete(order, held, entries, kind)


def _apply(order: Order, held: Entry | None, entries: Mapping[str, Entry], kind: Kind) -> Verdict:
    definition = order.definition
    problems = kind.problems_of(definition, others_than(order.id, entries))
    if not problems and definition is not None and definition.get("id") != order.id:
        problems = [(("id",), f"must be {order.id}, as the command says")]
    if problems:
        return _refused(Code.INVALID, described(problems))
    assert definition is not None
    if held is not None and held.status == "live" and not order.beside:
        return _refused(
            Code.LIVE,
            f"{order.id} is live: stop it first (lead-qualifier {kind.name} stop {order.id}), "
            f"or apply a draft beside it (lead-qualifier {kind.name} apply --draft FILE)",
        )
    warnings = tuple(first_of(list(kind.warnings(definition)), _sentence))
    if held is not None and held.status != "deleted" and (held.draft or held.published) == definition:
        message = f"{order.id} is as in the file already"
        return Verdict(accepted=True, code=Code.UNCHANGED, message=message, warnings=warnings)
    status = "draft" if held is None or held.status == "deleted" else held.status
    base = held or Entry(id=order.id, revision=0, status="draft")
    entry = _changed(base, order, entries, status=status, draft=definition)
    beside = f" beside live version {entry.version}" if status == "live" else ""
    return Verdict(
        accepted=True,
        code=Code.APPLIED,
        message=f"draft of {order.id} is kept{beside}: publish it to let it run",
        warnings=warnings,
        entry=entry,
        changed=True,
        definition=definition,
    )


def _publish(order: Order, held: Entry, entries: Mapping[str, Entry], kind: Kind) -> Verdict:
    if held.status == "live" and not order.replacing:
        return _refused(
            Code.LIVE,
            f"{order.id} is live already, in version {held.version}: stop it first, or let its draft take over "
            f"(lead-qualifier {kind.name} publish --replace {order.id})",
        )
    if order.replacing and held.status != "live":
        return _refused(
            Code.NOT_LIVE, f"{order.id} is not live, so there is nothing to replace: publish it without --replace"
        )
    if order.replacing and held.draft is None:
        return _refused(
            Code.NO_DRAFT,
            f"{order.id} has no draft beside version {held.version}: apply one "
            f"(lead-qualifier {kind.name} apply --draft FILE)",
        )
    definition = held.draft or held.published
    assert definition is not None
    problems = kind.problems_of(definition, others_than(order.id, entries))
    problems += kind.conflicts(definition, others_than(order.id, entries, live=True))
    problems += kind.too_late(definition, order.issued_at)
    if problems:
        return _refused(Code.INVALID, described(problems))
    entry = _changed(
        held,
        order,
        entries,
        status="live",
        draft=None,
        published=definition,
        version=held.version + 1,
        published_at=order.issued_at,
        published_by=order.issued_by,
    )
    entry = with_(entry, published_revision=entry.revision)
    return Verdict(
        accepted=True,
        code=Code.PUBLISHED,
        message=f"{order.id} is live in version {entry.version}",
        warnings=tuple(first_of(list(kind.warnings(definition)), _sentence)),
        entry=entry,
        changed=True,
        definition=definition,
    )


def _stop(order: Order, held: Entry, entries: Mapping[str, Entry]) -> Verdict:
    if held.status != "live":
        return _refused(Code.NOT_LIVE, f"{order.id} is not live: there is nothing to stop")
    return Verdict(
        accepted=True,
        code=Code.STOPPED,
        message=f"{order.id} no longer runs",
        entry=_changed(held, order, entries, status="stopped"),
        changed=True,
    )


def _delete(order: Order, held: Entry, entries: Mapping[str, Entry], kind: Kind) -> Verdict:
    if held.status == "live":
        return _refused(Code.LIVE, f"{order.id} is live: stop it first (lead-qualifier {kind.name} stop {order.id})")
    return Verdict(
        accepted=True,
        code=Code.DELETED,
        message=f"{order.id} is deleted; its versions stay in the audit trail",
        entry=_changed(held, order, entries, status="deleted", draft=None, published=None),
        changed=True,
    )


def _changed(held: Entry, order: Order, entries: Mapping[str, Entry], **fields: Any) -> Entry:
    revision = max((entry.revision for entry in entries.values()), default=0)
    revision = max(order.given, revision) + 1
    return with_(held, revision=revision, changed_at=order.issued_at, changed_by=order.issued_by, **fields)


def others_than(definition_id: str, entries: Mapping[str, Entry], *, live: bool = False) -> dict[str, dict[str, Any]]:
    """The other definitions by id, as they stand; with `live` only those that run."""
    return {
        entry.id: entry.definition
        for entry in entries.values()
        if entry.id != definition_id and entry.definition is not None and (not live or entry.status == "live")
    }


def described(problems: Sequence[Problem]) -> str:
    """The first problems in one text, a line each; what a definition holds begins no further one."""
    return "\n".join(first_of(problems, _sentence))


def _sentence(problem: Problem) -> str:
    where, message = problem
    return printable(f"{path(where)}: {message}" if where else message)


def _refused(code: Code, message: str) -> Verdict:
    return Verdict(accepted=False, code=code, message=message)
