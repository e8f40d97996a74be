"""Checks that several kinds of definition make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lead_qualifier.messages.definition_form import Path, Problem
from lead_qualifier.messages.durations import parse_milliseconds
from lead_qualifier.qualification.finding import Finding


def repeated(names: Sequence[str], where: Path) -> Iterator[Problem]:
    """Names that a list contains more than once."""
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            yield (*where, index), Finding("named_again", name=name)
        seen.add(name)


def no_time(text: str, where: Path, such_as: str | Finding) -> Iterator[Problem]:
    """A zero duration where time must pass. `such_as`: an example of a good one."""
    if not parse_milliseconds(text):
        yield where, Finding("zero_duration", such_as=such_as)
