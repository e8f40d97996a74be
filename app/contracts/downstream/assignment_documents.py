"""The documents of the assignment service, beside those of its definitions' commands."""

from __future__ import annotations

from app.contracts.document import Document, of
from app.contracts.downstream import topics
from app.contracts.downstream.assignment import (
    AssignmentDefinition,
    AssignmentLeadState,
    AssignmentQueued,
    AssignmentRelayState,
    AssignmentState,
    LeadAssigned,
    SellerChanged,
)

DOCUMENTS: tuple[Document, ...] = (
    Document("assignment-definition", AssignmentDefinition),
    of(topics.SELLER_CHANGED, SellerChanged),
    of(topics.LEAD_ASSIGNED, LeadAssigned),
    of(topics.ASSIGNMENT_QUEUE, AssignmentQueued),
    of(topics.ASSIGNMENT_LEAD_STATE, AssignmentLeadState),
    of(topics.ASSIGNMENT_RELAY_STATE, AssignmentRelayState),
    of(topics.ASSIGNMENT_STATE, AssignmentState),
)
