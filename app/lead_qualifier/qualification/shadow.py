"""A draft in the shadow of a live model: how the two versions differ about a lead."""

from datetime import datetime
from enum import StrEnum

from lead_qualifier.qualification.evidence import in_audience, means
from lead_qualifier.qualification.lead_changes import ConcernedModel
from lead_qualifier.qualification.leads import Lead, Origin
from lead_qualifier.qualification.rules import RuledModel, Rules


class Difference(StrEnum):
    """Who means a lead, by audience and criteria: both versions, neither, the draft only, the live one only."""

    BOTH = "both"
    NEITHER = "neither"
    NEWLY_QUALIFYING = "newly_qualifying"
    NO_LONGER_QUALIFYING = "no_longer_qualifying"

    __hash__ = str.__hash__  # as of outcomes: this is counted for every score


#: By whether the live version means the lead, and whether the draft does.
_DIFFERENCE = {
    (True, True): Difference.BOTH,
    (False, False): Difference.NEITHER,
    (False, True): Difference.NEWLY_QUALIFYING,
    (True, False): Difference.NO_LONGER_QUALIFYING,
}


def difference(lead: Lead, model: RuledModel, rules: Rules, as_of: datetime) -> Difference:
    """How the draft in the shadow of `model` differs from it about this lead, by audience and criteria alone.

    Neither status nor marks play a part: they would hide what a lead that is closed or qualified already shows. Without
    a shadow there is no difference. `as_of`: up to when the age of a score is counted.
    """
    live = means(model, lead, rules, as_of)
    return _DIFFERENCE[live, live if model.shadow is None else means(model.shadow, lead, rules, as_of)]


def difference_on_change(lead: Lead, concerned: ConcernedModel, rules: Rules, as_of: datetime) -> Difference:
    """How the draft differs about a lead after a change that concerns one of the two versions, or both.

    A version that the change does not concern would evaluate nothing, so it does not mean the lead.
    """
    model = concerned.model
    return _DIFFERENCE[
        _comes_in(lead, model, concerned.origin, rules, as_of),
        _comes_in(lead, model.shadow or model, concerned.shadow_origin, rules, as_of),
    ]


def _comes_in(lead: Lead, model: RuledModel, origin: Origin | None, rules: Rules, as_of: datetime) -> bool:
    if origin is None:
        return False
    return in_audience(model, lead) if origin == "fast_track" else means(model, lead, rules, as_of)
