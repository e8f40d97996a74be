"""The documents of the follow-up service, beside those of its definitions' commands."""

from __future__ import annotations

from app.contracts.document import Document, of
from app.contracts.downstream.follow_up import FollowUpDefinition, FollowUpState, LeadFollowUpOverdue
from app.contracts.downstream.topics import FOLLOW_UP_STATE, LEAD_FOLLOW_UP_OVERDUE

DOCUMENTS: tuple[Document, ...] = (
    Document("follow-up-definition", FollowUpDefinition),
    of(LEAD_FOLLOW_UP_OVERDUE, LeadFollowUpOverdue),
    of(FOLLOW_UP_STATE, FollowUpState),
)
