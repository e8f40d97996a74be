"""Decides assignments, one record after the other: the decisions follow from the records' order and times alone."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from datetime import datetime
from typing import Any

from lead_qualifier.assignment.backlog import BATCH, Backlog
from lead_qualifier.assignment.decisions import Attempt, Decision, decision_on, departure_of_owner
from lead_qualifier.assignment.departures import Departures
from lead_qualifier.assignment.results import FOR_A_SELLER, AssignmentResult
from lead_qualifier.assignment.roster import Roster
from lead_qualifier.assignment.routing import Router, is_candidate, what_rules_compare
from lead_qualifier.assignment.rules import AssignmentRules
from lead_qualifier.assignment.state import (
    COUNTERS,
    LEAD,
    SELLER,
    Counters,
    Departed,
    HeldLead,
    HeldSeller,
    Owner,
    Records,
    State,
    Store,
)
from lead_qualifier.assignment.wait_queues import WaitQueue


class Assigner:
    """Handles what happens to leads, sellers and definitions: `begin`, one of the events, then `end`.

    It is an index over the store, built again whenever the store may have changed without it.
    """

    def __init__(self, entries: Iterable[tuple[bytes, State]], rules: tuple[AssignmentRules, ...]) -> None:
        """`entries`: everything in the store. `rules`: the live definitions."""
        self._rules = rules
        self._records = Records()
        self._roster = Roster(self._records)
        self._router = Router(rules, self._roster)
        self._backlog = Backlog(self._roster)
        self._departures = Departures(self._records, self._roster, self._router)
        counters: Counters | None = None
        leads: dict[str, HeldLead] = {}
        for key, state in entries:
            if isinstance(state, HeldSeller) and key.startswith(SELLER):
                self._roster.restore(state)
            elif isinstance(state, Counters) and key == COUNTERS:
                counters = state
            elif isinstance(state, HeldLead) and key.startswith(LEAD):
                leads[key[len(LEAD) :].decode()] = state
        for lead_id, lead in leads.items():
            if not lead.waits and lead.counted and lead.owner is not None:
                self._roster.restore_lead(lead_id, lead.owner.id)
                self._departures.add(lead_id, lead)
        self._counters = counters or _recovered(leads.values(), (one.held for one in self._roster.by_id.values()))
        #: Waiting leads that have no wait queue yet: the first record finds them one.
        self._unplaced = {lead_id: lead for lead_id, lead in leads.items() if lead.waits}
        self._now: datetime
        self._decided: list[Decision] = []
        self._newcomer: tuple[str, HeldLead] | None = None

    @property
    def sellers(self) -> dict[str, Departed | None]:
        """How each seller departed, by id; None: has not."""
        return {name: one.held.departed for name, one in self._roster.by_id.items()}

    @property
    def unfinished(self) -> bool:
        """Is there a lead that the last change may help, and that has not been attempted since?"""
        return self._counters.unfinished

    def begin(self, store: Store, now: datetime) -> None:
        """A record is about to be handled; `end` returns what follows from it."""
        self._records.store, self._now = store, now
        self._decided, self._newcomer = [], None
        self._backlog.begin(now)
        if self._unplaced:
            self._restore_waiting()
        self._backlog.note_what_is_due()

    def end(self) -> tuple[list[Decision], datetime | None]:
        """The decisions, in order, and when time alone next changes something for waiting leads."""
        if self._backlog.changed or self._backlog.due or self._counters.unfinished:
            self._handle_departures()
            finished = self._backlog.attempt_helped(self._attempt_waiting)
            self._counters.unfinished = not finished or self._departures.first() is not None
        if self._newcomer is not None and self._newcomer[1].code == 0:
            self._decide(*self._newcomer, Attempt(AssignmentResult.IN_PROGRESS))
        self._records.put_counters(self._counters)
        return self._decided, self._backlog.next_time

    def foresee(self, lead_id: str, held: HeldLead, now: datetime) -> tuple[Decision, datetime | None, datetime | None]:
        """What would be decided about a lead now, when time alone may change that, and when the lead will be too old.

        Changes nothing.
        """
        attempt = self._router.attempt(held, now)
        again_at = None if attempt.choice is None else attempt.choice.again_at
        foreseen = copy(held)
        attempt.apply_to(foreseen)
        return decision_on(lead_id, foreseen, attempt.choice, self._roster), again_at, self._router.expires_at(foreseen)

    # -- events

    def lead_qualified(self, lead_id: str, held: HeldLead) -> None:
        """A lead qualified. One that has an owner keeps it, unless it is taken back from a departed seller; one that
        waits keeps its place.
        """
        before = self._records.lead(lead_id)
        if before is not None and before.owner is not None:
            if self._roster.departed_owner(before) is None or not self._router.reassigns(before):
                return
            self._take_back(lead_id, before)
        if before is not None:
            held.number, held.waits = before.number, before.waits
            held.left_by, held.left_at = before.left_by, before.left_at
            held.code, held.definition, held.version = before.code, before.definition, before.version
            held.segment, held.rule = before.segment, before.rule
        if not held.waits:
            held.waits = self._next_place()
        self._route(lead_id, held)
        if held.code == 0:
            if self._counters.unfinished:
                self._decide(lead_id, held, Attempt(AssignmentResult.IN_PROGRESS))
            else:
                self._newcomer = lead_id, held

    def lead_changed(
        self, lead_id: str, own: dict[str, Any], attributes: dict[str, Any], *, owner_changed_at: datetime | None
    ) -> None:
        """The CRM changed a lead: `own` fields and attributes are all that it has now.

        A new owner counts as set by hand, unless it was set before the lead qualified and only arrived later.
        """
        held = self._records.lead(lead_id)
        if held is None:
            return
        previous = held.own.get("owner_id")
        held.own, held.attributes = own, attributes
        owner_id = own.get("owner_id")
        by_hand = owner_changed_at is not None and owner_changed_at >= held.qualified_at
        known = {previous} if held.owner is None else {held.owner.id}
        if held.left_by is not None and self._roster.has_departed(held.left_by):
            known.add(held.left_by)  # the CRM may confirm late what was assigned before the seller departed
        if by_hand and owner_id not in known:
            self._assign_by_hand(lead_id, held, owner_id)
        elif held.waits:
            self._route(lead_id, held)
        else:
            self._records.put_lead(lead_id, held)

    def lead_closed(self, lead_id: str) -> None:
        """A lead was closed, merged or erased: it is removed without a trace."""
        held = self._records.lead(lead_id)
        if held is not None:
            self._release(lead_id, held)
            self._backlog.remove(lead_id)
            self._records.delete_lead(lead_id)

    def seller_changed(self, new: HeldSeller, latest: datetime | None = None) -> None:
        """A seller was created, changed or (`gone`) deleted. Changes older than what is stored are ignored.

        `latest`: the latest plausible time now; a stored time after it counts as older than any change.
        """
        seller = self._roster.by_id.get(new.id)
        compared = None
        if seller is None:
            if new.gone:
                return
            self._roster.add(new)
        else:
            old = seller.held
            if new.gone:
                new.changed_at = old.changed_at  # a deleted seller may come back with the next change
            elif new.changed_at < old.changed_at and (latest is None or old.changed_at <= latest):
                return
            new.assigned, new.last = old.assigned, old.last
            if new.departed is not None:
                new.departure = old.departure
            compared = what_rules_compare(old)
            seller.update(new)
        if new.departed is not None and not new.departure:
            new.departure = self._counters.decisions
        self._records.put_seller(new)
        self._departures.add_leads_of(new)
        if compared != what_rules_compare(new):
            for queue in self._router.queues:
                if is_candidate(new, queue):
                    self._backlog.waiting.admit(new.id, queue)
                elif new.id in queue.candidates:
                    self._backlog.waiting.exclude(new.id, queue)
        self._backlog.seller_freed(new.id)

    def rules_changed(self, rules: tuple[AssignmentRules, ...]) -> None:
        """Other definitions are live: every waiting lead is routed again."""
        self._rules = rules
        self._counters.revision += 1
        self._router.replace_rules(rules)
        self._backlog.reroute_all()
        for seller in self._roster.by_id.values():
            self._departures.add_leads_of(seller.held)

    def time_passed(self) -> None:
        """Work hours may have begun, or leads become too old."""
        self._backlog.changed = True

    # -- waiting leads

    def _next_place(self) -> int:
        self._counters.waited += 1
        return self._counters.waited

    def _restore_waiting(self) -> None:
        lost = False
        for lead_id, held in self._unplaced.items():
            queue = self._queue_of(held)
            lost = lost or queue is None
            self._backlog.waiting.put(lead_id, held.waits, queue or self._backlog.unrouted)
            self._expire(lead_id, held)
        self._unplaced = {}
        if lost:
            self._counters.unfinished = True
            self.rules_changed(self._rules)
        self._backlog.free_restored()

    def _queue_of(self, held: HeldLead) -> WaitQueue | None:
        """Where the lead waits, by what is stored about it; None: its rule is not live."""
        if held.routed != self._counters.revision:
            return self._backlog.unrouted
        if held.code not in FOR_A_SELLER:
            return self._backlog.parked  # only other definitions, or a change of the lead itself, can help it
        return self._router.queue_by_decision(held)

    def _route(self, lead_id: str, held: HeldLead) -> None:
        """Attempt a lead that must be routed: now, if that overtakes nobody."""
        held.routed = 0
        if self._backlog.due or self._backlog.changed or self._counters.unfinished:
            self._backlog.expire(lead_id, None)
            self._wait(lead_id, held, self._backlog.unrouted)
        else:
            self._attempt(lead_id, held)

    def _attempt_waiting(self, lead_id: str) -> bool:
        held = self._records.lead(lead_id)
        assert held is not None  # waiting leads are stored
        return self._attempt(lead_id, held)

    def _attempt(self, lead_id: str, held: HeldLead) -> bool:
        """Assign the lead or let it wait. True: it no longer waits."""
        attempt = self._router.attempt(held, self._now)
        if attempt.owner is not None or attempt.code is AssignmentResult.OLDER_THAN_TIMEFRAME:
            self._backlog.remove(lead_id)
            held.waits = 0
            self._assign(lead_id, held, attempt)
            return True
        if held.routed == self._counters.revision:
            return False
        before = held.code, held.definition, held.version, held.segment, held.rule
        held.routed = self._counters.revision
        if before != (attempt.code, *attempt.names):
            self._decide(lead_id, held, attempt)
        queue = attempt.queue if attempt.queue is not None and attempt.code in FOR_A_SELLER else self._backlog.parked
        self._wait(lead_id, held, queue)
        self._expire(lead_id, held)
        return False

    def _wait(self, lead_id: str, held: HeldLead, queue: WaitQueue) -> None:
        self._backlog.put(lead_id, held.waits, queue)
        self._records.put_lead(lead_id, held)

    def _expire(self, lead_id: str, held: HeldLead) -> None:
        routed = held.routed == self._counters.revision
        self._backlog.expire(lead_id, self._router.expires_at(held) if routed else None)

    # -- departed sellers

    def _handle_departures(self) -> None:
        budget = BATCH
        while budget and (found := self._departures.first()) is not None:
            lead_id, held, seller = found
            budget -= 1
            if self._router.reassigns(held):
                self._take_back(lead_id, held)
                self._wait(lead_id, held, self._backlog.unrouted)
            else:
                held.number, held.left_by = self._next_decision(), seller.id
                self._records.put_lead(lead_id, held)
                self._decided.append(departure_of_owner(lead_id, held, seller.departed))

    def _take_back(self, lead_id: str, held: HeldLead) -> None:
        assert held.owner is not None
        held.left_by, held.left_at = held.owner.id, self._now
        self._release(lead_id, held)
        held.owner = None
        held.waits, held.routed = self._next_place(), 0

    # -- decisions

    def _assign(self, lead_id: str, held: HeldLead, attempt: Attempt) -> None:
        self._decide(lead_id, held, attempt)
        if attempt.owner is not None and attempt.owner.kind == "seller":
            self._roster.by_id[attempt.owner.id].held.last = held.number
            self._roster.take(lead_id, held, attempt.owner.id)
            self._records.put_lead(lead_id, held)

    def _assign_by_hand(self, lead_id: str, held: HeldLead, owner_id: str | None) -> None:
        previous = held.owner
        self._release(lead_id, held)
        self._backlog.remove(lead_id)
        held.waits = 0
        held.left_by = held.left_at = None
        owner = None if owner_id is None else Owner(self._router.owner_kind(owner_id), owner_id)
        if owner_id is not None and owner_id in self._roster.by_id:
            self._roster.take(lead_id, held, owner_id)
        self._decide(lead_id, held, Attempt(AssignmentResult.ASSIGNED_MANUALLY, owner=owner), previous)

    def _release(self, lead_id: str, held: HeldLead) -> None:
        if (seller_id := self._roster.release(lead_id, held)) is not None:
            self._backlog.seller_freed(seller_id)

    def _next_decision(self) -> int:
        self._counters.decisions += 1
        return self._counters.decisions

    def _decide(self, lead_id: str, held: HeldLead, attempt: Attempt, previous: Owner | None = None) -> None:
        held.number = self._next_decision()
        attempt.apply_to(held)
        self._records.put_lead(lead_id, held)
        self._decided.append(decision_on(lead_id, held, attempt.choice, self._roster, previous=previous))


def _recovered(leads: Iterable[HeldLead], sellers: Iterable[HeldSeller]) -> Counters:
    """Counters where none are stored: at the very beginning, or so that no number is given twice and all are routed."""
    leads = list(leads)
    numbers = [one.number for one in leads] + [one.last for one in sellers]
    return Counters(
        decisions=max(numbers, default=0),
        waited=max((one.waits for one in leads), default=0),
        revision=max((one.routed for one in leads), default=0) + 1,
        unfinished=any(one.waits for one in leads),
    )
