"""Waiting leads in queues: all leads of a queue have the same candidates, so if its first gets no seller, none does.

An index over the state; only the state is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from lead_qualifier.assignment.indexed_priority_queue import IndexedPriorityQueue
from lead_qualifier.assignment.rules import Rule


class Terms(NamedTuple):
    """On what terms a seller takes a lead: available within this time, and only with capacity left or regardless."""

    within: timedelta
    checks_capacity: bool


class WaitQueue:
    """Leads that one rule routes to the same candidates."""

    __slots__ = ("candidates", "lead", "leads", "rule", "terms")

    def __init__(
        self, rule: Rule | None = None, checks_capacity: bool = True, lead: Mapping[str, Any] | None = None
    ) -> None:
        """`lead`: the attributes of one of the leads. Without a rule the queue never has candidates."""
        self.rule = rule
        self.terms = Terms(timedelta(0) if rule is None else rule.within, checks_capacity)
        compared = () if rule is None or lead is None else rule.compared
        self.lead: dict[str, Any] = {name: lead[name] for name in compared if lead is not None and name in lead}
        #: Ids of the sellers whom the rule may take. While leads wait, only `WaitingLeads` changes it.
        self.candidates: set[str] = set()
        #: Its leads, by place.
        self.leads: IndexedPriorityQueue[str, int] = IndexedPriorityQueue()


class WaitingLeads:
    """Every waiting lead by its place, which never changes; and for each seller the queues to take leads from."""

    def __init__(self) -> None:
        self._queue_of: dict[str, WaitQueue] = {}
        # The place noted here may be lower than that of the queue's first lead: another has left since.
        self._open_to: dict[str, dict[Terms, IndexedPriorityQueue[WaitQueue, int]]] = {}

    def put(self, lead_id: str, place: int, queue: WaitQueue) -> None:
        """The lead waits in this queue, and in no other."""
        if self._queue_of.get(lead_id) is not queue:
            self.remove(lead_id)
        self._queue_of[lead_id] = queue
        before = queue.leads.first()
        queue.leads.put(lead_id, place)
        if before is None or place < before[0]:
            for seller_id in queue.candidates:
                self._offer(seller_id, queue, place)

    def move(self, lead_id: str, queue: WaitQueue) -> None:
        """The lead waits in this queue, if it waits at all."""
        present = self._queue_of.get(lead_id)
        if present is not None and (place := present.leads.get(lead_id)) is not None:
            self.put(lead_id, place, queue)

    def remove(self, lead_id: str) -> None:
        """The lead no longer waits."""
        queue = self._queue_of.pop(lead_id, None)
        if queue is None:
            return
        queue.leads.discard(lead_id)
        if not queue.leads:
            for seller_id in queue.candidates:
                self._withdraw(seller_id, queue)

    def merge_into(self, queue: WaitQueue) -> None:
        """All leads wait in one queue without candidates."""
        waiting = [(lead_id, present.leads.get(lead_id)) for lead_id, present in self._queue_of.items()]
        for present in set(self._queue_of.values()):
            present.leads.clear()
        self._queue_of.clear()
        self._open_to.clear()
        for lead_id, place in waiting:
            assert place is not None  # every waiting lead has a place
            self.put(lead_id, place, queue)

    def admit(self, seller_id: str, queue: WaitQueue) -> None:
        """The seller is a candidate of the queue from now on."""
        queue.candidates.add(seller_id)
        if (first := queue.leads.first()) is not None:
            self._offer(seller_id, queue, first[0])

    def exclude(self, seller_id: str, queue: WaitQueue) -> None:
        """The seller is no longer a candidate of the queue."""
        queue.candidates.discard(seller_id)
        self._withdraw(seller_id, queue)

    def sellers(self) -> Iterable[str]:
        """All candidates of waiting leads."""
        return list(self._open_to)

    def terms_of(self, seller_id: str) -> Iterable[Terms]:
        """The terms on which leads wait for this seller."""
        return list(self._open_to.get(seller_id, ()))

    def first_for(self, seller_id: str, terms: Terms) -> tuple[int, str] | None:
        """The lead that has waited longest among those that the seller may take on these terms: place and id."""
        queues = self._open_to.get(seller_id, {}).get(terms)
        while queues is not None and (lowest := queues.first()) is not None:
            place, queue = lowest
            first = queue.leads.first()
            assert first is not None  # a queue is withdrawn when its last lead leaves
            if first[0] == place:
                return first
            queues.put(queue, first[0])
        return None

    def _offer(self, seller_id: str, queue: WaitQueue, place: int) -> None:
        queues = self._open_to.setdefault(seller_id, {}).setdefault(queue.terms, IndexedPriorityQueue())
        known = queues.get(queue)
        if known is None or place < known:
            queues.put(queue, place)

    def _withdraw(self, seller_id: str, queue: WaitQueue) -> None:
        by_terms = self._open_to.get(seller_id, {})
        queues = by_terms.get(queue.terms)
        if queues is not None:
            queues.discard(queue)
            if not queues:
                del by_terms[queue.terms]
                if not by_terms:
                    del self._open_to[seller_id]
