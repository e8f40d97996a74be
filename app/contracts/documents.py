"""What schemas/ describes: every kind of record with the type that checks it, and the model file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter

from app.contracts import topics
from app.contracts.command_messages import FeatureCommand, ModelCommand, ScoringModelChanged
from app.contracts.lead_messages import LeadChanged, LeadMerged, LeadScoreChanged
from app.contracts.lead_qualified import LeadQualified
from app.contracts.model_changed import QualificationModelChanged
from app.contracts.model_definition import ModelDefinition
from app.contracts.stored import CommandState, DeadLetterHeaders, LeadHandover, LeadState, RulesState
from app.contracts.topics import Topic


@dataclass(frozen=True)
class Document:
    """One JSON Schema. `name` is its file's, and the topic's where there is one."""

    name: str
    describes: Any
    #: Where the schema itself has none: what `describes` is.
    description: str | None = None
    topic: Topic | None = None

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        """What checks a value by this document."""
        return TypeAdapter(self.describes)


def _of(topic: Topic, describes: Any, description: str | None = None) -> Document:
    return Document(topic.name, describes, description, topic)


DEAD_LETTER_HEADERS = Document(
    "lead-dead-letters.headers", DeadLetterHeaders, "Headers of a dead letter.", topics.LEAD_DEAD_LETTERS
)

DOCUMENTS: tuple[Document, ...] = (
    _of(topics.LEAD_SCORE_CHANGED, LeadScoreChanged),
    _of(topics.LEAD_CHANGED, LeadChanged),
    _of(topics.LEAD_MERGED, LeadMerged),
    _of(topics.SCORING_MODEL_CHANGED, ScoringModelChanged),
    _of(topics.QUALIFICATION_COMMANDS, ModelCommand, "A command on a qualification model."),
    _of(topics.FEATURE_COMMANDS, FeatureCommand),
    _of(topics.QUALIFICATION_MODELS, RulesState, "A qualification model, scoring model or feature as it stands."),
    _of(topics.QUALIFICATION_MODEL_CHANGED, QualificationModelChanged),
    _of(topics.COMMAND_STATE, CommandState, "What the command decider holds: as qualification-models, and answers."),
    _of(topics.LEAD_QUALIFIED, LeadQualified),
    _of(topics.LEAD_HANDOVERS, LeadHandover),
    _of(topics.LEAD_STATE, LeadState),
    DEAD_LETTER_HEADERS,
    Document("qualification-model", ModelDefinition),
)
