"""The documents of all downstream services: those of their definitions, which are alike, and their own."""

from __future__ import annotations

from app.contracts.document import Document, of
from app.contracts.downstream import topics
from app.contracts.downstream.assignment_documents import DOCUMENTS as ASSIGNMENT
from app.contracts.downstream.definitions import DefinitionChanged, DefinitionCommand, DefinitionState
from app.contracts.downstream.follow_up_documents import DOCUMENTS as FOLLOW_UP
from app.contracts.downstream.journeys_documents import DOCUMENTS as JOURNEYS
from app.contracts.downstream.sequences_documents import DOCUMENTS as SEQUENCES
from app.contracts.stored import ABOUT_DEAD_LETTER_HEADERS, DeadLetterHeaders

DOWNSTREAM_DEAD_LETTER_HEADERS = Document(
    "downstream-dead-letters.headers", DeadLetterHeaders, ABOUT_DEAD_LETTER_HEADERS, topics.DOWNSTREAM_DEAD_LETTERS
)
_STATES = (
    topics.JOURNEY_DEFINITIONS,
    topics.JOURNEY_COMMAND_STATE,
    topics.SEQUENCE_DEFINITIONS,
    topics.SEQUENCE_COMMAND_STATE,
    topics.FOLLOW_UP_DEFINITIONS,
    topics.FOLLOW_UP_COMMAND_STATE,
)

DOCUMENTS: tuple[Document, ...] = (
    *(of(topics.commands(kind), DefinitionCommand) for kind in topics.KINDS),
    *(of(topics.definition_changed(kind), DefinitionChanged) for kind in topics.KINDS),
    *(of(topic, DefinitionState) for topic in _STATES),
    *SEQUENCES,
    DOWNSTREAM_DEAD_LETTER_HEADERS,
    *JOURNEYS,
    *ASSIGNMENT,
    *FOLLOW_UP,
)
