"""The lead-qualified event: a lead qualified, by which model and version, why, and what changed on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, NotRequired, cast

from pydantic import Field, with_config
from typing_extensions import TypeAliasType, TypedDict

from lead_qualifier.messages.fields import EMITTED, Id, Number, Timestamp, plain
from lead_qualifier.messages.lead_messages import LeadId, Status, StatusReason
from lead_qualifier.messages.model_definition import MatchDefinition, match_definition
from lead_qualifier.qualification.criteria import Group, met
from lead_qualifier.qualification.decide import qualification_event_id
from lead_qualifier.qualification.leads import Origin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lead_qualifier.qualification.criteria import CriterionEvidence, Match, Member
    from lead_qualifier.qualification.decide import Qualification
    from lead_qualifier.qualification.leads import Lead
    from lead_qualifier.qualification.leads import Trigger as Cause


@with_config(EMITTED)
class Trigger(TypedDict):
    """The record that something was decided on."""

    event_id: Annotated[Id, Field(description="Its event_id, or the command_id of a command.")]
    topic: Annotated[Id, Field(description="Its topic, without the prefix of the installation.")]
    partition: Annotated[int, Field(ge=0, description="Its partition.")]
    offset: Annotated[int, Field(ge=0, description="Its offset.")]


LeadChangedOffset = Annotated[
    int,
    Field(
        ge=0,
        description="All of lead-changed before this offset, in the lead's partition, was known. If a record at or "
        "after it erases the lead, this event is about what was erased, whichever is read first.",
    ),
]


@with_config(EMITTED)
class Evidence(TypedDict):
    """How one criterion stood. Without a score held there is neither `score` nor `scored_at`."""

    scoring_model_id: Annotated[Id, Field(description="The scoring model that the criterion names.")]
    threshold: Annotated[Number, Field(description="The score that qualifies, itself included.")]
    score: NotRequired[
        Annotated[Number, Field(description="The score held, also where its scoring model is not live.")]
    ]
    met: Annotated[bool, Field(description="A score is held, its scoring model is live, and it reaches the threshold.")]
    scored_at: NotRequired[Annotated[Timestamp, Field(description="occurred_at of the score held.")]]


# `from` is a keyword of Python, so these cannot be written as classes.
StatusReasonChange = TypedDict("StatusReasonChange", {"from": StatusReason, "to": Literal["marketing_qualified"]})
SalesReadyChange = TypedDict("SalesReadyChange", {"from": Literal[False], "to": Literal[True]})
with_config(EMITTED)(StatusReasonChange)
with_config(EMITTED)(SalesReadyChange)


@with_config(EMITTED)
class Changes(TypedDict):
    """The attributes that the qualification changed, and only those."""

    status_reason: NotRequired[StatusReasonChange]
    sales_ready: NotRequired[SalesReadyChange]


@with_config(EMITTED)
class QualifiedLead(TypedDict):
    """The lead as this qualification left it."""

    status: Annotated[Status, Field(description="State of the lead; open, since only open leads qualify.")]
    status_reason: Annotated[StatusReason, Field(description="Reason of the status.")]
    sales_ready: Annotated[bool, Field(description="Whether the lead is ready for sales.")]
    owner_id: NotRequired[Annotated[Id, Field(description="Who owns the lead.")]]
    changed_at: NotRequired[
        Annotated[
            Timestamp,
            Field(
                description="occurred_at of the newest lead-changed that was known: a later one came after this "
                "qualification, whichever is read first. Absent: none was known."
            ),
        ]
    ]


@with_config(EMITTED)
class EvidenceGroup(TypedDict):
    """How a group of criteria stood. A member is the index of a criterion in `criteria`, from 0, or a further group."""

    match: Annotated[MatchDefinition, Field(description="How many of the members had to be met.")]
    met: Annotated[bool, Field(description="Whether they were.")]
    members: Annotated[list[EvidenceMember], Field(description="What the group is made of, in its order.")]


EvidenceMember = TypeAliasType("EvidenceMember", int | EvidenceGroup)


@with_config(EMITTED)
class LeadQualified(TypedDict):
    """A lead qualified. Emitted once per qualification; read it with isolation.level=read_committed."""

    event_id: Annotated[
        Id,
        Field(
            description="A UUID (version 5) made of lead, model, version, qualification number and trigger event: "
            "the same qualification always has the same."
        ),
    ]
    lead_id: LeadId
    contact_id: NotRequired[Annotated[Id, Field(description="The contact behind the lead.")]]
    qualification_model_id: Annotated[Id, Field(description="The model that qualified the lead.")]
    qualification_model_version: Annotated[int, Field(ge=1, description="The published version that decided.")]
    match: Annotated[MatchDefinition, Field(description="How many of the criteria had to be met.")]
    criteria: Annotated[list[Evidence], Field(description="Every criterion of the model, in its order.")]
    tree: NotRequired[
        Annotated[
            EvidenceGroup, Field(description="How the criteria are grouped, if they are, and how each group stood.")
        ]
    ]
    changes: Changes
    lead: QualifiedLead
    qualification_number: Annotated[
        int, Field(ge=1, description="The how manieth time this model qualified this lead.")
    ]
    origin: Annotated[
        Origin,
        Field(
            description="live: an event of the lead. sweep: the publish command, over existing leads. "
            "After a hold: what began it."
        ),
    ]
    occurred_at: Annotated[Timestamp, Field(description="When that occurred which triggered it.")]
    trigger: Trigger
    lead_changed_offset: NotRequired[LeadChangedOffset]


def lead_qualified(
    lead_id: str, lead: Lead, qualification: Qualification, *, origin: Origin, trigger: Cause
) -> LeadQualified:
    """The event to emit. `lead` may be as it was before or after mark(): the changes are laid over it.

    For a sweep `trigger` is the record of the publish command, after a hold that of what began it.
    """
    model, changes = qualification.model, qualification.changes
    event: LeadQualified = {
        "event_id": qualification_event_id(lead_id, model.id, model.version, qualification.number, trigger.event_id),
        "lead_id": lead_id,
        "qualification_model_id": model.id,
        "qualification_model_version": model.version,
        "match": match_definition(model.definition.match),
        "criteria": [evidence_of(one) for one in qualification.criteria],
        "changes": cast("Changes", {name: {"from": old, "to": new} for name, (old, new) in changes.items()}),
        "lead": {
            "status": cast("Status", lead.status),
            "status_reason": cast(
                "StatusReason", changes["status_reason"][1] if "status_reason" in changes else lead.status_reason
            ),
            "sales_ready": lead.sales_ready or "sales_ready" in changes,
        },
        "qualification_number": qualification.number,
        "origin": origin,
        "occurred_at": qualification.at,
        "trigger": trigger_of(trigger),
    }
    if model.definition.members:
        stands = [one.met for one in qualification.criteria]
        event["tree"] = evidence_group(model.definition.match, model.definition.members, stands)
    if lead.contact_id is not None:
        event["contact_id"] = lead.contact_id
    if lead.owner_id is not None:
        event["lead"]["owner_id"] = lead.owner_id
    if lead.changed_at is not None:
        event["lead"]["changed_at"] = lead.changed_at
    return event


def trigger_of(cause: Cause) -> Trigger:
    """The record that something was decided on, as events name it."""
    return {
        "event_id": cause.event_id,
        "topic": cause.topic,
        "partition": cause.partition,
        "offset": cause.offset,
    }


def evidence_group(match: Match, members: tuple[Member, ...], stands: Sequence[bool]) -> EvidenceGroup:
    """How a group stood, where `stands` says of each criterion of the model whether it was met."""
    return {
        "match": match_definition(match),
        "met": met(match, members, stands),
        "members": [
            evidence_group(one.match, one.members, stands) if isinstance(one, Group) else one for one in members
        ],
    }


def evidence_of(criterion: CriterionEvidence) -> Evidence:
    """A criterion as lead-qualified carries it."""
    evidence: Evidence = {
        "scoring_model_id": criterion.scoring_model_id,
        "threshold": plain(criterion.threshold),
        "met": criterion.met,
    }
    if criterion.score is not None and criterion.scored_at is not None:
        evidence["score"] = plain(criterion.score)
        evidence["scored_at"] = criterion.scored_at
    return evidence
