"""What schemas/ describes: every kind of record with the type that checks it, and the model file."""

from __future__ import annotations

from app.contracts import topics
from app.contracts.command_messages import FeatureCommand, ModelCommand, ScoringModelChanged
from app.contracts.document import Document, of
from app.contracts.downstream.all_documents import DOCUMENTS as DOWNSTREAM
from app.contracts.lead_messages import LeadChanged, LeadMerged, LeadSalesResponse, LeadScoreChanged
from app.contracts.lead_qualified import LeadQualified
from app.contracts.lead_recycled import LeadRecycled
from app.contracts.model_changed import QualificationModelChanged
from app.contracts.model_definition import ModelDefinition
from app.contracts.stored import (
    ABOUT_DEAD_LETTER_HEADERS,
    CommandState,
    DeadLetterHeaders,
    LeadHandover,
    LeadState,
    RulesState,
)

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
