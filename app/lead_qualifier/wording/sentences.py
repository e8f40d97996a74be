"""Turns findings, reports and errors into sentences of one language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from shlex import quote
from string import Formatter
from typing import Any, Protocol

from typing_extensions import override

from lead_qualifier.qualification.finding import Finding
from lead_qualifier.wording.english import ENGLISH
from lead_qualifier.wording.numbers import as_written
from lead_qualifier.wording.printable import printable
from lead_qualifier.wording.shortening import first_of

_JOINED_BY = "joined by"


class Coded(Protocol):
    """A finding, or a report of the engine."""

    @property
    def code(self) -> str:
        """The key of the sentence in a catalogue."""

    @property
    def arguments(self) -> Mapping[str, Any]:
        """The values of the sentence's placeholders, by name."""


class Wording(Formatter):
    """The sentences of one language. Placeholders in braces name arguments, which may be findings themselves."""

    def __init__(self, catalogue: Mapping[str, str]) -> None:
        """`catalogue`: sentences by the code of a finding, as format strings over its arguments."""
        self._catalogue = catalogue

    def sentence(self, finding: Coded) -> str:
        """The sentence of one finding, with what to do about it. Raises KeyError where the language has none."""
        return self.vformat(self._catalogue[finding.code], (), finding.arguments)

    def failure(self, error: BaseException) -> str:
        """What is wrong, and what to do about it, by the class of the error; its own message where there is none."""
        names = (kind.__name__ for kind in type(error).__mro__)
        known = next((name for name in names if name in self._catalogue), None)
        return str(error) if known is None else self.vformat(self._catalogue[known], (), vars(error))

    def sentences(self, findings: Sequence[Finding]) -> list[str]:
        """The first findings, a sentence each. If there are others, the last sentence says how many."""
        return first_of(findings, self.sentence, self._more)

    def value(self, value: object) -> str:
        """A value as it stands in a sentence: `yes` rather than `True`, 70 rather than 70.0."""
        return self.format_field(value, "")

    def term(self, word: str) -> str:
        """What a language calls a field or a value of the contract, such as marketing_qualified."""
        return word

    def duration(self, text: str) -> str:
        """A length of time, of its text in definitions, such as 30d."""
        return text

    def _more(self, count: int) -> str:
        return self.sentence(Finding("and_more", count=count))

    @override
    def format_field(self, value: Any, format_spec: str) -> str:
        """One argument of a finding.

        `quoted`: as one argument in a shell. `prefix`: followed by a colon, unless it is empty. `lines`: several
        findings, each on a line of its own, which no text in it can break. `listed`: several texts, separated by
        commas. `joined by X`: several texts or findings, separated by X. `upper`: in capitals. `term`: a field or value
        of the contract, which a language may name otherwise. `duration`: a length of time, such as 30d.
        """
        match value, format_spec:
            case str(), "quoted":
                return quote(value)
            case str(), "prefix":
                return f"{value}: " if value else ""
            case str(), "upper":
                return value.upper()
            case str(), "term":
                return self.term(value)
            case str(), "duration":
                return self.duration(value)
            case _, "term":
                return self.value(value)
            case tuple(), "lines":
                return "\n".join(first_of(value, lambda one: printable(self.sentence(one)), self._more))
            case tuple(), "listed":
                return ", ".join(value)
            case tuple(), _ if format_spec.startswith(_JOINED_BY):
                return format_spec.removeprefix(_JOINED_BY).join(self.value(one) for one in value)
            case tuple(), "":
                return "; ".join(self.sentences(value))
            case Finding(), "":
                return self.sentence(value)
            case float(), "":
                return as_written(value)
            case bool(), "":
                return self.sentence(Finding("yes" if value else "no"))
            case datetime(), "":
                return value.isoformat()
        return str(super().format_field(value, format_spec))


IN_ENGLISH = Wording(ENGLISH)
