"""Merging leads: the loser is closed for good, and what is held about it goes over to the survivor.

The two may be held in different places, so it goes as a message. Messages come in any order and may cross: what a
survivor holds afterwards does not depend on it. Erasing is here too, since what is on its way must not undo it.
"""

from datetime import datetime
from sys import intern

from msgspec import Struct, field
from msgspec.structs import replace

from app.qualification.leads import Lead, Mark, Score
from app.qualification.utc import in_utc


class Handover(Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """What goes over from a merged lead to the lead it was merged into.

    `event_id`: of the merge, or of a score that came after it. `loser_id`: whose scores and marks these are. `via`: the
    leads it went through since, all of them merged, too.
    """

    event_id: str
    loser_id: str
    via: tuple[str, ...] = ()
    scores: dict[str, Score] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)


def merge(lead: Lead, survivor_id: str, at: datetime) -> bool:
    """Close the lead: it was merged into another. False: older than the merge held (stale), and nothing changed.

    Whatever waited for its time waits no more.
    """
    at = in_utc(at)
    if lead.merged_at is not None and at < lead.merged_at:
        return False
    lead.merged_into = survivor_id
    lead.merged_at = at
    lead.holds.clear()
    return True


def is_repeated(lead: Lead, survivor_id: str, at: datetime) -> bool:
    """Is this the very merge that is held? All there was went over with it, and what came since went after it."""
    return lead.merged_into == survivor_id and lead.merged_at == in_utc(at)


def all_of(lead: Lead, lead_id: str, event_id: str) -> Handover | None:
    """All that goes over when the lead is merged. None: there is nothing."""
    if not lead.scores and not lead.marks:
        return None
    return Handover(event_id=event_id, loser_id=lead_id, scores=lead.scores.copy(), marks=lead.marks.copy())


def score_of(lead: Lead, lead_id: str, scoring_model_id: str, event_id: str) -> Handover:
    """One score, which the lead got after it was merged."""
    return Handover(event_id=event_id, loser_id=lead_id, scores={scoring_model_id: lead.scores[scoring_model_id]})


def take_over(lead: Lead, handover: Handover) -> list[str]:
    """Hold what was handed over: of two scores the newer, of equal time the lead's own; of two marks what both say.

    Nothing else changes, and nothing is evaluated: the lead's flags are as they were. Returns the scoring models whose
    scores changed.
    """
    changed = []
    for name, score in handover.scores.items():
        held = lead.scores.get(name)
        if held is None or held.at < score.at:
            lead.scores[intern(name)] = score
            changed.append(name)
    for model_id, mark in handover.marks.items():
        own = lead.marks.get(model_id)
        lead.marks[intern(model_id)] = mark if own is None else united(own, mark)
    return changed


def united(one: Mark, other: Mark) -> Mark:
    """The mark of a lead that was two: it blocks if either does, and its number goes on from the higher."""
    barred = [mark.rejected for mark in (one, other) if mark.barred and mark.rejected is not None]
    newest = max(one, other, key=lambda mark: (mark.at, mark.version, mark.trigger))
    return replace(
        newest,
        number=max(one.number, other.number),
        cleared=one.cleared and other.cleared,
        dropped=one.dropped and other.dropped,
        rejected=max(barred, default=_later(one.rejected, other.rejected)),
        barred=bool(barred),
        not_before=_later(one.not_before, other.not_before),
    )


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((at for at in (one, other) if at is not None), default=None)


def passed_on(lead: Lead, lead_id: str, handover: Handover) -> Handover | None:
    """What goes on to the lead that this one was merged into. None: it was not, or its way would be a circle."""
    following = lead.merged_into
    if following is None or following in {handover.loser_id, lead_id, *handover.via}:
        return None
    return replace(handover, via=(*handover.via, lead_id))


def erased(offset: int) -> Lead:
    """What stays of a lead that the record at `offset` erased, until nothing sent to it before can come any more."""
    return Lead(erasure=offset)


def is_erased(lead: Lead) -> bool:
    """Is a hand-over to this lead from before it was erased?"""
    return lead.erasure is not None


def erasure_is_over(lead: Lead, offset: int) -> bool:
    """All that was on its way when the record at `offset` erased the lead has come. False: another erased it since."""
    if lead.erasure != offset:
        return False
    lead.erasure = None
    return True


def holds_nothing(lead: Lead) -> bool:
    """Is nothing held about this lead (only that it was erased, perhaps)?"""
    return not (lead.scores or lead.marks or lead.known or lead.merged_into is not None)
