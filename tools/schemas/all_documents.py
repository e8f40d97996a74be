"""The documents of all downstream services: those of their definitions, which are alike, and their own."""

from __future__ import annotations

from lead_qualifier.messages import downstream_topics as topics
from lead_qualifier.messages.definitions import DefinitionChanged, DefinitionCommand, DefinitionState
from lead_qualifier.messages.stored import ABOUT_DEAD_LETTER_HEADERS, DeadLetterHeaders
from tools.schemas.assignment_documents import DOCUMENTS as ASSIGNMENT
from tools.schemas.document import Document, of
from tools.schemas.follow_up_documents import DOCUMENTS as FOLLOW_UP
from tools.schemas.journeys_documents import DOCUMENTS as JOURNEYS
from tools.schemas.sequences_documents import DOCUMENTS as SEQUENCES

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
