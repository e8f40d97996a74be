"""Why a lead has the owner that it has, or waits, and what would have it tried again: from what assignment keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from lead_qualifier.assignment.assigner import Assigner, Decision
from lead_qualifier.assignment.results import FOR_A_SELLER, Result
from lead_qualifier.assignment.rules import Rule, Rules, live_rules
from lead_qualifier.assignment.state import LEAD, SELLER, Departed, HeldDefinition, HeldLead, HeldSeller, State
from lead_qualifier.qualification.utc import after


class Standing(StrEnum):
    """How a lead stands that assignment holds."""

    ASSIGNED = "assigned"
    WAITS = "waits"
    WITHOUT_OWNER = "without_owner"


class Again(StrEnum):
    """What would have a lead tried again that waits."""

    SELLER_CHANGES = "seller_changes"
    WORK_HOURS_BEGIN = "work_hours_begin"
    CAPACITY_GIVEN_BACK = "capacity_given_back"
    RULES_CHANGE = "rules_change"
    LEAD_CHANGES = "lead_changes"


class Explained(Struct, frozen=True, kw_only=True):
    """`reason`: the newest result for a person. `runs`: the version that decided is live. `departed`: how the seller
    who has it, or had it before it came to wait, departed.

    Of a lead that waits: its `place` among all the `waiting`, what would be decided `now`, what would have it tried
    again, when time does so (`again_at`), and when it becomes too old.
    """

    standing: Standing
    result: Result
    reason: str
    runs: bool
    seller: HeldSeller | None = None
    departed: Departed | None = None
    place: int = 0
    waiting: int = 0
    now: Decision | None = None
    again: tuple[Again, ...] = ()
    again_at: datetime | None = None
    too_old_at: datetime | None = None


def explain(lead_id: str, entries: Mapping[bytes, State], now: datetime) -> Explained | None:
    """How a lead stands by all that assignment holds, by its keys; None: it holds nothing about the lead."""
    held = entries.get(LEAD + lead_id.encode())
    if not isinstance(held, HeldLead):
        return None
    live = live_rules(one.entry for one in entries.values() if isinstance(one, HeldDefinition))
    rules = next((one for one in live if (one.id, one.version) == (held.definition, held.version)), None)
    result = Result(held.code)
    reason = _reason(result, held, rules, live)
    if not held.waits:
        owner = held.owner
        seller = _seller(entries, owner.id) if owner is not None and held.counted else None
        return Explained(
            standing=Standing.WITHOUT_OWNER if owner is None else Standing.ASSIGNED,
            result=result,
            reason=reason,
            runs=rules is not None,
            seller=seller,
            departed=None if seller is None else seller.departed,
        )
    places = [one.waits for one in entries.values() if isinstance(one, HeldLead) and one.waits]
    foreseen, again_at = Assigner(entries.items(), live).foresee(lead_id, held, now)
    taking = next((one for one in live if one.id == foreseen.definition), None)
    return Explained(
        standing=Standing.WAITS,
        result=result,
        reason=reason,
        runs=rules is not None,
        departed=left.departed if held.left_by and (left := _seller(entries, held.left_by)) else None,
        place=sum(place <= held.waits for place in places),
        waiting=len(places),
        now=foreseen,
        again=tuple(_again(foreseen.code, again_at)),
        again_at=again_at,
        too_old_at=None if taking is None or taking.max_age is None else after(held.aging_since, taking.max_age),
    )


def _seller(entries: Mapping[bytes, State], seller_id: str) -> HeldSeller | None:
    seller = entries.get(SELLER + seller_id.encode())
    return seller if isinstance(seller, HeldSeller) else None


def _again(result: Result, again_at: datetime | None) -> Iterator[Again]:
    if result in FOR_A_SELLER:
        if result is Result.NO_CAPACITY:
            yield Again.CAPACITY_GIVEN_BACK
        yield Again.SELLER_CHANGES
        if again_at is not None:
            yield Again.WORK_HOURS_BEGIN
    yield Again.RULES_CHANGE
    yield Again.LEAD_CHANGES


def _reason(result: Result, held: HeldLead, rules: Rules | None, live: tuple[Rules, ...]) -> str:
    match result:
        case Result.IN_PROGRESS if any(one.takes(held.model_id) for one in live):
            return "its turn has not come yet: those that wait are looked at in portions"
        case Result.IN_PROGRESS:
            return f"no live assignment takes leads of model {held.model_id} (lead-qualifier assignment list)"
        case Result.ASSIGNED if held.owner is not None and held.owner.kind != "seller":
            return f"it is the only {held.owner.kind} that the rule may take for this lead"
        case Result.ASSIGNED:
            return _chosen(_rule(held, rules))
        case Result.ASSIGNED_MANUALLY if held.owner is None:
            return "the CRM took its owner away, and that counts: it is not assigned again until it qualifies again"
        case Result.ASSIGNED_MANUALLY:
            return "the CRM named another owner, and that counts"
    return _REASONS[result]


_REASONS = {
    Result.SERVER_ISSUE: "the CRM could not do it",
    Result.LACKS_PRIVILEGES: "the owner may not have it in the CRM",
    Result.MEETS_NO_SEGMENT: "it meets the condition of no segment",
    Result.NO_RULE_FOR_SEGMENT: "no rule of its segment matches it",
    Result.NO_SELLER_MEETS_CONDITIONS: "no active seller meets what the rule asks of sellers",
    Result.NO_AVAILABILITY: "no seller whom the rule may take is at work, or will be soon enough for the rule",
    Result.NO_CAPACITY: "of the sellers whom the rule may take, those who are available have no capacity left",
    Result.OLDER_THAN_TIMEFRAME: "it qualified longer ago than the max_age of the assignment: that is final, until it "
    "qualifies again",
    Result.MULTIPLE_ELIGIBLE_TEAMS: "the rule may take several teams for it, and must name one",
    Result.NO_ELIGIBLE_TEAM: "no team of the assignment meets what the rule asks of teams",
    Result.MULTIPLE_ELIGIBLE_QUEUES: "the rule may take several queues for it, and must name one",
    Result.NO_ELIGIBLE_QUEUE: "no queue of the assignment meets what the rule asks of queues",
}


def _rule(held: HeldLead, rules: Rules | None) -> Rule | None:
    segments = () if rules is None else rules.segments
    return next(
        (rule for one in segments for rule in one.rules if (one.id, rule.id) == (held.segment, held.rule)), None
    )


def _chosen(rule: Rule | None) -> str:
    if rule is None:
        return "the rule's distribution chose this seller among those who were to be had"
    if rule.balanced:
        return "this seller had the most capacity left of those at work; of equals, was the longest without a new lead"
    return "this seller was the longest without a new lead, of those who were to be had"
