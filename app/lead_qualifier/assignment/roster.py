"""The sellers: when they work, how much capacity they have left, and which leads take it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from lead_qualifier.assignment.calendar import Calendar
from lead_qualifier.assignment.state import HeldLead, HeldSeller, Records
from lead_qualifier.assignment.wait_queues import Terms


class Seller:
    """A seller as stored (`held`), with a calendar."""

    __slots__ = ("_calendar", "held")

    def __init__(self, held: HeldSeller) -> None:
        self.update(held)

    def update(self, held: HeldSeller) -> None:
        """The seller changed to this."""
        self.held = held
        self._calendar = None
        if held.work_hours is not None:
            self._calendar = Calendar(held.time_zone, held.work_hours, held.days_off)

    def next_available(self, now: datetime) -> datetime | None:
        """`now` if at work, otherwise when work begins next; None: time alone does not tell."""
        if not self.held.available:
            return None
        return now if self._calendar is None else self._calendar.opens(now)

    def free_from(self, terms: Terms, now: datetime) -> datetime | None:
        """When the seller can take a lead on these terms: `now`, or later by time alone; None: not by time alone."""
        if terms.checks_capacity and self.held.left <= 0:
            return None
        opens = self.next_available(now)
        return None if opens is None else max(now, opens - terms.within)


class Roster:
    """Sellers by id, and for each the leads that take capacity. Writes what it changes to `records`."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self.by_id: dict[str, Seller] = {}
        self._leads: dict[str, set[str]] = {}

    def restore(self, held: HeldSeller) -> None:
        """A seller as read from the store."""
        self.by_id[held.id] = Seller(held)

    def restore_lead(self, lead_id: str, seller_id: str) -> None:
        """A lead that takes capacity, as read from the store. The seller's own count includes it already."""
        self._leads.setdefault(seller_id, set()).add(lead_id)

    def add(self, held: HeldSeller) -> None:
        """A new seller. Leads may be assigned already, if the seller's state was unreadable."""
        held.assigned = len(self.leads_of(held.id))
        self.by_id[held.id] = Seller(held)

    def leads_of(self, seller_id: str) -> Collection[str]:
        """Ids of the leads that take the seller's capacity."""
        return self._leads.get(seller_id, ())

    def take(self, lead_id: str, held: HeldLead, seller_id: str) -> None:
        """The lead takes capacity of the seller from now on."""
        seller = self.by_id[seller_id].held
        seller.assigned += 1
        held.counted = True
        self._leads.setdefault(seller_id, set()).add(lead_id)
        self._records.put_seller(seller)

    def release(self, lead_id: str, held: HeldLead) -> str | None:
        """The lead takes no capacity any longer. Returns the id of the seller who regained some, if one did."""
        if not held.counted or held.owner is None:
            return None
        seller_id = held.owner.id
        held.counted = False
        self._leads[seller_id].discard(lead_id)
        seller = self.by_id.get(seller_id)
        if seller is None:  # its stored state is unreadable
            return None
        seller.held.assigned -= 1
        self._records.put_seller(seller.held)
        return seller_id

    def has_departed(self, seller_id: str) -> bool:
        """Is this a seller who is inactive or has left?"""
        seller = self.by_id.get(seller_id)
        return seller is not None and seller.held.departed is not None

    def departed_owner(self, held: HeldLead) -> HeldSeller | None:
        """The seller who owns the lead, if that seller has departed."""
        if held.owner is None or not held.counted:
            return None
        return self.by_id[held.owner.id].held if self.has_departed(held.owner.id) else None
