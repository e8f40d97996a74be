"""What is remembered between events: that criteria have been met for a while (hold), that scores fell below them."""

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from lead_qualifier.qualification.decide import Outcome, Qualification, decide
from lead_qualifier.qualification.leads import Hold, Lead, Origin, Score, Trigger
from lead_qualifier.qualification.rules import RuledModel, Rules
from lead_qualifier.qualification.utc import after, in_utc


def follow_scores(lead: Lead, model: RuledModel, rules: Rules, *stood: Mapping[str, Score]) -> None:
    """After a score: end the hold of a model whose criteria are no longer met, and note a fall below them.

    `stood`: the scores as they were before, of each lead that was qualified (several where leads were merged). They
    have fallen if they were above the floors of this version then: a new version that asks for more makes nobody fall.
    Whatever else stands in the way of a qualification: both are facts about the scores. For models that `remember`
    only.
    """
    if not model.live:
        return
    if model.id in lead.holds and not model.met(lead.scores, rules.live_scoring_models):
        del lead.holds[model.id]
    if model.definition.requalification.policy == "on_recross":
        before = lead.marks.get(model.id)
        if (
            before is not None
            and not before.dropped
            and model.fallen(lead.scores)
            and not all(model.fallen(scores) for scores in stood)
        ):
            lead.marks[model.id] = replace(before, dropped=True)


def begin_hold(lead: Lead, model: RuledModel, at: datetime, *, now: datetime, origin: Origin, trigger: Trigger) -> bool:
    """The outcome is `holding`: let the time run from `now` (wall clock). False: this version's hold runs already."""
    running = lead.holds.get(model.id)
    if running is not None and running.version == model.version:
        return False
    assert model.definition.hold is not None
    lead.holds[model.id] = Hold(model.version, after(now, model.definition.hold), in_utc(at), origin, trigger)
    return True


def end_hold(lead: Lead, model_id: str, rules: Rules) -> Outcome | Qualification | None:
    """The time of a hold is over: take it off the lead, and decide. None: the version that began it runs no longer."""
    hold = lead.holds.pop(model_id)
    model = rules.models.get(model_id)
    if model is None or model.version != hold.version:
        return None
    return decide(lead, model, rules, hold.at, held=True)
