"""What reading messages and definition files raises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from lead_qualifier.qualification.finding import Finding
from lead_qualifier.wording.sentences import IN_ENGLISH


class MessagesError(ValueError):
    """Base class of the exceptions below."""


class BadMessageClass(StrEnum):
    """What kind of mistake it is, for figures."""

    UNDECODABLE = "undecodable"
    """The bytes are no JSON, or in a framing or an envelope that cannot be read."""
    INVALID = "invalid"
    """The message breaks its contract."""
    WRONG_KEY = "wrong_key"
    IMPLAUSIBLE_TIME = "implausible_time"
    ID_FORM = "id_form"
    """An id is not in the form that LEAD_QUALIFIER_ID_NORMALISATION requires."""


class BadMessage(MessagesError):
    """A record that does not follow its contract.

    `reason` says why, in an English sentence for people; `kind` is its class. `field` is the path of the first invalid
    field; empty for the whole record.
    """

    def __init__(self, reason: Finding | str, field: str = "", kind: BadMessageClass = BadMessageClass.INVALID) -> None:
        self.reason = IN_ENGLISH.sentence(reason) if isinstance(reason, Finding) else reason
        super().__init__(self.reason)
        self.field = field
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake in a definition file: its line, from 1, and the path of the field, such as `criteria.0.threshold`.

    No line: the file cannot be read.
    """

    line: int | None
    field: str
    finding: Finding

    @property
    def message(self) -> str:
        """What is wrong and how to correct it, in English."""
        return IN_ENGLISH.sentence(self.finding)


class BadDefinitionFile(MessagesError):
    """A file that has no valid definition. `problems` says why, and so does the text, in a line for each problem."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = "standard input" if source == "-" else source
        self.problems = tuple(problems)
        self.lines = tuple(
            ": ".join(filter(None, (_place(self.source, one.line), one.field, one.message))) for one in problems
        )
        super().__init__("\n".join(self.lines))


def _place(source: str, line: int | None) -> str:
    return source if line is None else f"{source}:{line}"
