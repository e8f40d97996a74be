"""Decides assignments, one occurrence after the other: what it does follows from their order and times alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from heapq import heapify, heappop, heappush, heapreplace
from typing import Any, NamedTuple

from msgspec import Struct

from lead_qualifier.assignment.choosing import CONDITIONS, INACTIVE, Choice, Seller, choose
from lead_qualifier.assignment.earliest import Earliest
from lead_qualifier.assignment.results import FOR_A_SELLER, Result
from lead_qualifier.assignment.rules import Place, Rule, Rules, Segment
from lead_qualifier.assignment.state import (
    COUNTERS,
    LEAD,
    SELLER,
    Counters,
    Departed,
    HeldLead,
    HeldSeller,
    Owner,
    State,
    Store,
)
from lead_qualifier.assignment.waiting import Terms, Waiting, WaitQueue
from lead_qualifier.downstream.conditions import Values
from lead_qualifier.qualification.utc import after

#: So many leads that wait are decided at one occurrence; the others at the next.
AT_ONCE = 100
#: So many sellers are told of in a decision.
TOLD = 50
#: So many lines in which nobody waits are kept, since working out their candidates costs most.
_KEPT_LINES = 100


class Decision(Struct, frozen=True, kw_only=True):
    """What was decided about a lead. `considered`: sellers and why or why not, TOLD at most; `more`: besides.

    `departed`: nothing changes, but the seller who has it departed.
    """

    lead_id: str
    number: int
    code: Result
    definition: str | None = None
    version: int = 0
    segment: str | None = None
    rule: str | None = None
    owner: Owner | None = None
    previous_owner_id: str | None = None
    lead_changed_offset: int | None = None
    considered: tuple[tuple[str, str], ...] = ()
    more: int = 0
    departed: Departed | None = None


class _Found(Struct, frozen=True):
    """What an attempt came to, before it is carried out."""

    code: Result
    rules: Rules | None = None
    segment: Segment | None = None
    rule: Rule | None = None
    owner: Owner | None = None
    choice: Choice | None = None
    line: WaitQueue | None = None


class _Source(NamedTuple):
    """Where those are looked for who are to be decided next: with `terms` None, among those to be routed; else among
    those whom this seller may take.
    """

    seller_id: str
    terms: Terms | None


_UNROUTED = _Source("", None)


class Assigner:
    """Knows sellers and those that wait as an index over the store. Made anew whenever the store may have changed
    without it.

    Nobody who waits can be helped, except by what has changed since all were looked at: those to be routed, sellers
    who may take more (`_freed`), and times that come (`_openings`, `_expiring`). So only these are looked at.
    """

    def __init__(self, entries: Iterable[tuple[bytes, State]], rules: tuple[Rules, ...]) -> None:
        """`rules`: the definitions that are live."""
        self._rules = rules
        self._sellers: dict[str, Seller] = {}
        self._lines: dict[tuple[Any, ...], WaitQueue] = {}
        self._most_lines = _KEPT_LINES
        self._unrouted, self._parked = WaitQueue(), WaitQueue()
        self._waiting = Waiting()
        #: When a lead is too old for its definition.
        self._expiring: Earliest[str, datetime] = Earliest()
        #: When a seller with capacity left is available for those that wait.
        self._openings: Earliest[tuple[str, Terms], datetime] = Earliest()
        #: Sellers who may take more than when those that wait were last looked at, in the order of that.
        self._freed: dict[str, None] = {}
        self._led: dict[str, set[str]] = {}  # leads that take capacity, by seller
        self._departing: list[tuple[int, str]] = []  # leads of departed sellers that are to be looked at, by number
        counters: Counters | None = None
        leads: dict[str, HeldLead] = {}
        for key, state in entries:
            if isinstance(state, HeldSeller) and key.startswith(SELLER):
                self._sellers[state.id] = Seller(state)
            elif isinstance(state, Counters) and key == COUNTERS:
                counters = state
            elif isinstance(state, HeldLead) and key.startswith(LEAD):
                leads[key[len(LEAD) :].decode()] = state
        for lead_id, lead in leads.items():
            if not lead.waits and lead.counted and lead.owner is not None:
                self._led.setdefault(lead.owner.id, set()).add(lead_id)
                self._look_at_departed(lead_id, lead)
        self._counters = counters or _recovered(leads.values(), (one.held for one in self._sellers.values()))
        #: Those that wait, until they are placed in lines: the first occurrence needs that.
        self._unplaced = {lead_id: lead for lead_id, lead in leads.items() if lead.waits}
        self._store: Store
        self._now: datetime
        self._decided: list[Decision] = []
        self._newcomer: tuple[str, HeldLead] | None = None
        self._changed = False
        self._due = False

    @property
    def sellers(self) -> dict[str, Departed | None]:
        """By id, how they departed; None: they are there."""
        return {name: one.held.departed for name, one in self._sellers.items()}

    @property
    def unfinished(self) -> bool:
        """Are there those that wait and are still to be looked at since the last change?"""
        return self._counters.unfinished

    def begin(self, store: Store, now: datetime) -> None:
        """An occurrence begins; `end` tells what follows from it."""
        self._store, self._now = store, now
        self._decided, self._newcomer, self._changed = [], None, False
        if self._unplaced:
            self._line_up()
        opening, expiring = self._openings.first(), self._expiring.first()
        self._due = (
            bool(self._freed)
            or (opening is not None and opening[0] <= now)
            or (expiring is not None and expiring[0] < now)
        )

    def end(self) -> tuple[list[Decision], datetime | None]:
        """The decisions, in order, and when time alone next changes something for those that wait."""
        if self._changed or self._due or self._counters.unfinished:
            self._departed()
            self._look_again()
            self._counters.unfinished |= self._next_departed() is not None
        if self._newcomer is not None and self._newcomer[1].code == 0:
            self._tell(*self._newcomer, _Found(Result.IN_PROGRESS))
        self._store.put(COUNTERS, self._counters)
        times = [first[0] for first in (self._openings.first(), self._expiring.first()) if first is not None]
        return self._decided, min(times, default=None)

    def foresee(self, lead_id: str, held: HeldLead, now: datetime) -> tuple[Decision, datetime | None]:
        """What would be decided about a lead now, and when time alone may change that. Nothing is carried out."""
        self._now = now
        found = self._find(held)
        again = None if found.choice is None else found.choice.again
        return self._decision(lead_id, held, found), again

    # -- what occurs

    def qualified(self, lead_id: str, held: HeldLead) -> None:
        """A lead qualified. One that has an owner stays there, unless it is taken from a seller who departed; one that
        waits keeps its place.
        """
        before: HeldLead | None = self._store.get(LEAD + lead_id.encode())
        if before is not None and before.owner is not None:
            if self._seller_departed(before) is None or not self._reassigns(before):
                return
            self._take_back(lead_id, before)
        if before is not None:
            held.number, held.waits = before.number, before.waits
            held.left_by, held.left_at = before.left_by, before.left_at
            held.code, held.definition, held.version = before.code, before.definition, before.version
            held.segment, held.rule = before.segment, before.rule
        if not held.waits:
            self._counters.waited += 1
            held.waits = self._counters.waited
        self._route(lead_id, held)
        if held.code == 0:
            if self._counters.unfinished:
                self._tell(lead_id, held, _Found(Result.IN_PROGRESS))
            else:
                self._newcomer = lead_id, held

    def changed(
        self, lead_id: str, own: dict[str, Any], attributes: dict[str, Any], *, owner_changed_at: datetime | None
    ) -> None:
        """The CRM changed a lead: `own` fields and attributes are all that it has now.

        Another owner counts as set by hand unless that was before the lead qualified: it only came later.
        """
        held: HeldLead | None = self._store.get(LEAD + lead_id.encode())
        if held is None:
            return
        previous = held.own.get("owner_id")
        held.own, held.attributes = own, attributes
        owner_id = own.get("owner_id")
        by_hand = owner_changed_at is not None and owner_changed_at >= held.qualified_at
        known = {previous} if held.owner is None else {held.owner.id}
        if held.left_by is not None and self._has_departed(held.left_by):
            known.add(held.left_by)  # the CRM may confirm late what was assigned before the seller departed
        if by_hand and owner_id not in known:
            self._manually(lead_id, held, owner_id)
        elif held.waits:
            self._route(lead_id, held)
        else:
            self._keep(lead_id, held)

    def closed(self, lead_id: str) -> None:
        """It is closed, merged or erased: nothing of it remains."""
        held: HeldLead | None = self._store.get(LEAD + lead_id.encode())
        if held is not None:
            self._release(lead_id, held)
            self._leave(lead_id)
            self._store.delete(LEAD + lead_id.encode())

    def seller_changed(self, new: HeldSeller, latest: datetime | None = None) -> None:
        """A seller came, changed or (`gone`) left. What is older than what is held is ignored.

        What is held with a time after `latest`, the latest that is plausible now, is older than anything told.
        """
        seller = self._sellers.get(new.id)
        looked_at = None
        if seller is None:
            if new.gone:
                return
            new.assigned = len(self._led.get(new.id, ()))
            seller = self._sellers[new.id] = Seller(new)
        else:
            old = seller.held
            if new.gone:
                new.changed_at = old.changed_at  # who left may come back with the next change
            elif new.changed_at < old.changed_at and (latest is None or old.changed_at <= latest):
                return
            new.assigned, new.last = old.assigned, old.last
            if new.departed is not None:
                new.departure = old.departure
            looked_at = _what_rules_look_at(old)
            seller.become(new)
        if new.departed is not None and not new.departure:
            new.departure = self._counters.decisions
        self._store.put(SELLER + new.id.encode(), new)
        self._look_at_departed_of(new)
        if looked_at != _what_rules_look_at(new):
            for line in self._lines.values():
                if _is_candidate(new, line):
                    self._waiting.admit(new.id, line)
                elif new.id in line.candidates:
                    self._waiting.exclude(new.id, line)
        self._may_take_more(new.id)

    def rules_changed(self, rules: tuple[Rules, ...]) -> None:
        """Other definitions run: everybody who waits is routed anew."""
        self._rules = rules
        self._counters.revision += 1
        self._lines.clear()
        self._waiting.merge_into(self._unrouted)
        self._expiring.clear()
        self._openings.clear()
        for seller in self._sellers.values():
            self._look_at_departed_of(seller.held)
        self._changed = True

    def time_passed(self) -> None:
        """Somebody may be at work by now."""
        self._changed = True

    # -- those whose seller departed

    def _seller_departed(self, held: HeldLead) -> HeldSeller | None:
        """The seller who has it, if they departed."""
        if held.owner is None or not held.counted:
            return None
        return self._sellers[held.owner.id].held if self._has_departed(held.owner.id) else None

    def _has_departed(self, seller_id: str) -> bool:
        seller = self._sellers.get(seller_id)
        return seller is not None and seller.held.departed is not None

    def _reassigns(self, held: HeldLead) -> bool:
        return next((one.reassigns for one in self._rules if one.takes(held.model_id)), False)

    def _departed_from(self, held: HeldLead) -> HeldSeller | None:
        """The seller who has it, if they departed and something is to be done about that still.

        What came to them by hand only after that stays.
        """
        seller = self._seller_departed(held)
        if seller is None or held.number <= seller.departure:
            return seller
        return seller if held.left_by == seller.id and self._reassigns(held) else None

    def _look_at_departed(self, lead_id: str, held: HeldLead) -> None:
        if self._departed_from(held) is not None:
            heappush(self._departing, (held.number, lead_id))

    def _look_at_departed_of(self, seller: HeldSeller) -> None:
        if seller.departed is not None:
            for lead_id in self._led.get(seller.id, ()):
                self._look_at_departed(lead_id, self._store.get(LEAD + lead_id.encode()))

    def _next_departed(self) -> tuple[str, HeldLead, HeldSeller] | None:
        while self._departing:
            number, lead_id = self._departing[0]
            held: HeldLead | None = self._store.get(LEAD + lead_id.encode())
            if held is not None and held.number == number and (seller := self._departed_from(held)) is not None:
                return lead_id, held, seller
            heappop(self._departing)  # done, or changed meanwhile
        return None

    def _departed(self) -> None:
        budget = AT_ONCE
        while budget and (found := self._next_departed()) is not None:
            lead_id, held, seller = found
            budget -= 1
            if self._reassigns(held):
                self._take_back(lead_id, held)
                self._wait(lead_id, held, self._unrouted)
            else:
                self._tell_departed(lead_id, held, seller)

    def _take_back(self, lead_id: str, held: HeldLead) -> None:
        assert held.owner is not None
        held.left_by, held.left_at = held.owner.id, self._now
        self._release(lead_id, held)
        held.owner = None
        self._counters.waited += 1
        held.waits, held.routed = self._counters.waited, 0

    def _tell_departed(self, lead_id: str, held: HeldLead, seller: HeldSeller) -> None:
        self._counters.decisions += 1
        held.number, held.left_by = self._counters.decisions, seller.id
        self._keep(lead_id, held)
        told = Decision(
            lead_id=lead_id,
            number=held.number,
            code=Result(held.code),
            definition=held.definition,
            version=held.version,
            segment=held.segment,
            rule=held.rule,
            owner=held.owner,
            previous_owner_id=held.own.get("owner_id"),
            lead_changed_offset=held.lead_changed_offset,
            departed=seller.departed,
        )
        self._decided.append(told)

    # -- those that wait

    def _line_up(self) -> None:
        """Have those that wait by the store wait in their lines."""
        lost = False
        for lead_id, held in self._unplaced.items():
            line = self._line_of(held)
            lost = lost or line is None
            self._waiting.put(lead_id, held.waits, line or self._unrouted)
            self._expire(lead_id, held)
        self._unplaced = {}
        if lost:
            self._counters.unfinished = True
            self.rules_changed(self._rules)
        for seller_id in self._waiting.sellers():
            for terms in self._waiting.terms_of(seller_id):
                if self._is_free(seller_id, terms):
                    self._freed[seller_id] = None

    def _look_again(self) -> None:
        while (late := self._expiring.first()) is not None and late[0] < self._now:
            self._expiring.discard(late[1])
            self._waiting.move(late[1], self._unrouted)
        while (opening := self._openings.first()) is not None and opening[0] <= self._now:
            self._openings.discard(opening[1])
            self._freed[opening[1][0]] = None
        sources = [_UNROUTED]
        sources += [_Source(one, terms) for one in self._freed for terms in self._waiting.terms_of(one)]
        queue = [(first[0], source) for source in sources if (first := self._first(source)) is not None]
        heapify(queue)
        budget = AT_ONCE
        while queue and budget:
            place, source = queue[0]
            first = self._first(source)
            if first is None:
                heappop(queue)
            elif first[0] != place:
                heapreplace(queue, (first[0], source))
            elif self._attempt(first[1], self._store.get(LEAD + first[1].encode())) or source == _UNROUTED:
                budget -= 1
            else:
                heappop(queue)
        self._counters.unfinished = not budget
        if budget:
            self._freed.clear()
        self._changed = self._due = False

    def _first(self, source: _Source) -> tuple[int, str] | None:
        """Who has waited longest of those that are to be looked at there, if any: place and lead."""
        if source.terms is None:
            return self._unrouted.leads.first()
        if not self._is_free(source.seller_id, source.terms):
            return None
        return self._waiting.first_for(source.seller_id, source.terms)

    def _is_free(self, seller_id: str, terms: Terms) -> bool:
        """Can the seller take a lead on these terms? If only time is lacking, that is noted."""
        at = self._sellers[seller_id].free(terms, self._now)
        if at is None or at <= self._now:
            self._openings.discard((seller_id, terms))
        else:
            self._openings.put((seller_id, terms), at)
        return at == self._now

    def _may_take_more(self, seller_id: str) -> None:
        """The seller may take more than before."""
        self._freed[seller_id] = None
        self._changed = True

    def _route(self, lead_id: str, held: HeldLead) -> None:
        """Decide about a lead that is to be routed: at once if that overtakes nobody."""
        held.routed = 0
        if self._due or self._changed or self._counters.unfinished:
            self._expiring.discard(lead_id)
            self._wait(lead_id, held, self._unrouted)
        else:
            self._attempt(lead_id, held)

    def _leave(self, lead_id: str) -> None:
        self._waiting.remove(lead_id)
        self._expiring.discard(lead_id)

    def _attempt(self, lead_id: str, held: HeldLead) -> bool:
        """True: it no longer waits."""
        found = self._find(held)
        if found.owner is not None or found.code is Result.OLDER_THAN_TIMEFRAME:
            self._leave(lead_id)
            held.waits = 0
            self._assign(lead_id, held, found)
            return True
        if held.routed == self._counters.revision:
            return False
        told = held.code, held.definition, held.version, held.segment, held.rule
        now = (found.code, *_names(found))
        held.routed = self._counters.revision
        if told != now:
            self._tell(lead_id, held, found)
        line = found.line if found.line is not None and found.code in FOR_A_SELLER else self._parked
        begins = not line.leads
        self._wait(lead_id, held, line)
        if begins:
            for seller_id in line.candidates:
                self._is_free(seller_id, line.terms)
        self._expire(lead_id, held)
        return False

    def _expire(self, lead_id: str, held: HeldLead) -> None:
        """Have a lead looked at once it is older than its definition takes."""
        rules = next((one for one in self._rules if one.id == held.definition), None)
        if rules is None or rules.max_age is None or held.routed != self._counters.revision:
            self._expiring.discard(lead_id)
        else:
            self._expiring.put(lead_id, after(held.aging_since, rules.max_age))

    def _find(self, held: HeldLead) -> _Found:
        rules = next((one for one in self._rules if one.takes(held.model_id)), None)
        if rules is None:
            return _Found(Result.IN_PROGRESS)
        if rules.max_age is not None and self._now - held.aging_since > rules.max_age:
            return _Found(Result.OLDER_THAN_TIMEFRAME, rules)
        segment, rule = rules.route(Values(held.own, held.attributes))
        if segment is None:
            return _Found(Result.MEETS_NO_SEGMENT, rules)
        if rule is None:
            return _Found(Result.NO_RULE_FOR_SEGMENT, rules, segment)
        if rule.target != "seller":
            return _place(rules, segment, rule, held)
        line = self._line(rules, segment, rule, held)
        candidates = [self._sellers[one] for one in line.candidates]
        choice = choose(rule, candidates, self._now, checks_capacity=rules.checks_capacity)
        owner = None if choice.seller is None else Owner("seller", choice.seller)
        return _Found(choice.code, rules, segment, rule, owner, choice, line)

    def _line(self, rules: Rules, segment: Segment, rule: Rule, held: HeldLead) -> WaitQueue:
        key = (rules.id, segment.id, rule.id, rule.signature(held.attributes))
        line = self._lines.get(key)
        if line is None:
            line = WaitQueue(rule, rules.checks_capacity, held.attributes)
            line.candidates.update(one.held.id for one in self._sellers.values() if _is_candidate(one.held, line))
            if len(self._lines) >= self._most_lines:
                self._lines = {name: one for name, one in self._lines.items() if one.leads}
                self._most_lines = 2 * len(self._lines) + _KEPT_LINES
            self._lines[key] = line
        return line

    def _line_of(self, held: HeldLead) -> WaitQueue | None:
        """Where a lead waits by what is held about it. None: nowhere, the definition that it names is not there."""
        if held.routed != self._counters.revision:
            return self._unrouted
        if held.code not in FOR_A_SELLER:
            return self._parked  # only other rules, or a change of its own, can help it
        for rules in self._rules:
            for segment in rules.segments:
                for rule in segment.rules:
                    if (rules.id, segment.id, rule.id) == (held.definition, held.segment, held.rule):
                        return self._line(rules, segment, rule, held)
        return None

    # -- carrying out

    def _assign(self, lead_id: str, held: HeldLead, found: _Found) -> None:
        held.owner = found.owner
        self._tell(lead_id, held, found)
        if found.owner is not None and found.owner.kind == "seller":
            self._sellers[found.owner.id].held.last = held.number
            self._count(lead_id, held, found.owner.id)
            self._keep(lead_id, held)

    def _manually(self, lead_id: str, held: HeldLead, owner_id: str | None) -> None:
        before = held.owner
        self._release(lead_id, held)
        self._leave(lead_id)
        held.waits = 0
        held.left_by = held.left_at = None
        held.owner = None if owner_id is None else Owner(self._kind_of(owner_id), owner_id)
        if owner_id in self._sellers:
            self._count(lead_id, held, owner_id)
        self._tell(lead_id, held, _Found(Result.ASSIGNED_MANUALLY, owner=held.owner), before)

    def _kind_of(self, owner_id: str) -> str:
        for rules in self._rules:
            for kind, places in (("team", rules.teams), ("queue", rules.queues)):
                if owner_id not in self._sellers and any(one.id == owner_id for one in places):
                    return kind
        return "seller"

    def _count(self, lead_id: str, held: HeldLead, seller_id: str) -> None:
        seller = self._sellers[seller_id].held
        seller.assigned += 1
        held.counted = True
        self._led.setdefault(seller_id, set()).add(lead_id)
        self._store.put(SELLER + seller_id.encode(), seller)

    def _release(self, lead_id: str, held: HeldLead) -> None:
        if not held.counted or held.owner is None:
            return
        seller_id = held.owner.id
        held.counted = False
        self._led[seller_id].discard(lead_id)
        if (seller := self._sellers.get(seller_id)) is not None:  # not held if what is stored could not be read
            seller.held.assigned -= 1
            self._store.put(SELLER + seller_id.encode(), seller.held)
            self._may_take_more(seller_id)

    def _tell(self, lead_id: str, held: HeldLead, found: _Found, before: Owner | None = None) -> None:
        self._counters.decisions += 1
        held.number, held.code = self._counters.decisions, found.code
        held.definition, held.version, held.segment, held.rule = _names(found)
        self._keep(lead_id, held)
        self._decided.append(self._decision(lead_id, held, found, before))

    def _decision(self, lead_id: str, held: HeldLead, found: _Found, before: Owner | None = None) -> Decision:
        definition, version, segment, rule = _names(found)
        considered, more = self._considered(found)
        return Decision(
            lead_id=lead_id,
            number=held.number,
            code=found.code,
            definition=definition,
            version=version,
            segment=segment,
            rule=rule,
            owner=found.owner,
            previous_owner_id=before.id if before is not None else held.left_by or held.own.get("owner_id"),
            lead_changed_offset=held.lead_changed_offset,
            considered=considered,
            more=more,
        )

    def _considered(self, found: _Found) -> tuple[tuple[tuple[str, str], ...], int]:
        if found.choice is None:
            return (), 0
        why: Mapping[str, str] = found.choice.why
        first = found.choice.seller
        others = sorted(identity for identity in why if identity != first)
        told = [(first, why[first])] if first is not None else []
        told += [(identity, why[identity]) for identity in others[: TOLD - len(told)]]
        if len(told) < TOLD:
            rest = sorted(one for one in self._sellers if one not in why and not self._sellers[one].held.gone)
            told += [
                (one, CONDITIONS if self._sellers[one].held.active else INACTIVE) for one in rest[: TOLD - len(told)]
            ]
        return tuple(told), sum(not one.held.gone for one in self._sellers.values()) - len(told)

    def _wait(self, lead_id: str, held: HeldLead, line: WaitQueue) -> None:
        self._waiting.put(lead_id, held.waits, line)
        self._keep(lead_id, held)

    def _keep(self, lead_id: str, held: HeldLead) -> None:
        self._store.put(LEAD + lead_id.encode(), held)


def _recovered(leads: Iterable[HeldLead], sellers: Iterable[HeldSeller]) -> Counters:
    """Counters where none are held: as at the very beginning, or no number is given twice and all are routed anew."""
    leads = list(leads)
    numbers = [one.number for one in leads] + [one.last for one in sellers]
    return Counters(
        decisions=max(numbers, default=0),
        waited=max((one.waits for one in leads), default=0),
        revision=max((one.routed for one in leads), default=0) + 1,
        unfinished=any(one.waits for one in leads),
    )


def _what_rules_look_at(seller: HeldSeller) -> tuple[bool, str]:
    """Sellers of whom this is alike are candidates of the same lines."""
    return seller.active and not seller.gone, repr(seller.attributes)  # 1 is not True here, as it is in Python


def _is_candidate(seller: HeldSeller, line: WaitQueue) -> bool:
    if line.rule is None or not seller.active or seller.gone:
        return False
    return line.rule.may_take(seller.id, seller.attributes, line.lead)


def _names(found: _Found) -> tuple[str | None, int, str | None, str | None]:
    return (
        found.rules.id if found.rules is not None else None,
        found.rules.version if found.rules is not None else 0,
        found.segment.id if found.segment is not None else None,
        found.rule.id if found.rule is not None else None,
    )


def _place(rules: Rules, segment: Segment, rule: Rule, held: HeldLead) -> _Found:
    places: tuple[Place, ...] = rules.teams if rule.target == "team" else rules.queues
    eligible = [one for one in places if rule.may_take(one.id, one.attributes, held.attributes)]
    if len(eligible) == 1:
        return _Found(Result.ASSIGNED, rules, segment, rule, Owner(rule.target, eligible[0].id))
    none, several = (
        (Result.NO_ELIGIBLE_TEAM, Result.MULTIPLE_ELIGIBLE_TEAMS)
        if rule.target == "team"
        else (Result.NO_ELIGIBLE_QUEUE, Result.MULTIPLE_ELIGIBLE_QUEUES)
    )
    return _Found(several if eligible else none, rules, segment, rule)
