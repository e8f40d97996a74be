"""Leads that wait, in lines: all in a line have the same candidates, so that where its first gets none, none gets one.

An index over the state, which alone is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from lead_qualifier.assignment.earliest import Earliest
from lead_qualifier.assignment.rules import Rule


class Terms(NamedTuple):
    """On what terms a seller takes a lead: available within this time, and with capacity left or not."""

    within: timedelta
    checks_capacity: bool


class WaitQueue:
    """Leads that one rule routes to the same candidates."""

    __slots__ = ("candidates", "lead", "leads", "rule", "terms")

    def __init__(
        self, rule: Rule | None = None, checks_capacity: bool = True, lead: Mapping[str, Any] | None = None
    ) -> None:
        """`lead`: the attributes of one of the leads. Without a rule the line has no candidates and never gets any."""
        self.rule = rule
        self.terms = Terms(timedelta(0) if rule is None else rule.within, checks_capacity)
        compared = () if rule is None or lead is None else rule.compared
        self.lead: dict[str, Any] = {name: lead[name] for name in compared if lead is not None and name in lead}
        #: Ids of the sellers whom the rule may take. Changed by `Waiting` alone once somebody waits in the line.
        self.candidates: set[str] = set()
        #: Its leads by their place.
        self.leads: Earliest[str, int] = Earliest()


class Waiting:
    """Leads by their place, which never changes while they wait; and for each seller the lines to take leads from."""

    def __init__(self) -> None:
        self._line_of: dict[str, WaitQueue] = {}
        # The place known here may be lower than that of the line's first: that one has left since.
        self._open_to: dict[str, dict[Terms, Earliest[WaitQueue, int]]] = {}

    def __len__(self) -> int:
        return len(self._line_of)

    def put(self, lead_id: str, place: int, line: WaitQueue) -> None:
        """Have it wait in this line, and in no other."""
        if self._line_of.get(lead_id) is not line:
            self.remove(lead_id)
        self._line_of[lead_id] = line
        before = line.leads.first()
        line.leads.put(lead_id, place)
        if before is None or place < before[0]:
            for seller_id in line.candidates:
                self._offer(seller_id, line, place)

    def move(self, lead_id: str, line: WaitQueue) -> None:
        """Have one that waits wait in this line. One that does not wait is left alone."""
        present = self._line_of.get(lead_id)
        if present is not None and (place := present.leads.get(lead_id)) is not None:
            self.put(lead_id, place, line)

    def remove(self, lead_id: str) -> None:
        """It waits no longer."""
        line = self._line_of.pop(lead_id, None)
        if line is None:
            return
        line.leads.discard(lead_id)
        if not line.leads:
            for seller_id in line.candidates:
                self._withdraw(seller_id, line)

    def merge_into(self, line: WaitQueue) -> None:
        """Have all wait in one line without candidates."""
        everybody = [(lead_id, present.leads.get(lead_id)) for lead_id, present in self._line_of.items()]
        for present in set(self._line_of.values()):
            present.leads.clear()
        self._line_of.clear()
        self._open_to.clear()
        for lead_id, place in everybody:
            assert place is not None  # whoever waits has a place
            self.put(lead_id, place, line)

    def admit(self, seller_id: str, line: WaitQueue) -> None:
        """The seller is a candidate of the line from now on."""
        line.candidates.add(seller_id)
        if (first := line.leads.first()) is not None:
            self._offer(seller_id, line, first[0])

    def exclude(self, seller_id: str, line: WaitQueue) -> None:
        """The seller is no candidate of the line any longer."""
        line.candidates.discard(seller_id)
        self._withdraw(seller_id, line)

    def sellers(self) -> Iterable[str]:
        """Candidates of those that wait."""
        return list(self._open_to)

    def terms_of(self, seller_id: str) -> Iterable[Terms]:
        """On what terms leads wait for a seller like this one."""
        return list(self._open_to.get(seller_id, ()))

    def first_for(self, seller_id: str, terms: Terms) -> tuple[int, str] | None:
        """Who has waited longest of those that the seller may take on these terms: place and lead."""
        lines = self._open_to.get(seller_id, {}).get(terms)
        while lines is not None and (lowest := lines.first()) is not None:
            place, line = lowest
            first = line.leads.first()
            assert first is not None  # a line is withdrawn when its last lead leaves
            if first[0] == place:
                return first
            lines.put(line, first[0])
        return None

    def _offer(self, seller_id: str, line: WaitQueue, place: int) -> None:
        lines = self._open_to.setdefault(seller_id, {}).setdefault(line.terms, Earliest())
        known = lines.get(line)
        if known is None or place < known:
            lines.put(line, place)

    def _withdraw(self, seller_id: str, line: WaitQueue) -> None:
        by_terms = self._open_to.get(seller_id, {})
        lines = by_terms.get(line.terms)
        if lines is not None:
            lines.discard(line)
            if not lines:
                del by_terms[line.terms]
                if not by_terms:
                    del self._open_to[seller_id]
