"""The documents of the sequences service."""

from __future__ import annotations

from app.contracts.document import Document, of
from app.contracts.downstream import topics
from app.contracts.downstream.sequences import (
    ActivityCompleted,
    SequenceChanged,
    SequenceConnection,
    SequenceDefinition,
    SequenceState,
    SequenceStepDue,
)

DOCUMENTS: tuple[Document, ...] = (
    Document("sequence-definition", SequenceDefinition),
    of(topics.SEQUENCE_CONNECTIONS, SequenceConnection),
    of(topics.ACTIVITY_COMPLETED, ActivityCompleted),
    of(topics.SEQUENCE_STEP_DUE, SequenceStepDue),
    of(topics.SEQUENCE_CHANGED, SequenceChanged),
    of(topics.SEQUENCE_STATE, SequenceState),
)
