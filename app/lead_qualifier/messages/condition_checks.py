"""What is wrong with a condition that fits its schema: what it tests, and whether it can be met at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lead_qualifier.messages.definition_form import Path, Problem
from lead_qualifier.qualification.conditions import IS_OPEN, OPERATORS, Group, condition_of
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.qualification.lead_fields import LEAD_FIELDS
from lead_qualifier.qualification.satisfiability import ComparisonBudget, why_impossible

_MOST_LEVELS = 10


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
            yield where, Finding("never_met", reason=reason)
        elif of_open and why_impossible(Group("all", (IS_OPEN, condition)), budget) is not None:
            yield where, Finding("never_met_by_open_lead")


def _form_problems(definition: Mapping[str, Any], where: Path, of_seller: bool, level: int) -> Iterator[Problem]:
    if level > _MOST_LEVELS:
        yield where, Finding("condition_too_deep", most=_MOST_LEVELS)
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
        yield where, Finding("nothing_tested")
        return
    if named == ["field"] and of_seller:
        yield (*where, "field"), Finding("field_of_seller", field=definition["field"])
    elif named == ["field"] and definition["field"] not in LEAD_FIELDS:
        yield (*where, "field"), Finding("unknown_lead_field", field=definition["field"], known=LEAD_FIELDS)
    if len(definition) == 1:
        yield where, Finding("no_test", tests=(*OPERATORS, "same_as"))
    if "same_as" in definition and not of_seller:
        yield (*where, "same_as"), Finding("same_as_without_seller")
