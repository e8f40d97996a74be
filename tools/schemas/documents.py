"""What schemas/ describes: every kind of record with the type that checks it, and the model file."""

from __future__ import annotations

from lead_qualifier.messages import topics
from lead_qualifier.messages.command_messages import FeatureCommand, ModelCommand, ScoringModelChanged
from lead_qualifier.messages.lead_messages import LeadChanged, LeadMerged, LeadSalesResponse, LeadScoreChanged
from lead_qualifier.messages.lead_qualified import LeadQualified
from lead_qualifier.messages.lead_recycled import LeadRecycled
from lead_qualifier.messages.model_changed import QualificationModelChanged
from lead_qualifier.messages.model_definition import ModelDefinition
from lead_qualifier.messages.stored import (
    ABOUT_DEAD_LETTER_HEADERS,
    CommandState,
    DeadLetterHeaders,
    LeadHandover,
    LeadState,
    RulesState,
)
from tools.schemas.all_documents import DOCUMENTS as DOWNSTREAM
from tools.schemas.document import Document, of

DEAD_LETTER_HEADERS = Document(
    "lead-dead-letters.headers", DeadLetterHeaders, ABOUT_DEAD_LETTER_HEADERS, topics.LEAD_DEAD_LETTERS
)

DOCUMENTS: tuple[Document, ...] = (
    of(topics.LEAD_SCORE_CHANGED, LeadScoreChanged),
    of(topics.LEAD_CHANGED, LeadChanged),
    of(topics.LEAD_MERGED, LeadMerged),
    of(topics.LEAD_SALES_RESPONSE, LeadSalesResponse),
    of(topics.SCORING_MODEL_CHANGED, ScoringModelChanged),
    of(topics.QUALIFICATION_COMMANDS, ModelCommand, "A command on a qualification model."),
    of(topics.FEATURE_COMMANDS, FeatureCommand),
    of(topics.QUALIFICATION_MODELS, RulesState, "A qualification model, scoring model or feature as it stands."),
    of(topics.QUALIFICATION_MODEL_CHANGED, QualificationModelChanged),
    of(topics.COMMAND_STATE, CommandState, "What the command decider holds: as qualification-models, and answers."),
    of(topics.LEAD_QUALIFIED, LeadQualified),
    of(topics.LEAD_RECYCLED, LeadRecycled),
    of(topics.LEAD_HANDOVERS, LeadHandover),
    of(topics.LEAD_STATE, LeadState),
    DEAD_LETTER_HEADERS,
    Document("qualification-model", ModelDefinition),
    *DOWNSTREAM,
)
