"""What is stored and who may read it: leads as the worker's changelog holds them, and what the workers decide by.

These describe what the domain encodes; they are for the schemas and for readers in other programs. A test holds both
together.
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple, NotRequired

from pydantic import Field, WithJsonSchema, with_config
from typing_extensions import TypeAliasType, TypedDict

from lead_qualifier.messages.fields import EMITTED, Id, Number, Timestamp
from lead_qualifier.messages.lead_messages import Status, StatusReason
from lead_qualifier.messages.lead_qualified import Trigger
from lead_qualifier.messages.model_definition import Policy
from lead_qualifier.qualification.leads import Origin

Revision = Annotated[int, Field(ge=1, description="Of the last change, in one order over everything that decides.")]
Version = Annotated[int, Field(ge=1, description="Published version.")]


@with_config(EMITTED)
class StoredScore(TypedDict):
    """A lead's score on one scoring model."""

    value: Annotated[Number, Field(description="The score.")]
    at: Annotated[Timestamp, Field(description="occurred_at of the event that brought it.")]


@with_config(EMITTED)
class StoredMark(TypedDict):
    """That a model qualified this lead."""

    version: Annotated[int, Field(ge=1, description="The version of the model that decided.")]
    number: Annotated[int, Field(ge=1, description="The how manieth time.")]
    at: Annotated[Timestamp, Field(description="occurred_at of what triggered it.")]
    trigger: Annotated[Id, Field(description="event_id of what triggered it.")]
    cleared: NotRequired[Annotated[bool, Field(description="true: the CRM reset or reopened the lead since.")]]
    dropped: NotRequired[
        Annotated[bool, Field(description="true: the scores fell below the criteria since (on_recross).")]
    ]
    rejected: NotRequired[Annotated[Timestamp, Field(description="When sales rejected the lead.")]]
    barred: NotRequired[
        Annotated[
            bool, Field(description="true: rejected for good; the model qualifies it again once the CRM resets it.")
        ]
    ]
    not_before: NotRequired[
        Annotated[Timestamp, Field(description="Rejected: nothing that occurred before this qualifies it again.")]
    ]


@with_config(EMITTED)
class StoredHold(TypedDict):
    """That the criteria of a model are met and must stay so for a while."""

    version: Annotated[int, Field(ge=1, description="The version of the model.")]
    due: Annotated[Timestamp, Field(description="When the lead qualifies if they are met until then, by the clock.")]
    at: Annotated[Timestamp, Field(description="occurred_at of what began it.")]
    origin: Annotated[Origin, Field(description="live: an event of the lead. sweep: the publish command.")]
    trigger: Annotated[Trigger, Field(description="The record that began it.")]


@with_config(EMITTED)
class StoredErased(TypedDict):
    """That a lead was erased, for as long as something from before may still come."""

    at_ms: Annotated[int, Field(description="Time of the record that erased it, in milliseconds since 1970.")]
    until_ms: Annotated[int, Field(description="When this is forgotten, by the clock, in milliseconds since 1970.")]
    marks: NotRequired[
        Annotated[
            dict[str, StoredMark],
            Field(description="Which models had qualified it, for the lead that it may be merged into."),
        ]
    ]
    merged: NotRequired[Annotated[bool, Field(description="true: it had been merged before it was erased.")]]


@with_config(EMITTED)
class LeadState(TypedDict):
    """All that is held about a lead, by its id as the record's key; no value: nothing is held (erased).

    A key that is not UTF-8 is no lead but the worker's own note of its position.
    """

    status: NotRequired[Annotated[Status, Field(description="Absent: open.")]]
    status_reason: NotRequired[Annotated[StatusReason, Field(description="Absent: new.")]]
    sales_ready: NotRequired[Annotated[bool, Field(description="Absent: false.")]]
    known: NotRequired[Annotated[bool, Field(description="true: the CRM told about this lead.")]]
    owner_id: NotRequired[Annotated[Id, Field(description="Who owns the lead.")]]
    contact_id: NotRequired[Annotated[Id, Field(description="The contact behind the lead.")]]
    attributes: NotRequired[
        Annotated[dict[str, str | int | float | bool], Field(description="Further facts from the CRM, by name.")]
    ]
    changed_at: NotRequired[Annotated[Timestamp, Field(description="occurred_at of the newest lead-changed.")]]
    scores: NotRequired[Annotated[dict[str, StoredScore], Field(description="By scoring model.")]]
    marks: NotRequired[Annotated[dict[str, StoredMark], Field(description="By qualification model.")]]
    qualified_at: NotRequired[
        Annotated[Timestamp, Field(description="occurred_at of what triggered our newest qualification.")]
    ]
    qualified_flags: NotRequired[
        Annotated[
            list[Literal["status_reason", "sales_ready"]],
            Field(description="What our newest qualification changed: an older lead-changed does not overwrite it."),
        ]
    ]
    holds: NotRequired[Annotated[dict[str, StoredHold], Field(description="By qualification model.")]]
    merged_into: NotRequired[Annotated[Id, Field(description="The lead it was merged into; this one cannot qualify.")]]
    merged_at: NotRequired[Annotated[Timestamp, Field(description="occurred_at of the newest lead-merged.")]]
    erasure: NotRequired[
        Annotated[
            int,
            Field(
                ge=0,
                description="The lead was erased, and what was sent to it before may still come: it will be dropped. "
                "Offset in lead-changed of the record that erased it.",
            ),
        ]
    ]
    erased: NotRequired[Annotated[StoredErased, Field(description="What is remembered of the erased lead.")]]


