"""What assignment decides about a lead: the outcome of one attempt, and the decision that is published."""

from __future__ import annotations

from msgspec import Struct

from lead_qualifier.assignment.choosing import CONDITIONS, INACTIVE, Choice
from lead_qualifier.assignment.results import AssignmentResult
from lead_qualifier.assignment.roster import Roster
from lead_qualifier.assignment.rules import AssignmentRules, Rule, Segment
from lead_qualifier.assignment.state import Departed, HeldLead, Owner
from lead_qualifier.assignment.wait_queues import WaitQueue

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
    lead_id: str, held: HeldLead, attempt: Attempt, roster: Roster, *, previous: Owner | None = None
) -> Decision:
    """The decision that follows from an attempt. `previous`: the owner until now, if we know better than the CRM."""
    definition, version, segment, rule = attempt.names
    considered, more = _considered(attempt.choice, roster)
    return Decision(
        lead_id=lead_id,
        number=held.number,
        code=attempt.code,
        definition=definition,
        version=version,
        segment=segment,
        rule=rule,
        owner=attempt.owner,
        previous_owner_id=previous.id if previous is not None else held.left_by or held.own.get("owner_id"),
        lead_changed_offset=held.lead_changed_offset,
        considered=considered,
        more=more,
    )


def departure_of_owner(lead_id: str, held: HeldLead, departed: Departed | None) -> Decision:
    """Announces that the owner departed. The newest decision stays as it is."""
    return Decision(
        lead_id=lead_id,
        number=held.number,
        code=AssignmentResult(held.code),
        definition=held.definition,
        version=held.version,
        segment=held.segment,
        rule=held.rule,
        owner=held.owner,
        previous_owner_id=held.own.get("owner_id"),
        lead_changed_offset=held.lead_changed_offset,
        departed=departed,
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
        rest = sorted(one.held.id for one in roster if one.held.id not in why and not one.held.gone)
        listed += [
            (one, CONDITIONS if roster[one].held.active else INACTIVE) for one in rest[: LISTED_SELLERS - len(listed)]
        ]
    return tuple(listed), sum(not one.held.gone for one in roster) - len(listed)
