"""Turns findings into sentences of one language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from shlex import quote
from string import Formatter
from typing import Any

from typing_extensions import override

from lead_qualifier.qualification.finding import Finding
from lead_qualifier.wording.english import ENGLISH
from lead_qualifier.wording.printable import printable
from lead_qualifier.wording.shortening import first_of


class Wording(Formatter):
    """The sentences of one language. Arguments of a finding stand in braces; findings among them are written out."""

    def __init__(self, catalogue: Mapping[str, str]) -> None:
        """`catalogue`: by the finding's code its sentence, as a format string over its arguments."""
        self._catalogue = catalogue

    def sentence(self, finding: Finding) -> str:
        """The sentence of one finding, with what to do about it. Raises KeyError where the language has none."""
        return self.vformat(self._catalogue[finding.code], (), finding.arguments)

    def sentences(self, findings: Sequence[Finding]) -> list[str]:
        """The first findings, a sentence each; where there are more, the last says how many."""
        return first_of(findings, self.sentence)

    @override
    def format_field(self, value: Any, format_spec: str) -> str:
        """One argument of a finding.

        `quoted`: as one argument in a shell. `prefix`: with a colon behind it, unless it is empty. `lines`: of several
        findings, each in a line, which no text in it can break. `listed` and `or`: several texts, by commas.
        """
        match value, format_spec:
            case str(), "quoted":
                return quote(value)
            case str(), "prefix":
                return f"{value}: " if value else ""
            case tuple(), "lines":
                return "\n".join(first_of(value, lambda one: printable(self.sentence(one))))
            case tuple(), "listed":
                return ", ".join(value)
            case tuple(), "or":
                return ", or ".join(value)
            case tuple(), "":
                return "; ".join(self.sentences(value))
            case Finding(), "":
                return self.sentence(value)
            case float(), "":
                return _as_written(value)
        return str(super().format_field(value, format_spec))


def _as_written(number: float) -> str:
    """As people write it: 70 rather than 70.0, and no digit less than there is."""
    return str(int(number)) if number == int(number) and abs(number) < 2**53 else repr(number)


IN_ENGLISH = Wording(ENGLISH)
