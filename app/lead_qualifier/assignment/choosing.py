"""Which of the sellers that a rule may take gets the lead: availability, capacity, fairness."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from lead_qualifier.assignment.calendar import Calendar
from lead_qualifier.assignment.results import Result
from lead_qualifier.assignment.rules import Rule
from lead_qualifier.assignment.state import HeldSeller
from lead_qualifier.assignment.waiting import Terms

CHOSEN = "chosen"
NOT_NEXT = "not_next"
CONDITIONS = "conditions"
INACTIVE = "inactive"
UNAVAILABLE = "unavailable"
NO_CAPACITY = "no_capacity"


class Seller:
    """A seller as held, with the calendar."""

    __slots__ = ("_calendar", "held")

    def __init__(self, held: HeldSeller) -> None:
        self.become(held)

    def become(self, held: HeldSeller) -> None:
        """From now on the seller is like this."""
        self.held = held
        self._calendar = None
        if held.work_hours is not None:
            self._calendar = Calendar(held.time_zone, held.work_hours, held.days_off)

    def opens(self, now: datetime) -> datetime | None:
        """`now` if at work, else when next; None: nobody knows."""
        if not self.held.available:
            return None
        return now if self._calendar is None else self._calendar.opens(now)

    def free(self, terms: Terms, now: datetime) -> datetime | None:
        """When the seller can take a lead on these terms: `now`, or later by time alone; None: not by time alone."""
        if terms.checks_capacity and self.held.left <= 0:
            return None
        opens = self.opens(now)
        return None if opens is None else max(now, opens - terms.within)


class Choice(Struct, frozen=True):
    """`seller`: id of the one chosen. `why`: by seller, why or why not. `again`: when time alone may change it."""

    code: Result
    why: dict[str, str]
    seller: str | None = None
    again: datetime | None = None


def choose(rule: Rule, candidates: Iterable[Seller], now: datetime, *, checks_capacity: bool) -> Choice:
    """Of candidates that meet the rule's conditions."""
    why: dict[str, str] = {}
    at_work: list[HeldSeller] = []
    soon: list[HeldSeller] = []
    again: list[datetime] = []
    full = False
    for seller in candidates:
        held = seller.held
        opens = seller.opens(now)
        if opens is None or opens - rule.within > now:
            why[held.id] = UNAVAILABLE
            if opens is not None:
                again.append(opens - rule.within)
        elif checks_capacity and held.left <= 0:
            why[held.id] = NO_CAPACITY
            full = True
        else:
            why[held.id] = NOT_NEXT
            (at_work if opens == now else soon).append(held)
    if not why:
        return Choice(Result.NO_SELLER_MEETS_CONDITIONS, why)
    if rule.balanced and at_work:
        chosen = min(at_work, key=lambda one: (-one.left, one.last, one.id))
    elif at_work or soon:
        chosen = min(soon if rule.balanced else at_work + soon, key=lambda one: (one.last, one.id))
    else:
        return Choice(Result.NO_CAPACITY if full else Result.NO_AVAILABILITY, why, again=min(again) if again else None)
    why[chosen.id] = CHOSEN
    return Choice(Result.ASSIGNED, why, chosen.id)