@with_config(EMITTED)
class StoredResponse(TypedDict):
    """What sales answered about a lead that was merged."""

    at: Annotated[Timestamp, Field(description="occurred_at of the lead-sales-response.")]
    accepted: Annotated[bool, Field(description="false: rejected.")]
    reason: NotRequired[Annotated[Id, Field(description="Why it was rejected.")]]
    model_id: NotRequired[Annotated[Id, Field(description="The qualification model meant. Absent: every one.")]]
    trigger: NotRequired[Annotated[Trigger, Field(description="The lead-sales-response.")]]


@with_config(EMITTED)
class LeadHandover(TypedDict):
    """What goes over from a merged lead to its survivor, whose id is the record's key.

    Without value, as older versions wrote it, a record means nothing.
    """

    event_id: Annotated[
        Id,
        Field(description="Of the lead-merged, or of a lead-score-changed or lead-sales-response that came after it."),
    ]
    loser_id: Annotated[Id, Field(description="The lead whose scores and marks these are.")]
    via: NotRequired[Annotated[list[Id], Field(description="Leads it went through, themselves merged. Absent: none.")]]
    scores: NotRequired[Annotated[dict[str, StoredScore], Field(description="By scoring model. Absent: none.")]]
    marks: NotRequired[Annotated[dict[str, StoredMark], Field(description="By qualification model. Absent: none.")]]
    response: NotRequired[Annotated[StoredResponse, Field(description="What sales answered. Absent: nothing.")]]
    begun_ms: NotRequired[
        Annotated[
            int,
            Field(
                description="Time of that record, in milliseconds since 1970: a survivor that was erased since takes "
                "nothing over."
            ),
        ]
    ]


@with_config(EMITTED)
class StoredCriterion(TypedDict):
    """A scoring model and the score on it that qualifies."""

    scoring_model: Id
    threshold: Number
    drop_below: NotRequired[Number]


@with_config(EMITTED)
class StoredAtLeast(TypedDict):
    """So many of the criteria."""

    at_least: Annotated[int, Field(ge=1)]


class StoredGroup(NamedTuple):
    """A group of criteria that counts as one, as a list of two: how many of its members must be met, and these."""

    match: Literal["all", "any"] | StoredAtLeast
    members: list[StoredMember]


StoredMember = TypeAliasType("StoredMember", int | StoredGroup)
"""The index of a criterion, or a group."""


@with_config(EMITTED)
class StoredActions(TypedDict):
    """What a qualified lead gets. Absent: false."""

    marketing_qualified: NotRequired[bool]
    sales_ready: NotRequired[bool]


@with_config(EMITTED)
class StoredRequalification(TypedDict):
    """What lets the model qualify a lead once more."""

    policy: NotRequired[Policy]
    cool_down: NotRequired[
        Annotated[
            str,
            WithJsonSchema({"type": "string", "format": "duration"}),
            Field(description="ISO 8601 duration, such as P30D. Absent: none."),
        ]
    ]


@with_config(EMITTED)
class StoredRecycling(TypedDict):
    """What becomes of a lead that sales rejected."""

    requalify: NotRequired[Annotated[bool, Field(description="Absent: true.")]]
    cool_down: NotRequired[
        Annotated[
            str,
            WithJsonSchema({"type": "string", "format": "duration"}),
            Field(description="ISO 8601 duration, such as P90D. Absent: none."),
        ]
    ]


@with_config(EMITTED)
class StoredOnRejection(TypedDict):
    """What becomes of a lead that sales rejected, and what instead for some reasons."""

    otherwise: NotRequired[StoredRecycling]
    reasons: NotRequired[dict[str, StoredRecycling]]


