"""Sellers, who waits for one, and why a lead has its seller or none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from lead_qualifier.assignment.explaining import AssignmentStatus, Explained, Explainer, unconfirmed
from lead_qualifier.assignment.intake import FollowedLead
from lead_qualifier.assignment.roster import Seller
from lead_qualifier.assignment.state import LEAD, SELLER, HeldLead, HeldSeller
from lead_qualifier.client.assignment_lookup import absence_of
from lead_qualifier.console.api.assignment_forms import (
    AssignmentExplanation,
    ConsideredSeller,
    SellerDetails,
    SellerList,
    WaitingLeadList,
    WaitingLeadSummary,
)
from lead_qualifier.console.api.cursors import page_of, place_of
from lead_qualifier.console.api.errors import LeadNotFound
from lead_qualifier.console.api.forms import sentence
from lead_qualifier.console.read_model.assignment_reader import AssignmentReader, HeldAssignment, WaitingLead
from lead_qualifier.console.read_model.ranking import last_qualified
from lead_qualifier.downstream.lead_snapshot import LeadSnapshot
from lead_qualifier.qualification.leads import Lead
from lead_qualifier.wording.sentences import Wording


class Assignments:
    """What API and pages ask about assignment. Everything comes from the projection."""

    def __init__(self, reader: AssignmentReader, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._reader = reader
        self._clock = clock

    def sellers(self) -> SellerList:
        """All sellers, by id."""
        now = self._clock()
        return SellerList(sellers=[_seller(one, now) for one in self._reader.sellers()])

    def waiting(self, wording: Wording, *, cursor: str | None = None, limit: int = 50) -> WaitingLeadList:
        """Part of the leads that wait, who has waited longest first. Raises InvalidParameter."""
        found = self._reader.waiting(after=0 if cursor is None else place_of(cursor), limit=limit + 1)
        explainer, now = Explainer(found.entries), self._clock()
        shown, more = page_of(found.leads, limit, lambda one: str(one.held.waits))
        listed = [
            _waiting(one, explainer.explain(one.lead_id, one.held, now, place=place, waiting=found.count), wording)
            for place, one in enumerate(shown, found.before + 1)
        ]
        return WaitingLeadList(leads=listed, waiting=found.count, next_cursor=more)

    def explain(self, lead_id: str, wording: Wording) -> AssignmentExplanation:
        """Why a lead has its owner, or why it has none. Raises LeadNotFound."""
        about = self._reader.about(lead_id)
        if about is None or about.lead is None:
            raise LeadNotFound
        held = about.entries.get(LEAD + lead_id.encode())
        if not isinstance(held, HeldLead):
            status, why = absence_of(_followed(about.lead))
            return AssignmentExplanation(lead_id=lead_id, status=status, reason=sentence(why, wording))
        explainer = Explainer(about.entries)
        explained = explainer.explain(lead_id, held, self._clock(), place=about.place, waiting=about.waiting)
        return _explanation(lead_id, about, explained, wording)


def _seller(held: HeldSeller, now: datetime) -> SellerDetails:
    begins = None if held.departed is not None else Seller(held).next_available(now)
    return SellerDetails(
        seller_id=held.id,
        name=held.name,
        status=held.departed or "active",
        assigned=held.assigned,
        maximum=held.maximum,
        remaining=None if held.maximum is None else held.maximum - held.assigned,
        available=begins is not None and begins <= now,
        available_from=begins,
        attributes=held.attributes,
        time_zone=held.time_zone,
        work_hours=held.work_hours,
        days_off=held.days_off,
    )


def _waiting(lead: WaitingLead, explained: Explained, wording: Wording) -> WaitingLeadSummary:
    assert explained.now is not None  # it waits
    return WaitingLeadSummary(
        lead_id=lead.lead_id,
        name=lead.name or None,
        place=explained.place,
        qualification_model_id=lead.held.model_id,
        qualified_at=lead.held.qualified_at,
        result=explained.result.word,
        reason=sentence(explained.reason, wording),
        next_result=explained.now.code.word,
        retry_at=explained.retry_at,
        assignment_id=lead.held.definition,
        segment=lead.held.segment,
        rule=lead.held.rule,
    )


def _followed(lead: Lead) -> FollowedLead:
    """What assignment knows of a lead before it decides, as far as the workers' state tells it."""
    snapshot = LeadSnapshot(
        status=lead.status,
        status_reason=lead.status_reason,
        merged=lead.merged_into is not None,
        qualified_at=last_qualified(lead),
    )
    return FollowedLead(snapshot=snapshot, queued=snapshot.open and snapshot.qualified_at is not None)


def _explanation(lead_id: str, about: HeldAssignment, explained: Explained, wording: Wording) -> AssignmentExplanation:
    held, now = explained.held, explained.now
    owner = held.owner
    seller = None if owner is None else about.entries.get(SELLER + owner.id.encode())
    answer = AssignmentExplanation(
        lead_id=lead_id,
        status=explained.status.value,
        reason=sentence(explained.reason, wording),
        result=explained.result.word,
        owner_kind=None if owner is None else owner.kind,
        owner_id=None if owner is None else owner.id,
        owner_name=seller.name if isinstance(seller, HeldSeller) else None,
        owner_departed=explained.departed,
        unconfirmed_crm_names=unconfirmed(held),
        assignment_id=held.definition,
        assignment_version=held.version or None,
        assignment_runs=explained.live if held.definition else None,
        segment=held.segment,
        rule=held.rule,
        qualification_model_id=held.model_id,
        qualified_at=held.qualified_at,
    )
    if explained.status is not AssignmentStatus.WAITS or now is None:
        return answer
    return answer.model_copy(
        update={
            "place": explained.place,
            "waiting": explained.waiting,
            "next_result": now.code.word,
            "next_owner_id": None if now.owner is None else now.owner.id,
            "considered": [ConsideredSeller(seller_id=one, why=why) for one, why in now.considered],
            "retried_by": [sentence(one.when, wording) for one in explained.retried_by],
            "retry_at": explained.retry_at,
            "too_old_at": explained.too_old_at,
        }
    )
