"""The lead-qualified event: a lead qualified, by which model and version, why, and what changed on it."""

from __future__ import annotations

import json
from hashlib import sha1
from typing import TYPE_CHECKING, Annotated, Literal, NotRequired, cast
from uuid import UUID

from pydantic import Field, with_config
from typing_extensions import TypeAliasType, TypedDict

from lead_qualifier.messages.fields import EMITTED, Id, Number, Timestamp, plain
from lead_qualifier.messages.lead_flags import Changes, StatusAndFlags, changes_of
from lead_qualifier.messages.lead_messages import ContactId, LeadId
from lead_qualifier.messages.model_definition import MatchDefinition, match_definition
from lead_qualifier.qualification.criteria import Group
from lead_qualifier.qualification.evidence import group_met
from lead_qualifier.qualification.flags import FLAG_NAMES
from lead_qualifier.qualification.leads import Origin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lead_qualifier.qualification.criteria import CriterionEvidence, Match, Member
    from lead_qualifier.qualification.leads import Lead, Qualification
    from lead_qualifier.qualification.leads import Trigger as Cause


@with_config(EMITTED)
class Trigger(TypedDict):
    """The record that led to a decision."""

    event_id: Annotated[Id, Field(description="`event_id` of the record, or `command_id` if it is a command.")]
    topic: Annotated[Id, Field(description="Topic of the record, without the installation's prefix.")]
    partition: Annotated[int, Field(ge=0, description="Partition of the record.")]
    offset: Annotated[int, Field(ge=0, description="Offset of the record.")]


LeadChangedOffset = Annotated[
    int,
    Field(
        ge=0,
        description="Every record of `lead-changed` before this offset, in the lead's partition, was known. "
        "If a record at or after it erases the lead, this event is about the erased lead, "
        "whichever of the two is read first.",
    ),
]


@with_config(EMITTED)
class Evidence(TypedDict):
    """How the lead stood on one criterion. Without a score, `score`, `grade` and `scored_at` are absent."""

    scoring_model_id: Annotated[Id, Field(description="The criterion's scoring model.")]
    threshold: NotRequired[
        Annotated[
            Number,
            Field(
                description="The score that meets the criterion, or any higher one. Absent: the criterion asks for "
                "`grades`."
            ),
        ]
    ]
    grades: NotRequired[
        Annotated[
            list[Id],
            Field(description="The grades that meet the criterion. Absent: the criterion asks for a `threshold`."),
        ]
    ]
    score: NotRequired[
        Annotated[Number, Field(description="The lead's current score, even if the scoring model is not live.")]
    ]
    met: Annotated[
        bool,
        Field(
            description="Whether the criterion is met: there is a score, its scoring model is live, the score is no "
            "older than the criterion allows, and it reaches the threshold or has one of the grades."
        ),
    ]
    grade: NotRequired[
        Annotated[
            Id, Field(description="Beside `grades`: the engine's grade for the current score. Absent: it gave none.")
        ]
    ]
    scored_at: NotRequired[Annotated[Timestamp, Field(description="`occurred_at` of the current score.")]]
    expired: NotRequired[
        Annotated[
            bool,
            Field(
                description="true: the current score was older than the criterion's `max_age` at the time of the "
                "decision and did not count. Otherwise absent."
            ),
        ]
    ]


@with_config(EMITTED)
class QualifiedLead(StatusAndFlags):
    """The lead after the qualification."""

    owner_id: NotRequired[Annotated[Id, Field(description="Who owns the lead.")]]
    changed_at: NotRequired[
        Annotated[
            Timestamp,
            Field(
                description="`occurred_at` of the newest `lead-changed` that was known. A later one came after this "
                "qualification, whichever of the two is read first. Absent: none was known."
            ),
        ]
    ]


@with_config(EMITTED)
class EvidenceGroup(TypedDict):
    """How the lead stood on a group of criteria. A member is the index of a criterion in `criteria`, starting at 0, or
    another group.
    """

    match: Annotated[MatchDefinition, Field(description="How many of the members had to be met.")]
    met: Annotated[bool, Field(description="Whether the group is met.")]
    members: Annotated[list[EvidenceMember], Field(description="The group's members, in the order of the definition.")]


EvidenceMember = TypeAliasType("EvidenceMember", int | EvidenceGroup)


