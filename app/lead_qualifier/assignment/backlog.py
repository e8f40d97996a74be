"""The waiting leads, and what has changed that may help them: sellers who can take more, and times that come."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from heapq import heapify, heappop, heapreplace
from typing import NamedTuple

from lead_qualifier.assignment.indexed_priority_queue import IndexedPriorityQueue
from lead_qualifier.assignment.roster import Roster
from lead_qualifier.assignment.wait_queues import Terms, WaitingLeads, WaitQueue

#: How many waiting leads are decided while one record is handled; the rest follow with the next.
BATCH = 100


class _Source(NamedTuple):
    """Where the next leads come from: with `terms` None, those to be routed; otherwise those that this seller may take
    on these terms.
    """

    seller_id: str
    terms: Terms | None


_UNROUTED = _Source("", None)


class Backlog:
    """Waiting leads in their wait queues, by place.

    A waiting lead can be helped only by what has changed since all were last attempted: leads to be routed
    (`unrouted`), sellers who can take more, and times that come (work hours begin, a lead becomes too old). Only the
    leads that these concern are attempted.
    """

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self.waiting = WaitingLeads()
        #: Leads to be routed, and leads that no change of a seller can help.
        self.unrouted, self.parked = WaitQueue(), WaitQueue()
        #: When a lead becomes too old for its definition.
        self._expiring: IndexedPriorityQueue[str, datetime] = IndexedPriorityQueue()
        #: When a seller with capacity left becomes available to waiting leads.
        self._openings: IndexedPriorityQueue[tuple[str, Terms], datetime] = IndexedPriorityQueue()
        #: Sellers who can take more than when waiting leads were last attempted, in the order of that.
        self._freed: dict[str, None] = {}
        self._now: datetime
        #: Did the record being handled change something that may help?
        self.changed = False
        #: Had something that may help changed, or come, before this record?
        self.due = False

    def begin(self, now: datetime) -> None:
        """A record is about to be handled."""
        self._now, self.changed = now, False

    def note_what_is_due(self) -> None:
        """Before the record changes anything: is there already something to do?"""
        opening, expiring = self._openings.first(), self._expiring.first()
        self.due = (
            bool(self._freed)
            or (opening is not None and opening[0] <= self._now)
            or (expiring is not None and expiring[0] < self._now)
        )

    @property
    def next_time(self) -> datetime | None:
        """When time alone next helps a waiting lead, or ends its wait."""
        times = [first[0] for first in (self._openings.first(), self._expiring.first()) if first is not None]
        return min(times, default=None)

    def free_restored(self) -> None:
        """After restoring: whichever seller can take a waiting lead may have become free just before."""
        for seller_id in self.waiting.sellers():
            for terms in self.waiting.terms_of(seller_id):
                if self._is_free(seller_id, terms):
                    self._freed[seller_id] = None

    def put(self, lead_id: str, place: int, queue: WaitQueue) -> None:
        """The lead waits in this queue, and in no other."""
        was_empty = not queue.leads
        self.waiting.put(lead_id, place, queue)
        if was_empty:
            for seller_id in queue.candidates:
                self._is_free(seller_id, queue.terms)

    def remove(self, lead_id: str) -> None:
        """The lead no longer waits."""
        self.waiting.remove(lead_id)
        self._expiring.discard(lead_id)

    def expire(self, lead_id: str, at: datetime | None) -> None:
        """The lead becomes too old at this time; None: never."""
        if at is None:
            self._expiring.discard(lead_id)
        else:
            self._expiring.put(lead_id, at)

    def reroute_all(self) -> None:
        """Every waiting lead must be routed again."""
        self.waiting.merge_into(self.unrouted)
        self._expiring.clear()
        self._openings.clear()
        self.changed = True

    def seller_freed(self, seller_id: str) -> None:
        """The seller may be able to take more than before."""
        self._freed[seller_id] = None
        self.changed = True

    def attempt_helped(self, attempt: Callable[[str], bool]) -> bool:
        """Attempt the leads that may be helped, by place, BATCH at most. False: some are left.

        `attempt` is given a lead's id; True: the lead no longer waits.
        """
        while (late := self._expiring.first()) is not None and late[0] < self._now:
            self._expiring.discard(late[1])
            self.waiting.move(late[1], self.unrouted)
        while (opening := self._openings.first()) is not None and opening[0] <= self._now:
            self._openings.discard(opening[1])
            self._freed[opening[1][0]] = None
        sources = [_UNROUTED]
        sources += [_Source(one, terms) for one in self._freed for terms in self.waiting.terms_of(one)]
        heap = [(first[0], source) for source in sources if (first := self._first(source)) is not None]
        heapify(heap)
        budget = BATCH
        while heap and budget:
            place, source = heap[0]
            first = self._first(source)
            if first is None:
                heappop(heap)
            elif first[0] != place:
                heapreplace(heap, (first[0], source))
            elif attempt(first[1]) or source == _UNROUTED:
                budget -= 1
            else:
                heappop(heap)
        if budget:
            self._freed.clear()
        self.changed = self.due = False
        return budget > 0

    def _first(self, source: _Source) -> tuple[int, str] | None:
        """The lead of the source that has waited longest: its place and id."""
        if source.terms is None:
            return self.unrouted.leads.first()
        if not self._is_free(source.seller_id, source.terms):
            return None
        return self.waiting.first_for(source.seller_id, source.terms)

    def _is_free(self, seller_id: str, terms: Terms) -> bool:
        """Can the seller take a lead on these terms now? If only time is missing, note when."""
        at = self._roster.by_id[seller_id].free_from(terms, self._now)
        if at is None or at <= self._now:
            self._openings.discard((seller_id, terms))
        else:
            self._openings.put((seller_id, terms), at)
        return at == self._now
