"""The documents of the assignment service, beside those of its definitions' commands."""

from __future__ import annotations

from lead_qualifier.messages import downstream_topics as topics
from lead_qualifier.messages.assignment import (
    AssignmentDefinition,
    AssignmentLeadState,
    AssignmentQueued,
    AssignmentRelayState,
    AssignmentState,
    LeadAssigned,
    SellerChanged,
)
from tools.schemas.document import Document, of

DOCUMENTS: tuple[Document, ...] = (
    Document("assignment-definition", AssignmentDefinition),
    of(topics.SELLER_CHANGED, SellerChanged),
    of(topics.LEAD_ASSIGNED, LeadAssigned),
    of(topics.ASSIGNMENT_QUEUE, AssignmentQueued),
    of(topics.ASSIGNMENT_LEAD_STATE, AssignmentLeadState),
    of(topics.ASSIGNMENT_RELAY_STATE, AssignmentRelayState),
    of(topics.ASSIGNMENT_STATE, AssignmentState),
)
