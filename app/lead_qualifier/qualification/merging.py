"""Merging leads: the loser is closed for good, and what is held about it goes over to the survivor.

The two may be in different partitions, so the transfer is a message. Messages come in any order and may cross; what a
survivor holds in the end does not depend on it. Erasing is here too, since a message on its way must not undo it.
"""

from datetime import datetime
from sys import intern

from msgspec import Struct, field
from msgspec.structs import replace

from lead_qualifier.qualification.leads import Erased, Lead, Mark, Score, Trigger
from lead_qualifier.qualification.utc import Moment

#: Stands for the trigger of a mark that is remembered of an erased lead.
_ERASED = "erased"


class Response(Struct, frozen=True, omit_defaults=True, gc=False):
    """How sales responded to a lead that was merged."""

    at: Moment
    """`occurred_at` of the `lead-sales-response`."""
    accepted: bool
    """Whether sales accepted the lead; false: rejected it."""
    reason: str | None = None
    """Why sales rejected the lead."""
    model_id: str | None = None
    """The qualification model that the response is about. Absent: every model."""
    trigger: Trigger | None = None
    """The record of the `lead-sales-response`. Older versions did not write this."""


class LeadTransfer(Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """What a merged lead hands over to the lead it was merged into, its survivor."""

    event_id: str
    """`event_id` of the `lead-merged`, or of a `lead-score-changed` or `lead-sales-response` that came after it."""
    loser_id: str
    """The merged lead, whose scores and marks these are."""
    via: tuple[str, ...] = ()
    """Leads that this passed through because they had been merged themselves."""
    scores: dict[str, Score] = field(default_factory=dict)
    """Scores, by scoring model id."""
    marks: dict[str, Mark] = field(default_factory=dict)
    """Which models have qualified the merged lead, by qualification model id."""
    response: Response | None = None
    """How sales responded to the merged lead."""
    begun_ms: int | None = None
    """Time of the record with this `event_id`, in milliseconds since 1970: a survivor that was erased after it takes
    nothing over. Older versions did not write this.
    """


def merge(lead: Lead, survivor_id: str, at: datetime) -> bool:
    """Close the lead: it was merged into another. False: older than the merge held (stale), and nothing changed.

    Its holds end.
    """
    if lead.merged_at is not None and at < lead.merged_at:
        return False
    lead.merged_into = survivor_id
    lead.merged_at = at
    lead.holds.clear()
    if lead.erased is not None:
        lead.erased = replace(lead.erased, merged=False)
    return True


def is_repeated(lead: Lead, survivor_id: str, at: datetime) -> bool:
    """Is this the merge that is already held? Everything has been transferred then, or is on its way."""
    return lead.merged_into == survivor_id and lead.merged_at == at


def all_of(lead: Lead, lead_id: str, event_id: str, begun_ms: int) -> LeadTransfer | None:
    """What is transferred when the lead is merged, with the marks of one that was erased. None: nothing."""
    marks = _all_marks(lead)
    if not lead.scores and not marks:
        return None
    return LeadTransfer(event_id=event_id, loser_id=lead_id, scores=lead.scores.copy(), marks=marks, begun_ms=begun_ms)


def score_of(lead: Lead, lead_id: str, scoring_model_id: str, event_id: str, begun_ms: int) -> LeadTransfer:
    """One score, which the lead got after it was merged."""
    scores = {scoring_model_id: lead.scores[scoring_model_id]}
    return LeadTransfer(event_id=event_id, loser_id=lead_id, scores=scores, begun_ms=begun_ms)


def take_over(lead: Lead, transfer: LeadTransfer) -> list[str]:
    """Hold what was transferred: the newer of two scores, the lead's own if they are equally old; two marks are united.

    Nothing else changes, and nothing is evaluated: the lead's flags are as they were. Returns the scoring models whose
    scores changed.
    """
    changed = []
    for name, score in transfer.scores.items():
        held = lead.scores.get(name)
        if held is None or held.at < score.at:
            lead.scores[intern(name)] = score
            changed.append(name)
    for model_id, mark in transfer.marks.items():
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


def passed_on(lead: Lead, lead_id: str, transfer: LeadTransfer) -> LeadTransfer | None:
    """What goes on to the lead that this one was merged into. None: it was not merged, or it would go in a circle."""
    following = lead.merged_into
    if following is None or following in {transfer.loser_id, lead_id, *transfer.via}:
        return None
    return replace(transfer, via=(*transfer.via, lead_id))


def erased(before: Lead, offset: int, *, at_ms: int, until_ms: int) -> Lead:
    """What stays, until then, of a lead that the record at `offset` erased: nothing personal.

    Its survivor stays known: what comes late about it goes there. A lead that is merged later hands its marks over.
    """
    marks = {model_id: replace(mark, trigger=_ERASED) for model_id, mark in _all_marks(before).items()}
    return Lead(
        merged_into=before.merged_into,
        merged_at=before.merged_at,
        erasure=offset,
        erased=Erased(at_ms=at_ms, until_ms=until_ms, marks=marks, merged=before.merged_into is not None),
    )


def is_erased(lead: Lead) -> bool:
    """Was this lead erased, so that something sent before may still come?"""
    return lead.erasure is not None


def is_of_before(lead: Lead, begun_ms: int) -> bool:
    """Is a transfer that began at that time older than the erasure of this lead?"""
    return lead.erasure is not None and (lead.erased is None or begun_ms <= lead.erased.at_ms)


def remember(lead: Lead, transfer: LeadTransfer) -> bool:
    """Keep the marks of a transfer to an erased lead, for a lead that it may be merged into. False: there are none."""
    if lead.erased is None or not transfer.marks:
        return False
    marks = {name: replace(mark, trigger=_ERASED) for name, mark in transfer.marks.items()}
    lead.erased = replace(lead.erased, marks=_united(lead.erased.marks, marks))
    return True


def begins_afresh(lead: Lead) -> None:
    """The CRM reports a lead under an erased id: treat it as a new lead that is not merged."""
    if lead.erased is not None and lead.erased.merged and not lead.known:
        lead.merged_into = lead.merged_at = None
        lead.erased = replace(lead.erased, merged=False)


def remembered_until(lead: Lead) -> list[int]:
    """Until when (milliseconds since 1970) the erasure, if any, is remembered; 0: an older version did not say."""
    if lead.erasure is None:
        return []
    return [0 if lead.erased is None else lead.erased.until_ms]


def forget(lead: Lead) -> bool:
    """Forget the erasure, since nothing sent before it can still come. False: nothing is left of the lead."""
    lead.erasure = lead.erased = None
    if lead.merged_into is not None and not lead.known:
        return False  # its survivor was kept for what came late
    return not holds_nothing(lead)


def holds_nothing(lead: Lead) -> bool:
    """Is nothing held about this lead (only that it was erased, perhaps)?"""
    merged = lead.merged_into is not None and (lead.erased is None or not lead.erased.merged)
    return not (lead.scores or lead.marks or lead.known or merged)


def _all_marks(lead: Lead) -> dict[str, Mark]:
    return lead.marks.copy() if lead.erased is None else _united(lead.erased.marks, lead.marks)


def _united(some: dict[str, Mark], others: dict[str, Mark]) -> dict[str, Mark]:
    return some | {name: united(some[name], mark) if name in some else mark for name, mark in others.items()}