@with_config(EMITTED)
class StoredDefinition(TypedDict):
    """A qualification model as it is stored."""

    id: Id
    name: Id
    match: Literal["all", "any"] | StoredAtLeast
    criteria: list[StoredCriterion]
    actions: StoredActions
    existing_leads: NotRequired[Annotated[Literal["evaluate", "ignore"], Field(description="Absent: evaluate.")]]
    requalification: NotRequired[StoredRequalification]
    members: NotRequired[
        Annotated[list[StoredMember], Field(description="What `match` is about, if criteria are grouped.")]
    ]
    hold: NotRequired[
        Annotated[
            str,
            WithJsonSchema({"type": "string", "format": "duration"}),
            Field(description="So long the criteria must stay met, as an ISO 8601 duration such as PT900S."),
        ]
    ]
    on_rejection: NotRequired[StoredOnRejection]


@with_config(EMITTED)
class ModelState(TypedDict):
    """A qualification model as it stands. A deleted one is kept, so that its versions go on rising."""

    kind: Literal["model"]
    id: Id
    revision: Revision
    status: Annotated[Literal["draft", "live", "stopped", "deleted"], Field(description="Only a live one qualifies.")]
    version: NotRequired[Version]
    draft: NotRequired[
        Annotated[
            StoredDefinition,
            Field(
                description="What the next publish takes; absent: `published` again. A live model may hold one too: "
                "what runs is `published`."
            ),
        ]
    ]
    published: NotRequired[Annotated[StoredDefinition, Field(description="The definition of `version`.")]]
    published_revision: NotRequired[Annotated[int, Field(ge=1, description="The revision that published it.")]]
    publish_command_id: NotRequired[Annotated[Id, Field(description="The command that published it.")]]
    publish_command_offset: NotRequired[
        Annotated[int, Field(ge=0, description="Offset of that command in qualification-commands. Absent: 0.")]
    ]
    published_at: NotRequired[Annotated[Timestamp, Field(description="issued_at of that command.")]]
    published_by: NotRequired[Annotated[Id, Field(description="Who gave that command.")]]
    changed_at: NotRequired[Annotated[Timestamp, Field(description="issued_at of the last change.")]]
    changed_by: NotRequired[Annotated[Id, Field(description="Who made the last change.")]]
    shadow: NotRequired[
        Annotated[
            bool, Field(description="true: workers count what the draft would do. Only of a live model with one.")
        ]
    ]


@with_config(EMITTED)
class ScoringModelState(TypedDict):
    """A scoring model as it stands."""

    kind: Literal["scoring"]
    id: Id
    revision: Revision
    status: Annotated[Literal["draft", "live", "stopped"], Field(description="Only scores of live ones count.")]
    occurred_at: Annotated[Timestamp, Field(description="When it changed.")]
    name: NotRequired[Annotated[str, Field(description="What people call it.")]]
    maximum: NotRequired[Annotated[Number, Field(description="The highest score it gives.")]]


@with_config(EMITTED)
class FeatureState(TypedDict):
    """A feature as it stands; one that is not here is off."""

    kind: Literal["feature"]
    name: Id
    revision: Revision
    enabled: bool
    changed_at: NotRequired[Annotated[Timestamp, Field(description="When it was turned on or off.")]]
    changed_by: NotRequired[Annotated[Id, Field(description="Who did.")]]


@with_config(EMITTED)
class StoredAnswer(TypedDict):
    """What a command was answered."""

    command_id: Id
    accepted: bool
    code: Id
    message: str
    warnings: NotRequired[list[str]]
    version: NotRequired[int]
    revision: NotRequired[int]


@with_config(EMITTED)
class AnswersState(TypedDict):
    """The last commands on one entry and what they were answered: a repeated one is answered the same."""

    kind: Literal["answers"]
    target: Annotated[Id, Field(description="The key of the entry.")]
    answers: list[StoredAnswer]


RulesState = Annotated[ModelState | ScoringModelState | FeatureState, Field(discriminator="kind")]
CommandState = Annotated[ModelState | ScoringModelState | FeatureState | AnswersState, Field(discriminator="kind")]


@with_config(EMITTED)
class DeadLetterHeaders(TypedDict):
    """Added to the headers that the record came with. Key and value are the original bytes; null stays null.

    A header name that some clients cannot read (not UTF-8, or with a NUL byte) is escaped: `dl_header_` followed by the
    name's bytes in percent encoding, such as `dl_header_x-%FF`. The header keeps its position and value. If a whole
    batch is unreadable (compression, checksum, format), it becomes one dead letter whose value is the batch's bytes.
    """

    dl_topic: Annotated[str, Field(description="The topic it stood in, as the broker names it.")]
    dl_partition: Annotated[str, Field(pattern="^[0-9]+$", description="Its partition there.")]
    dl_offset: Annotated[str, Field(pattern="^[0-9]+$", description="Its offset there.")]
    dl_reason: Annotated[str, Field(description="Why it could not be handled, for a person; never data of the record.")]


ABOUT_DEAD_LETTER_HEADERS = "Headers of a dead letter. " + " ".join((DeadLetterHeaders.__doc__ or "").split())
