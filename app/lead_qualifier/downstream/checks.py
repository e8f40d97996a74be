"""Checks that several kinds of definition make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lead_qualifier.messages.definition_form import Path, Problem
from lead_qualifier.messages.durations import parse_milliseconds


def repeated(names: Sequence[str], where: Path) -> Iterator[Problem]:
    """What a list names more than once."""
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            yield (*where, index), f"names {name} once more: remove it"
        seen.add(name)


def no_time(text: str, where: Path, such_as: str) -> Iterator[Problem]:
    """A duration of nothing, where some time must pass."""
    if not parse_milliseconds(text):
        yield where, f"must be more than zero, such as {such_as}"
