"""Checks that several kinds of definition make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lead_qualifier.downstream.conditions import IS_OPEN, OPERATORS, Group, condition_of
from lead_qualifier.downstream.satisfiability import ComparisonBudget, why_impossible
from lead_qualifier.messages.definition_form import Path, Problem
from lead_qualifier.messages.durations import parse_milliseconds
from lead_qualifier.messages.lead_flags import LEAD_FIELDS

_MOST_LEVELS = 10


def repeated(names: Sequence[str], where: Path) -> Iterator[Problem]:
    """Names that a list contains more than once."""
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            yield (*where, index), f"names {name} again: remove it"
        seen.add(name)


def no_time(text: str, where: Path, such_as: str) -> Iterator[Problem]:
    """A zero duration where time must pass. `such_as`: an example of a good one."""
    if not parse_milliseconds(text):
        yield where, f"must be more than zero, such as {such_as}"


def condition_problems(
    definition: Mapping[str, Any],
    where: Path,
    *,
    of_seller: bool = False,
    of_open: bool = False,
    budget: ComparisonBudget | None = None,
) -> Iterator[Problem]:
    """Problems of a condition that fits its schema. `of_open`: only open leads are considered."""
    budget = budget or ComparisonBudget()
    found = list(_form_problems(definition, where, of_seller, 1))
    yield from found
    if not found:
        condition = condition_of(definition)
        if (reason := why_impossible(condition, budget)) is not None:
            yield where, f"can never be met: {reason}; change or remove part of it"
        elif of_open and why_impossible(Group("all", (IS_OPEN, condition)), budget) is not None:
            yield where, "can never be met by an open lead, and only open leads count: change or remove part of it"


def _form_problems(definition: Mapping[str, Any], where: Path, of_seller: bool, level: int) -> Iterator[Problem]:
    if level > _MOST_LEVELS:
        yield where, f"is nested more than {_MOST_LEVELS} deep: flatten it"
        return
    for how in ("all", "any"):
        if how in definition:
            for index, one in enumerate(definition[how]):
                yield from _form_problems(one, (*where, how, index), of_seller, level + 1)
            return
    if "not" in definition:
        yield from _form_problems(definition["not"], (*where, "not"), of_seller, level + 1)
        return
    named = [name for name in ("field", "attribute") if name in definition]
    if len(named) != 1:
        yield where, "must name what it tests, by either field or attribute"
        return
    if named == ["field"] and (of_seller or definition["field"] not in LEAD_FIELDS):
        known = "a seller has attributes only" if of_seller else f"fields are {', '.join(LEAD_FIELDS)}"
        yield (*where, "field"), f"{definition['field']!r} is unknown: {known}; attributes are named with attribute"
    if len(definition) == 1:
        yield where, f"needs a test, one of {', '.join((*OPERATORS, 'same_as'))}"
    if "same_as" in definition and not of_seller:
        yield (*where, "same_as"), "compares a seller's attribute with the lead's: it has no meaning here"
