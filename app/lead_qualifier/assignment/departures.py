"""Leads whose seller departed, each waiting to be taken back or announced."""

from __future__ import annotations

from heapq import heappop, heappush

from lead_qualifier.assignment.roster import Roster
from lead_qualifier.assignment.routing import Router
from lead_qualifier.assignment.state import HeldLead, HeldSeller, Records


class Departures:
    """Finds leads of departed sellers that still need a decision, the oldest decision first."""

    def __init__(self, records: Records, roster: Roster, router: Router) -> None:
        self._records = records
        self._roster = roster
        self._router = router
        self._pending: list[tuple[int, str]] = []  # a heap by decision number

    def add(self, lead_id: str, held: HeldLead) -> None:
        """Remember the lead if its seller departed and that needs a decision."""
        if self._unhandled(held) is not None:
            heappush(self._pending, (held.number, lead_id))

    def add_leads_of(self, seller: HeldSeller) -> None:
        """Remember all leads of a seller who departed."""
        if seller.departed is not None:
            for lead_id in self._roster.leads_of(seller.id):
                held = self._records.lead(lead_id)
                assert held is not None  # leads that take capacity are stored
                self.add(lead_id, held)

    def first(self) -> tuple[str, HeldLead, HeldSeller] | None:
        """The next lead that needs a decision, and the seller who departed."""
        while self._pending:
            number, lead_id = self._pending[0]
            held = self._records.lead(lead_id)
            if held is not None and held.number == number and (seller := self._unhandled(held)) is not None:
                return lead_id, held, seller
            heappop(self._pending)  # handled, or changed meanwhile
        return None

    def _unhandled(self, held: HeldLead) -> HeldSeller | None:
        """The departed owner, if that still needs a decision. A lead assigned by hand after the departure stays."""
        seller = self._roster.departed_owner(held)
        if seller is None or held.number <= seller.departure:
            return seller
        return seller if held.left_by == seller.id and self._router.reassigns(held) else None
