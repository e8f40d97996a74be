"""Which models a `lead-changed` evaluates: those whose audience the lead enters, or whose fast track it takes."""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

from lead_qualifier.qualification.conditions import Values, holds, values_of
from lead_qualifier.qualification.leads import ChangeResult, Lead, Origin
from lead_qualifier.qualification.rules import RuledModel, Rules


class Stand(NamedTuple):
    """How a lead stands to the conditions of one version of a model."""

    in_audience: bool
    fast_track: bool


Stands = Sequence[tuple[Stand, Stand]]
"""For each model that watches changes: how a lead stands to it, and to the draft in its shadow (to itself without)."""


class Entry(Struct, frozen=True, gc=False):
    """A change concerns a model. By which way the lead comes to it, and to the draft in its shadow; None: by none."""

    model: RuledModel
    origin: Origin | None
    shadow_origin: Origin | None


def stands(lead: Lead, rules: Rules) -> Stands:
    """How the lead stands to each of `rules.watching_changes`."""
    values = values_of(lead)
    found = []
    for model in rules.watching_changes:
        live = _stand(model, values)
        found.append((live, live if model.shadow is None else _stand(model.shadow, values)))
    return found


def follow_change(lead: Lead, rules: Rules, before: Stands, result: ChangeResult) -> list[Entry]:
    """After a change was applied: say what evaluates the lead, and end the holds of models whose audience it has left.

    `before`: how the lead stood. Whoever takes a flag back or reopens the lead by hand is not overruled by that very
    record: it evaluates nothing. Where a lead enters an audience and takes the fast track, the fast track counts.
    """
    found = []
    for model, (was, shadow_was), (now, shadow_now) in zip(
        rules.watching_changes, before, stands(lead, rules), strict=True
    ):
        if was.in_audience and not now.in_audience:
            lead.holds.pop(model.id, None)
        if result is ChangeResult.RESET:
            continue
        origin, shadow_origin = _origin(was, now), _origin(shadow_was, shadow_now)
        if origin is not None or shadow_origin is not None:
            found.append(Entry(model, origin, shadow_origin))
    return found


def _stand(model: RuledModel, values: Values) -> Stand:
    return Stand(
        model.audience is None or holds(model.audience, values),
        model.fast_track is not None and holds(model.fast_track, values),
    )


def _origin(was: Stand, now: Stand) -> Origin | None:
    if now.fast_track and not was.fast_track:
        return "fast_track"
    return "live" if now.in_audience and not was.in_audience else None
