"""A draft in the shadow of a live version: how the two differ about a lead. Nothing comes of it but a count."""

from enum import StrEnum

from lead_qualifier.qualification.leads import Lead
from lead_qualifier.qualification.rules import RuledModel, Rules


class Difference(StrEnum):
    """Whose criteria a lead's scores meet: both versions', neither's, the draft's only, or the live one's only."""

    BOTH = "both"
    NEITHER = "neither"
    NEWLY_QUALIFYING = "newly_qualifying"
    NO_LONGER_QUALIFYING = "no_longer_qualifying"

    # Counted for every score: as of outcomes, an enum's own hash is too slow and not that of the equal text.
    __hash__ = str.__hash__


def difference(lead: Lead, model: RuledModel, rules: Rules) -> Difference:
    """How the draft in the shadow of `model` differs from it about this lead, by the criteria alone.

    Neither status nor marks play a part: they would hide what a lead that is closed or qualified already shows. Without
    a shadow there is no difference.
    """
    live = rules.live_scoring_models
    now = model.met(lead.scores, live)
    then = now if model.shadow is None else model.shadow.met(lead.scores, live)
    if now:
        return Difference.BOTH if then else Difference.NO_LONGER_QUALIFYING
    return Difference.NEWLY_QUALIFYING if then else Difference.NEITHER
