"""Tries to assign a lead by the live definitions: its segment, its rule, and then a seller, team or queue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from lead_qualifier.assignment.choosing import choose
from lead_qualifier.assignment.decisions import Attempt
from lead_qualifier.assignment.results import AssignmentResult
from lead_qualifier.assignment.roster import Roster
from lead_qualifier.assignment.rules import AssignmentRules, Rule, Segment, TeamOrQueue
from lead_qualifier.assignment.state import HeldLead, HeldSeller, Owner
from lead_qualifier.assignment.wait_queues import WaitQueue
from lead_qualifier.qualification.conditions import Values
from lead_qualifier.qualification.utc import after

#: How many empty wait queues are kept, since finding their candidates costs most.
_KEPT_EMPTY = 100


class Router:
    """The live definitions, and a wait queue for each rule and set of candidates that they route leads to."""

    def __init__(self, rules: tuple[AssignmentRules, ...], roster: Roster) -> None:
        self._rules = rules
        self._roster = roster
        self._queues: dict[tuple[Any, ...], WaitQueue] = {}
        self._most_queues = _KEPT_EMPTY

    @property
    def queues(self) -> Iterator[WaitQueue]:
        """All wait queues, empty ones too."""
        return iter(self._queues.values())

    def replace_rules(self, rules: tuple[AssignmentRules, ...]) -> None:
        """Other definitions are live: all wait queues are dropped."""
        self._rules = rules
        self._queues.clear()

    def attempt(self, held: HeldLead, now: datetime) -> Attempt:
        """What would become of the lead now. Changes nothing."""
        rules = self._rules_for(held)
        if rules is None:
            return Attempt(AssignmentResult.IN_PROGRESS)
        if rules.max_age is not None and now - held.aging_since > rules.max_age:
            return Attempt(AssignmentResult.OLDER_THAN_TIMEFRAME, rules)
        segment, rule = rules.route(Values(held.own, held.attributes))
        if segment is None:
            return Attempt(AssignmentResult.MEETS_NO_SEGMENT, rules)
        if rule is None:
            return Attempt(AssignmentResult.NO_RULE_FOR_SEGMENT, rules, segment)
        if rule.target != "seller":
            return _team_or_queue(rules, segment, rule, held)
        queue = self._queue(rules, segment, rule, held)
        candidates = [self._roster.by_id[one] for one in queue.candidates]
        choice = choose(rule, candidates, now, checks_capacity=rules.checks_capacity)
        owner = None if choice.seller is None else Owner("seller", choice.seller)
        return Attempt(choice.code, rules, segment, rule, owner, choice, queue)

    def queue_by_decision(self, held: HeldLead) -> WaitQueue | None:
        """The wait queue of the rule that the lead's newest decision names; None: that rule is not live."""
        rules = next((one for one in self._rules if one.id == held.definition), None)
        named = None if rules is None else rules.find(held.segment, held.rule)
        return None if rules is None or named is None else self._queue(rules, *named, held)

    def expires_at(self, held: HeldLead) -> datetime | None:
        """When the lead becomes too old for the definition of its newest decision; None: never."""
        rules = next((one for one in self._rules if one.id == held.definition), None)
        return None if rules is None or rules.max_age is None else after(held.aging_since, rules.max_age)

    def reassigns(self, held: HeldLead) -> bool:
        """Does the definition that takes the lead take leads back from departed sellers?"""
        rules = self._rules_for(held)
        return rules is not None and rules.reassigns

    def owner_kind(self, owner_id: str) -> str:
        """Whether an owner named by the CRM is a seller, a team or a queue. A known seller is always a seller."""
        if owner_id in self._roster.by_id:
            return "seller"
        for rules in self._rules:
            for kind, named in (("team", rules.teams), ("queue", rules.queues)):
                if any(one.id == owner_id for one in named):
                    return kind
        return "seller"

    def _rules_for(self, held: HeldLead) -> AssignmentRules | None:
        return next((one for one in self._rules if one.takes(held.model_id)), None)

    def _queue(self, rules: AssignmentRules, segment: Segment, rule: Rule, held: HeldLead) -> WaitQueue:
        key = (rules.id, segment.id, rule.id, rule.signature(held.attributes))
        queue = self._queues.get(key)
        if queue is None:
            queue = WaitQueue(rule, rules.checks_capacity, held.attributes)
            queue.candidates.update(one.held.id for one in self._roster.by_id.values() if is_candidate(one.held, queue))
            if len(self._queues) >= self._most_queues:
                self._queues = {name: one for name, one in self._queues.items() if one.leads}
                self._most_queues = 2 * len(self._queues) + _KEPT_EMPTY
            self._queues[key] = queue
        return queue


def is_candidate(seller: HeldSeller, queue: WaitQueue) -> bool:
    """May the queue's rule assign its leads to the seller, time and capacity aside?"""
    if queue.rule is None or not seller.active or seller.gone:
        return False
    return queue.rule.may_take(seller.id, seller.attributes, queue.lead)


def what_rules_compare(seller: HeldSeller) -> tuple[bool, str]:
    """Sellers for whom this is equal are candidates of the same queues."""
    return seller.active and not seller.gone, repr(seller.attributes)  # repr: 1 and True differ


def _team_or_queue(rules: AssignmentRules, segment: Segment, rule: Rule, held: HeldLead) -> Attempt:
    named: tuple[TeamOrQueue, ...] = rules.teams if rule.target == "team" else rules.queues
    eligible = [one for one in named if rule.may_take(one.id, one.attributes, held.attributes)]
    if len(eligible) == 1:
        return Attempt(AssignmentResult.ASSIGNED, rules, segment, rule, Owner(rule.target, eligible[0].id))
    none, several = (
        (AssignmentResult.NO_ELIGIBLE_TEAM, AssignmentResult.MULTIPLE_ELIGIBLE_TEAMS)
        if rule.target == "team"
        else (AssignmentResult.NO_ELIGIBLE_QUEUE, AssignmentResult.MULTIPLE_ELIGIBLE_QUEUES)
    )
    return Attempt(several if eligible else none, rules, segment, rule)
