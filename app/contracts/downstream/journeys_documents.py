"""The documents of the journeys service, beside those of its definitions."""

from __future__ import annotations

from app.contracts.document import Document, of
from app.contracts.downstream.journeys import JourneyDefinition, JourneyEntryRequested, JourneyState
from app.contracts.downstream.topics import JOURNEY_ENTRY_REQUESTED, JOURNEY_STATE

DOCUMENTS: tuple[Document, ...] = (
    Document("journey-definition", JourneyDefinition),
    of(JOURNEY_ENTRY_REQUESTED, JourneyEntryRequested),
    of(JOURNEY_STATE, JourneyState),
)
