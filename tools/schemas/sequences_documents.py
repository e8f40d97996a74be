"""The documents of the sequences service."""

from __future__ import annotations

from lead_qualifier.messages import downstream_topics as topics
from lead_qualifier.messages.sequences import (
    ActivityCompleted,
    SequenceChanged,
    SequenceConnection,
    SequenceDefinition,
    SequenceState,
    SequenceStepDue,
)
from tools.schemas.document import Document, of

DOCUMENTS: tuple[Document, ...] = (
    Document("sequence-definition", SequenceDefinition),
    of(topics.SEQUENCE_CONNECTIONS, SequenceConnection),
    of(topics.ACTIVITY_COMPLETED, ActivityCompleted),
    of(topics.SEQUENCE_STEP_DUE, SequenceStepDue),
    of(topics.SEQUENCE_CHANGED, SequenceChanged),
    of(topics.SEQUENCE_STATE, SequenceState),
)
