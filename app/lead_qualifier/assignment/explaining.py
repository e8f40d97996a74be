"""Why a lead has its owner, or waits, and what would trigger another attempt: from what assignment has stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from lead_qualifier.assignment.assigner import Assigner
from lead_qualifier.assignment.decisions import Decision
from lead_qualifier.assignment.results import FOR_A_SELLER, AssignmentResult
from lead_qualifier.assignment.rules import Rule, live_rules
from lead_qualifier.assignment.state import LEAD, SELLER, Departed, HeldDefinition, HeldLead, HeldSeller, State
from lead_qualifier.qualification.finding import Finding


class AssignmentStatus(StrEnum):
    """Where a lead stands."""

    ASSIGNED = "assigned"
    WAITS = "waits"
    WITHOUT_OWNER = "without_owner"


class RetryTrigger(StrEnum):
    """What would trigger another attempt to assign a waiting lead."""

    SELLER_CHANGES = "seller_changes"
    WORK_HOURS_BEGIN = "work_hours_begin"
    CAPACITY_GIVEN_BACK = "capacity_given_back"
    RULES_CHANGE = "rules_change"
    LEAD_CHANGES = "lead_changes"

    @property
    def when(self) -> Finding:
        """What must happen."""
        return _WHEN[self]


_WHEN = {
    RetryTrigger.SELLER_CHANGES: Finding("when_seller_changes"),
    RetryTrigger.WORK_HOURS_BEGIN: Finding("when_work_hours_begin"),
    RetryTrigger.CAPACITY_GIVEN_BACK: Finding("when_capacity_given_back"),
    RetryTrigger.RULES_CHANGE: Finding("when_rules_change"),
    RetryTrigger.LEAD_CHANGES: Finding("when_lead_changes"),
}


class Explained(Struct, frozen=True, kw_only=True):
    """`held`: the lead as stored, with its newest decision. `rule`: the rule that it names, if that is still live.

    `live`: is the version that decided still live? `taken`: does any live definition take leads of its model?
    `seller`: the owner, if a seller. `departed`: how the seller who owns it, or owned it before it had to wait,
    departed.

    For a waiting lead also: its `place` among all the `waiting`, what would be decided `now`, what would trigger
    another attempt, when time does so (`retry_at`), and when the lead becomes too old.
    """

    held: HeldLead
    status: AssignmentStatus
    result: AssignmentResult
    live: bool
    taken: bool
    rule: Rule | None = None
    seller: HeldSeller | None = None
    departed: Departed | None = None
    place: int = 0
    waiting: int = 0
    now: Decision | None = None
    retried_by: tuple[RetryTrigger, ...] = ()
    retry_at: datetime | None = None
    too_old_at: datetime | None = None

    @property
    def reason(self) -> Finding:
        """Why the lead has its newest result."""
        owner = self.held.owner
        match self.result:
            case AssignmentResult.IN_PROGRESS if not self.taken:
                return Finding("no_assignment_takes", model=self.held.model_id)
            case AssignmentResult.ASSIGNED if owner is not None and owner.kind != "seller":
                return Finding("only_team_or_queue", kind=owner.kind)
            case AssignmentResult.ASSIGNED if self.rule is None:
                return Finding("seller_chosen")
            case AssignmentResult.ASSIGNED if self.rule is not None and self.rule.balanced:
                return Finding("seller_with_most_capacity")
            case AssignmentResult.ASSIGNED_MANUALLY if owner is None:
                return Finding("owner_removed")
        return _REASONS[self.result]


_REASONS = {
    AssignmentResult.IN_PROGRESS: Finding("turn_not_come"),
    AssignmentResult.ASSIGNED: Finding("seller_longest_without_lead"),
    AssignmentResult.SERVER_ISSUE: Finding("crm_failed"),
    AssignmentResult.MEETS_NO_SEGMENT: Finding("meets_no_segment"),
    AssignmentResult.NO_SELLER_MEETS_CONDITIONS: Finding("no_seller_meets_conditions"),
    AssignmentResult.NO_AVAILABILITY: Finding("no_availability"),
    AssignmentResult.NO_CAPACITY: Finding("no_capacity"),
    AssignmentResult.NO_RULE_FOR_SEGMENT: Finding("no_rule_for_segment"),
    AssignmentResult.ASSIGNED_MANUALLY: Finding("other_owner_named"),
    AssignmentResult.LACKS_PRIVILEGES: Finding("lacks_privileges"),
    AssignmentResult.OLDER_THAN_TIMEFRAME: Finding("older_than_timeframe"),
    AssignmentResult.MULTIPLE_ELIGIBLE_TEAMS: Finding("multiple_eligible_teams"),
    AssignmentResult.NO_ELIGIBLE_TEAM: Finding("no_eligible_team"),
    AssignmentResult.MULTIPLE_ELIGIBLE_QUEUES: Finding("multiple_eligible_queues"),
    AssignmentResult.NO_ELIGIBLE_QUEUE: Finding("no_eligible_queue"),
}


class Explainer:
    """Explains leads by what assignment has stored at one moment."""

    def __init__(self, entries: Mapping[bytes, State]) -> None:
        """`entries`: at least every seller and every definition, by key."""
        self._entries = entries
        self._live = live_rules(one.entry for one in entries.values() if isinstance(one, HeldDefinition))

    @cached_property
    def _assigner(self) -> Assigner:
        return Assigner(self._entries.items(), self._live)

    def explain(self, lead_id: str, held: HeldLead, now: datetime, *, place: int, waiting: int) -> Explained:
        """Where a lead stands. `place`: its place among the `waiting` leads, if it waits."""
        rules = next((one for one in self._live if (one.id, one.version) == (held.definition, held.version)), None)
        named = None if rules is None else rules.find(held.segment, held.rule)
        status = AssignmentStatus.WITHOUT_OWNER if held.owner is None else AssignmentStatus.ASSIGNED
        explained = Explained(
            held=held,
            status=AssignmentStatus.WAITS if held.waits else status,
            result=AssignmentResult(held.code),
            live=rules is not None,
            taken=any(one.takes(held.model_id) for one in self._live),
            rule=None if named is None else named[1],
        )
        entries = self._entries
        if not held.waits:
            seller = _seller(entries, held.owner.id) if held.owner is not None and held.counted else None
            return replace(explained, seller=seller, departed=None if seller is None else seller.departed)
        foreseen, retry_at, too_old_at = self._assigner.foresee(lead_id, held, now)
        return replace(
            explained,
            departed=left.departed if held.left_by and (left := _seller(entries, held.left_by)) else None,
            place=place,
            waiting=waiting,
            now=foreseen,
            retried_by=tuple(_retried_by(foreseen.code, retry_at)),
            retry_at=retry_at,
            too_old_at=too_old_at,
        )


def explain(lead_id: str, entries: Mapping[bytes, State], now: datetime) -> Explained | None:
    """Where a lead stands. `entries`: everything that assignment has stored, by key. None: nothing about this lead."""
    held = entries.get(LEAD + lead_id.encode())
    if not isinstance(held, HeldLead):
        return None
    places = [one.waits for one in entries.values() if isinstance(one, HeldLead) and one.waits]
    place = sum(one <= held.waits for one in places)
    return Explainer(entries).explain(lead_id, held, now, place=place, waiting=len(places))


def unconfirmed(held: HeldLead) -> str | None:
    """Whom the CRM names where that is not who got the lead. A queue owns nothing in a CRM."""
    if held.owner is None or held.owner.kind == "queue" or held.own.get("owner_id") == held.owner.id:
        return None
    return held.own.get("owner_id") or "nobody"


def _seller(entries: Mapping[bytes, State], seller_id: str) -> HeldSeller | None:
    seller = entries.get(SELLER + seller_id.encode())
    return seller if isinstance(seller, HeldSeller) else None


def _retried_by(result: AssignmentResult, retry_at: datetime | None) -> Iterator[RetryTrigger]:
    if result in FOR_A_SELLER:
        if result is AssignmentResult.NO_CAPACITY:
            yield RetryTrigger.CAPACITY_GIVEN_BACK
        yield RetryTrigger.SELLER_CHANGES
        if retry_at is not None:
            yield RetryTrigger.WORK_HOURS_BEGIN
    yield RetryTrigger.RULES_CHANGE
    yield RetryTrigger.LEAD_CHANGES
