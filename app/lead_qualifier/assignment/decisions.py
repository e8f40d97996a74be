"""What assignment decides about a lead: the outcome of one attempt, the decision, and its lead-assigned event."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from msgspec import Struct
from msgspec.structs import replace

from lead_qualifier.assignment.choosing import CONDITIONS, INACTIVE, Choice
from lead_qualifier.assignment.results import AssignmentResult
from lead_qualifier.assignment.roster import Roster
from lead_qualifier.assignment.rules import AssignmentRules, Rule, Segment
from lead_qualifier.assignment.state import Departed, HeldLead, Owner
from lead_qualifier.assignment.wait_queues import WaitQueue
from lead_qualifier.downstream.cause import Cause
from lead_qualifier.downstream.event_ids import event_id
from lead_qualifier.messages.assignment import LeadAssigned
from lead_qualifier.messages.lead_qualified import trigger_of
from lead_qualifier.messages.topics import LEAD_ASSIGNED

#: How many sellers a decision lists.
LISTED_SELLERS = 50


class Attempt(Struct, frozen=True):
    """The outcome of trying to assign a lead, before it takes effect. `queue`: where it waits if nobody can take it."""

    code: AssignmentResult
    rules: AssignmentRules | None = None
    segment: Segment | None = None
    rule: Rule | None = None
    owner: Owner | None = None
    choice: Choice | None = None
    queue: WaitQueue | None = None

    @property
    def names(self) -> tuple[str | None, int, str | None, str | None]:
        """Ids of definition (and its version), segment and rule, as far as it came."""
        return (
            self.rules.id if self.rules is not None else None,
            self.rules.version if self.rules is not None else 0,
            self.segment.id if self.segment is not None else None,
            self.rule.id if self.rule is not None else None,
        )

    def apply_to(self, held: HeldLead) -> None:
        """It is the lead's newest decision."""
        held.owner, held.code = self.owner, self.code
        held.definition, held.version, held.segment, held.rule = self.names


class Decision(Struct, frozen=True, kw_only=True):
    """A decision about a lead.

    `considered`: sellers, each with why or why not, LISTED_SELLERS at most; `more`: how many others there are.
    `departed`: how the owner departed, where the decision only announces that.
    """

    lead_id: str
    number: int
    code: AssignmentResult
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


def decision_on(
    lead_id: str, held: HeldLead, choice: Choice | None, roster: Roster, *, previous: Owner | None = None
) -> Decision:
    """The lead's newest decision. `previous`: the owner until now, if we know better than the CRM."""
    considered, more = _considered(choice, roster)
    before = previous.id if previous is not None else held.left_by or held.own.get("owner_id")
    return replace(_newest(lead_id, held), previous_owner_id=before, considered=considered, more=more)


def departure_of_owner(lead_id: str, held: HeldLead, departed: Departed | None) -> Decision:
    """Announces that the owner departed. The newest decision stays as it is."""
    return replace(_newest(lead_id, held), previous_owner_id=held.own.get("owner_id"), departed=departed)


def _newest(lead_id: str, held: HeldLead) -> Decision:
    return Decision(
        lead_id=lead_id,
        number=held.number,
        code=AssignmentResult(held.code),
        definition=held.definition,
        version=held.version,
        segment=held.segment,
        rule=held.rule,
        owner=held.owner,
        lead_changed_offset=held.lead_changed_offset,
    )


def _considered(choice: Choice | None, roster: Roster) -> tuple[tuple[tuple[str, str], ...], int]:
    """The chosen seller first, then the other candidates, then sellers who are none; and how many are not listed."""
    if choice is None:
        return (), 0
    why, chosen = choice.why, choice.seller
    listed = [] if chosen is None else [(chosen, why[chosen])]
    others = sorted(identity for identity in why if identity != chosen)
    listed += [(identity, why[identity]) for identity in others[: LISTED_SELLERS - len(listed)]]
    if len(listed) < LISTED_SELLERS:
        rest = sorted(name for name, one in roster.by_id.items() if name not in why and not one.held.gone)
        listed += [
            (one, CONDITIONS if roster.by_id[one].held.active else INACTIVE)
            for one in rest[: LISTED_SELLERS - len(listed)]
        ]
    return tuple(listed), sum(not one.held.gone for one in roster.by_id.values()) - len(listed)


def lead_assigned(decision: Decision, cause: Cause, queue_offset: int, decided_at: datetime) -> LeadAssigned:
    """The event for a decision on the queue's record at `queue_offset`."""
    owner = decision.owner
    event = {
        "event_id": event_id(
            LEAD_ASSIGNED.name, decision.lead_id, decision.number, queue_offset, cause.trigger.event_id
        ),
        "lead_id": decision.lead_id,
        "result": {"code": int(decision.code), "name": decision.code.word},
        "considered": [{"seller_id": one, "why": why} for one, why in decision.considered],
        "decision_number": decision.number,
        "queue_offset": queue_offset,
        "decided_at": decided_at,
        "occurred_at": cause.occurred_at,
        "trigger": trigger_of(cause.trigger),
        "assignment_id": decision.definition,
        "assignment_version": None if decision.definition is None else decision.version,
        "segment": decision.segment,
        "rule": decision.rule,
        "owner": None if owner is None else {"kind": owner.kind, "id": owner.id},
        "owner_departed": decision.departed,
        "previous_owner_id": decision.previous_owner_id,
        "lead_changed_offset": decision.lead_changed_offset,
        "considered_more": decision.more or None,
    }
    return cast("LeadAssigned", {name: value for name, value in event.items() if value is not None})
