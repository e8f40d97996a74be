"""Stored times that lie in the future, accepted by older versions: they are treated as unknown, so newer data wins.

What is held with one keeps its value; its time is unknown, and the next message about it is newer.
"""

from datetime import datetime

from msgspec.structs import replace

from lead_qualifier.qualification.leads import Lead, Mark, Score
from lead_qualifier.qualification.merging import LeadTransfer
from lead_qualifier.qualification.utc import EARLIEST_PLAUSIBLE


def forget_implausible_times(lead: Lead, latest: datetime) -> bool:
    """Take every time of the lead after `latest` for unknown. False: there was none, and nothing changed.

    A date until which a rejected lead waits (`not_before`) may lie ahead, unless its rejection does.
    """
    scores, marks = plausible_scores(lead.scores, latest), plausible_marks(lead.marks, latest)
    holds = {name: hold for name, hold in lead.holds.items() if hold.at > latest and hold.at > hold.due}
    dates = [one for one in ("changed_at", "qualified_at", "merged_at") if (getattr(lead, one) or latest) > latest]
    if not (scores is not lead.scores or marks is not lead.marks or holds or dates):
        return False
    lead.scores, lead.marks = scores, marks
    for name, hold in holds.items():
        lead.holds[name] = replace(hold, at=hold.due)
    for one in dates:
        setattr(lead, one, EARLIEST_PLAUSIBLE)
    return True


def plausible_handover(handover: LeadTransfer, latest: datetime) -> LeadTransfer:
    """What goes over, with every time after `latest` unknown."""
    scores, marks = plausible_scores(handover.scores, latest), plausible_marks(handover.marks, latest)
    if scores is handover.scores and marks is handover.marks:
        return handover
    return replace(handover, scores=scores, marks=marks)


def plausible_scores(scores: dict[str, Score], latest: datetime) -> dict[str, Score]:
    """The same where no score is dated after `latest`; else a copy in which the time of such a one is unknown."""
    if all(score.at <= latest for score in scores.values()):
        return scores
    return {
        name: score if score.at <= latest else Score(score.value, EARLIEST_PLAUSIBLE) for name, score in scores.items()
    }


def plausible_marks(marks: dict[str, Mark], latest: datetime) -> dict[str, Mark]:
    """The same where no mark is dated after `latest`; else a copy in which the times of such a one are unknown."""
    if all(mark.at <= latest and (mark.rejected or latest) <= latest for mark in marks.values()):
        return marks
    return {name: _plausible(mark, latest) for name, mark in marks.items()}


def _plausible(mark: Mark, latest: datetime) -> Mark:
    at = mark.at if mark.at <= latest else EARLIEST_PLAUSIBLE
    if mark.rejected is None or mark.rejected <= latest:
        return replace(mark, at=at)
    return replace(mark, at=at, rejected=EARLIEST_PLAUSIBLE, not_before=None)
