"""The documents of the follow-up service, beside those of its definitions' commands."""

from __future__ import annotations

from lead_qualifier.messages.downstream_topics import FOLLOW_UP_STATE, LEAD_FOLLOW_UP_OVERDUE
from lead_qualifier.messages.follow_up import FollowUpDefinition, FollowUpState, LeadFollowUpOverdue
from tools.schemas.document import Document, of

DOCUMENTS: tuple[Document, ...] = (
    Document("follow-up-definition", FollowUpDefinition),
    of(LEAD_FOLLOW_UP_OVERDUE, LeadFollowUpOverdue),
    of(FOLLOW_UP_STATE, FollowUpState),
)
