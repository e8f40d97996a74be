"""The documents of schemas/: every kind of record and every definition file, with the type that checks it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Union

from msgspec import Struct
from pydantic import Field, TypeAdapter

from lead_qualifier.assignment.intake import FollowedLead
from lead_qualifier.definitions.entries import Entry
from lead_qualifier.definitions.qualification_models.entries import (
    FeatureEntry,
    ModelEntry,
    ProcessedCommands,
    ScoringModelEntry,
)
from lead_qualifier.follow_up import deciding as follow_up
from lead_qualifier.journeys import deciding as journeys
from lead_qualifier.messages import topics
from lead_qualifier.messages.assignment import (
    AssignmentDefinition,
    AssignmentQueued,
    AssignmentRelayState,
    AssignmentState,
    LeadAssigned,
    SellerChanged,
)
from lead_qualifier.messages.command_messages import FeatureCommand, ModelCommand, ScoringModelChanged
from lead_qualifier.messages.definitions import DefinitionChanged, DefinitionCommand
from lead_qualifier.messages.follow_up import FollowUpDefinition, LeadFollowUpOverdue
from lead_qualifier.messages.journeys import JourneyDefinition, JourneyEntryRequested
from lead_qualifier.messages.lead_messages import LeadChanged, LeadMerged, LeadSalesResponse, LeadScoreChanged
from lead_qualifier.messages.lead_qualified import LeadQualified
from lead_qualifier.messages.lead_recycled import LeadRecycled
from lead_qualifier.messages.model_changed import QualificationModelChanged
from lead_qualifier.messages.model_definition import ModelDefinition
from lead_qualifier.messages.sequences import (
    ActivityCompleted,
    SequenceChanged,
    SequenceConnection,
    SequenceDefinition,
    SequenceStepDue,
)
from lead_qualifier.messages.topics import Topic
from lead_qualifier.qualification.leads import Lead
from lead_qualifier.qualification.merging import LeadTransfer
from lead_qualifier.sequences import connections as sequences
from tools.schemas.dead_letters import DeadLetterHeaders
from tools.schemas.stored import stored


@dataclass(frozen=True)
class Document:
    """One JSON Schema."""

    name: str
    """Of its file, and of the topic where there is one."""
    type: Any
    """What checks a value that follows the schema, and what the schema is generated from."""
    description: str | None = None
    """What the document describes, where the type does not say so itself."""
    topic: Topic | None = None

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        """Validates values against the type."""
        return TypeAdapter(self.type)


_BY_LEAD = (
    "The record's key is the lead's id. A record without value: nothing is held, the lead was erased. A key that is "
    "not UTF-8 is not a lead's: its record is the processor's own checkpoint."
)


def _records(topic: Topic, type_: Any, description: str | None = None) -> Document:
    return Document(topic.name, type_, description, topic)


def _lead_state(topic: Topic, struct: type[Struct]) -> Document:
    held = stored(struct)
    return Document(topic.name, held, f"{held.__doc__}\n\n{_BY_LEAD}", topic)


def _headers(topic: Topic) -> Document:
    return Document(f"{topic.name}.headers", DeadLetterHeaders, None, topic)


_RULES = (ModelEntry, ScoringModelEntry, FeatureEntry)


def _entries(*structs: Any) -> Any:
    return Annotated[Union[tuple(map(stored, structs))], Field(discriminator="kind")]  # noqa: UP007  made of parts


_LEAD_TRANSFER = """\
What a merged lead hands over to the lead it was merged into, its survivor, whose id is the record's key.

A record without value, as older versions wrote it, means nothing."""

DOCUMENTS: tuple[Document, ...] = (
    # Leads and scores, as others report them.
    _records(topics.LEAD_SCORE_CHANGED, LeadScoreChanged),
    _records(topics.LEAD_CHANGED, LeadChanged),
    _records(topics.LEAD_MERGED, LeadMerged),
    _records(topics.LEAD_SALES_RESPONSE, LeadSalesResponse),
    _records(topics.SCORING_MODEL_CHANGED, ScoringModelChanged),
    # Definitions: files, commands, outcomes and what is stored.
    Document("qualification-model", ModelDefinition),
    Document("journey-definition", JourneyDefinition),
    Document("assignment-definition", AssignmentDefinition),
    Document("sequence-definition", SequenceDefinition),
    Document("follow-up-definition", FollowUpDefinition),
    _records(topics.QUALIFICATION_COMMANDS, ModelCommand, "A command on a qualification model."),
    _records(topics.FEATURE_COMMANDS, FeatureCommand),
    _records(
        topics.QUALIFICATION_MODELS,
        _entries(*_RULES),
        "The current state of a qualification model, a scoring model or a feature.",
    ),
    _records(topics.QUALIFICATION_MODEL_CHANGED, QualificationModelChanged),
    _records(
        topics.COMMAND_STATE,
        _entries(*_RULES, ProcessedCommands),
        "What the command processor holds: the records of `qualification-models`, and the "
        "outcomes of the last commands.",
    ),
    *(_records(topics.commands(kind), DefinitionCommand) for kind in topics.KINDS),
    *(_records(topics.definition_changed(kind), DefinitionChanged) for kind in topics.KINDS),
    *(
        _records(topic(kind), stored(Entry))
        for kind in topics.KINDS
        if kind != "assignment"  # whose service keeps definitions in its own state
        for topic in (topics.definitions, topics.command_state)
    ),
    # Qualification.
    _records(topics.LEAD_QUALIFIED, LeadQualified),
    _records(topics.LEAD_RECYCLED, LeadRecycled),
    _records(topics.LEAD_HANDOVERS, stored(LeadTransfer), _LEAD_TRANSFER),
    _lead_state(topics.LEAD_STATE, Lead),
    # Journeys.
    _records(topics.JOURNEY_ENTRY_REQUESTED, JourneyEntryRequested),
    _lead_state(topics.JOURNEY_STATE, journeys.LeadState),
    # Assignment.
    _records(topics.SELLER_CHANGED, SellerChanged),
    _records(topics.LEAD_ASSIGNED, LeadAssigned),
    _records(topics.ASSIGNMENT_QUEUE, AssignmentQueued),
    _lead_state(topics.ASSIGNMENT_LEAD_STATE, FollowedLead),
    _records(topics.ASSIGNMENT_RELAY_STATE, AssignmentRelayState),
    _records(topics.ASSIGNMENT_STATE, AssignmentState),
    # Sequences.
    _records(topics.SEQUENCE_CONNECTIONS, SequenceConnection),
    _records(topics.ACTIVITY_COMPLETED, ActivityCompleted),
    _records(topics.SEQUENCE_STEP_DUE, SequenceStepDue),
    _records(topics.SEQUENCE_CHANGED, SequenceChanged),
    _lead_state(topics.SEQUENCE_STATE, sequences.LeadState),
    # Follow-up.
    _records(topics.LEAD_FOLLOW_UP_OVERDUE, LeadFollowUpOverdue),
    _lead_state(topics.FOLLOW_UP_STATE, follow_up.LeadState),
    # Dead letters.
    _headers(topics.LEAD_DEAD_LETTERS),
    _headers(topics.DOWNSTREAM_DEAD_LETTERS),
)
