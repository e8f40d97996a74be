"""Which models a `lead-changed` evaluates: those whose audience the lead enters, or whose fast track it takes."""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

from lead_qualifier.qualification.conditions import Values, holds, values_of
from lead_qualifier.qualification.leads import ChangeResult, Lead, Origin
from lead_qualifier.qualification.rules import RuledModel, Rules


class ConditionsMet(NamedTuple):
    """Which conditions of one version of a model a lead meets."""

    audience: bool
    fast_track: bool


MetByModel = Sequence[tuple[ConditionsMet, ConditionsMet]]
"""For each of `rules.watching_changes`: what the lead meets of the live version, and of the draft in its shadow (of the
live version again if there is none).
"""


class ConcernedModel(Struct, frozen=True, gc=False):
    """A model that a change concerns, with the origin of what its live version evaluates, and of what the draft in its
    shadow would; None: that version evaluates nothing.
    """

    model: RuledModel
    origin: Origin | None
    shadow_origin: Origin | None


def conditions_met(lead: Lead, rules: Rules) -> MetByModel:
    """Which conditions the lead meets as it is now."""
    values = values_of(lead)
    found = []
    for model in rules.watching_changes:
        live = _met(model, values)
        found.append((live, live if model.shadow is None else _met(model.shadow, values)))
    return found


def follow_change(lead: Lead, rules: Rules, before: MetByModel, result: ChangeResult) -> list[ConcernedModel]:
    """The models that an applied change concerns. Ends the holds of models whose audience the lead is not in now or was
    not in before: a qualification may have taken it out.

    `before`: what the lead met before. A change that takes a flag back or reopens the lead evaluates nothing, because a
    qualification would undo it. If the lead enters an audience and takes the fast track, the fast track counts.
    """
    found = []
    for model, (was, shadow_was), (now, shadow_now) in zip(
        rules.watching_changes, before, conditions_met(lead, rules), strict=True
    ):
        if not (was.audience and now.audience):
            lead.holds.pop(model.id, None)
        if result is ChangeResult.RESET:
            continue
        origin, shadow_origin = _origin(was, now), _origin(shadow_was, shadow_now)
        if origin is not None or shadow_origin is not None:
            found.append(ConcernedModel(model, origin, shadow_origin))
    return found


def _met(model: RuledModel, values: Values) -> ConditionsMet:
    return ConditionsMet(
        model.audience is None or holds(model.audience, values),
        model.fast_track is not None and holds(model.fast_track, values),
    )


def _origin(was: ConditionsMet, now: ConditionsMet) -> Origin | None:
    if now.fast_track and not was.fast_track:
        return "fast_track"
    return "live" if now.audience and not was.audience else None
