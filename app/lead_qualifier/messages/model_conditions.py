"""What is wrong with the audience and the fast track of a qualification model, beyond their form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lead_qualifier.messages.condition_checks import condition_problems
from lead_qualifier.qualification.conditions import ALWAYS, IS_OPEN, Condition, Group, Test, condition_of
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.qualification.flags import FLAGS
from lead_qualifier.qualification.lead_fields import QUALIFIED
from lead_qualifier.qualification.satisfiability import ComparisonBudget, implies, why_impossible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lead_qualifier.messages.definition_form import Problem
    from lead_qualifier.qualification.models import QualificationModel

#: What holds for every lead that can qualify, whatever the model.
_ELIGIBLE = Group("all", (IS_OPEN, Test("status_reason", True, "not_equals", QUALIFIED)))


def model_condition_problems(model: QualificationModel) -> Iterator[Problem]:
    """Problems of conditions that fit their schema: those that no lead can meet, or that every lead meets."""
    budget = ComparisonBudget()
    found: list[Problem] = []
    for name, definition in (("audience", model.audience), ("fast_track", model.fast_track)):
        if definition is not None:
            found += condition_problems(definition, (name,), budget=budget)
    yield from found or _without_effect(model, budget)


def _without_effect(model: QualificationModel, budget: ComparisonBudget) -> Iterator[Problem]:
    audience = ALWAYS if model.audience is None else condition_of(model.audience)
    meant = Group("all", (_ELIGIBLE, audience))
    if model.audience is not None:
        if why_impossible(meant, budget) is not None:
            yield ("audience",), Finding("never_met_by_open_lead")
            return
        if implies(_ELIGIBLE, audience, budget):
            yield ("audience",), Finding("audience_of_all")
        if _is_marked(model, meant, budget):
            yield ("audience",), Finding("met_by_marked_leads")
            return
    if model.fast_track is not None:
        fast_track = condition_of(model.fast_track)
        taken = Group("all", (meant, fast_track))
        if why_impossible(taken, budget) is not None:
            can_be_met = why_impossible(Group("all", (_ELIGIBLE, fast_track)), budget) is None
            outside = model.audience is not None and can_be_met
            yield ("fast_track",), Finding("fast_track_outside_audience" if outside else "never_met_by_open_lead")
        elif implies(IS_OPEN, fast_track, budget):
            yield ("fast_track",), Finding("fast_track_never_becomes_true")
        elif _is_marked(model, taken, budget):
            yield ("fast_track",), Finding("met_by_marked_leads")


def _is_marked(model: QualificationModel, meant: Condition, budget: ComparisonBudget) -> bool:
    """Does every lead that meets the condition already have what the actions set, so that the model never acts?"""
    set_already = tuple(
        Test(flag.name, True, "equals", flag.qualified) for flag in FLAGS if flag.name in model.actions.flags
    )
    return model.requalification.policy != "on_recross" and implies(meant, Group("all", set_already), budget)
