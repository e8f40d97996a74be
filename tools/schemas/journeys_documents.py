"""The documents of the journeys service, beside those of its definitions."""

from __future__ import annotations

from lead_qualifier.messages.downstream_topics import JOURNEY_ENTRY_REQUESTED, JOURNEY_STATE
from lead_qualifier.messages.journeys import JourneyDefinition, JourneyEntryRequested, JourneyState
from tools.schemas.document import Document, of

DOCUMENTS: tuple[Document, ...] = (
    Document("journey-definition", JourneyDefinition),
    of(JOURNEY_ENTRY_REQUESTED, JourneyEntryRequested),
    of(JOURNEY_STATE, JourneyState),
)