@with_config(EMITTED)
class LeadQualified(TypedDict):
    """A lead qualified. Emitted once per qualification; read it with `isolation.level=read_committed`."""

    event_id: Annotated[
        Id,
        Field(
            description="A UUID (version 5) derived from lead, model, version, qualification number and "
            "triggering event: the same qualification always has the same id."
        ),
    ]
    lead_id: LeadId
    contact_id: NotRequired[ContactId]
    qualification_model_id: Annotated[Id, Field(description="The model that qualified the lead.")]
    qualification_model_version: Annotated[
        int, Field(ge=1, description="The published version that led to this decision.")
    ]
    match: Annotated[MatchDefinition, Field(description="How many of the criteria had to be met.")]
    criteria: Annotated[
        list[Evidence], Field(description="Every criterion of the model, in the order of the definition.")
    ]
    tree: NotRequired[
        Annotated[
            EvidenceGroup,
            Field(
                description="The groups of the criteria, and how the lead stood on each. Absent if the criteria are "
                "not grouped."
            ),
        ]
    ]
    changes: Changes
    lead: QualifiedLead
    qualification_number: Annotated[
        int, Field(ge=1, description="How many times the model has qualified the lead: 1 for the first.")
    ]
    origin: Annotated[
        Origin,
        Field(
            description="What started the qualification. `live`: an event of the lead; `sweep`: the publish "
            "command, which evaluates existing leads; `fast_track`: a change of the lead by which the model's "
            "`fast_track` came true. After a hold: the origin of what started the hold."
        ),
    ]
    fast_track: NotRequired[
        Annotated[
            Literal[True],
            Field(
                description="true: the lead took the model's fast track, so it qualified whatever its scores; "
                "`criteria` shows them as they stood. Absent otherwise."
            ),
        ]
    ]
    occurred_at: Annotated[Timestamp, Field(description="When the triggering event occurred.")]
    trigger: Trigger
    lead_changed_offset: NotRequired[LeadChangedOffset]


def lead_qualified(
    lead_id: str, lead: Lead, qualification: Qualification, *, origin: Origin, trigger: Cause
) -> LeadQualified:
    """The event to emit. `lead` may be in its state before or after mark(): the changes are applied on top.

    `trigger`: for a sweep, the record of the publish command; after a hold, the record that started the hold.
    """
    model, changes = qualification.model, qualification.changes
    flags = {name: changes[name][1] if name in changes else getattr(lead, name) for name in FLAG_NAMES}
    event: LeadQualified = {
        "event_id": qualification_event_id(lead_id, model.id, model.version, qualification.number, trigger.event_id),
        "lead_id": lead_id,
        "qualification_model_id": model.id,
        "qualification_model_version": model.version,
        "match": match_definition(model.definition.match),
        "criteria": [evidence_of(one) for one in qualification.criteria],
        "changes": changes_of(changes),
        "lead": cast("QualifiedLead", {"status": lead.status, **flags}),
        "qualification_number": qualification.number,
        "origin": origin,
        "occurred_at": qualification.at,
        "trigger": trigger_of(trigger),
    }
    if origin == "fast_track":
        event["fast_track"] = True
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
    """The record that led to a decision, as events refer to it."""
    return {
        "event_id": cause.event_id,
        "topic": cause.topic,
        "partition": cause.partition,
        "offset": cause.offset,
    }


def evidence_group(match: Match, members: tuple[Member, ...], stands: Sequence[bool]) -> EvidenceGroup:
    """How the lead stood on a group. `stands`: whether each criterion of the model was met."""
    return {
        "match": match_definition(match),
        "met": group_met(match, members, stands),
        "members": [
            evidence_group(one.match, one.members, stands) if isinstance(one, Group) else one for one in members
        ],
    }


def evidence_of(criterion: CriterionEvidence) -> Evidence:
    """A criterion as lead-qualified carries it."""
    name, met = criterion.scoring_model_id, criterion.met
    evidence: Evidence
    if criterion.threshold is None:
        evidence = {"scoring_model_id": name, "grades": list(criterion.grades), "met": met}
    else:
        evidence = {"scoring_model_id": name, "threshold": plain(criterion.threshold), "met": met}
    if criterion.score is not None and criterion.scored_at is not None:
        evidence["score"] = plain(criterion.score)
        evidence["scored_at"] = criterion.scored_at
    if criterion.grade is not None:
        evidence["grade"] = criterion.grade
    if criterion.expired:
        evidence["expired"] = True
    return evidence


_text = json.encoder.encode_basestring_ascii
_EVENT_IDS = UUID("5b0f7e52-6d0c-5a43-9a5e-3c1d8f2b7a64")


def qualification_event_id(lead_id: str, model_id: str, version: int, number: int, trigger_event_id: str) -> str:
    """The id of a lead-qualified event: the same for the same qualification, however often it is computed."""
    # As a JSON array no part can run into the next.
    name = f"[{_text(lead_id)}, {_text(model_id)}, {version}, {number}, {_text(trigger_event_id)}]"
    # uuid.uuid5(_EVENT_IDS, name), which takes longer than the decision
    digest = bytearray(sha1(_EVENT_IDS.bytes + name.encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
