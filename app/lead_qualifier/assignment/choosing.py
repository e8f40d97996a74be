"""Chooses among the sellers whom a rule may take: availability, capacity, fairness."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from lead_qualifier.assignment.results import AssignmentResult
from lead_qualifier.assignment.roster import Seller
from lead_qualifier.assignment.rules import Rule
from lead_qualifier.assignment.state import HeldSeller

CHOSEN = "chosen"
NOT_NEXT = "not_next"
CONDITIONS = "conditions"
INACTIVE = "inactive"
UNAVAILABLE = "unavailable"
NO_CAPACITY = "no_capacity"


class Choice(Struct, frozen=True):
    """`seller`: id of the one chosen. `why`: by seller, why or why not. `again_at`: when time alone may change it."""

    code: AssignmentResult
    why: dict[str, str]
    seller: str | None = None
    again_at: datetime | None = None


def choose(rule: Rule, candidates: Iterable[Seller], now: datetime, *, checks_capacity: bool) -> Choice:
    """Choose among `candidates`, who meet the rule's conditions."""
    why: dict[str, str] = {}
    at_work: list[HeldSeller] = []
    soon: list[HeldSeller] = []
    later: list[datetime] = []
    full = False
    for seller in candidates:
        held = seller.held
        opens = seller.next_available(now)
        if opens is None or opens - rule.within > now:
            why[held.id] = UNAVAILABLE
            if opens is not None:
                later.append(opens - rule.within)
        elif checks_capacity and held.left <= 0:
            why[held.id] = NO_CAPACITY
            full = True
        else:
            why[held.id] = NOT_NEXT
            (at_work if opens == now else soon).append(held)
    if not why:
        return Choice(AssignmentResult.NO_SELLER_MEETS_CONDITIONS, why)
    if rule.balanced and at_work:
        chosen = min(at_work, key=lambda one: (-one.left, one.last, one.id))
    elif at_work or soon:
        chosen = min(soon if rule.balanced else at_work + soon, key=lambda one: (one.last, one.id))
    else:
        return Choice(
            AssignmentResult.NO_CAPACITY if full else AssignmentResult.NO_AVAILABILITY,
            why,
            again_at=min(later) if later else None,
        )
    why[chosen.id] = CHOSEN
    return Choice(AssignmentResult.ASSIGNED, why, chosen.id)
