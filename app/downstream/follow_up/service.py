"""The follow-up service, wired."""

from __future__ import annotations

from app.contracts.downstream import topics
from app.contracts.topics import LEAD_CHANGED, LEAD_MERGED, LEAD_QUALIFIED, LEAD_SALES_RESPONSE
from app.downstream.follow_up.kind import KIND
from app.downstream.follow_up.processor import FollowUpProcessor, decode_state, encode_state
from app.downstream.service import Wiring
from app.hosting.service import Service


def build(wiring: Wiring) -> Service:
    """The definitions' decider and follow-up's own application."""
    definitions, deciding = wiring.definitions(
        KIND,
        commands=topics.FOLLOW_UP_COMMANDS,
        changed=topics.FOLLOW_UP_DEFINITION_CHANGED,
        state=topics.FOLLOW_UP_COMMAND_STATE,
        shown=topics.FOLLOW_UP_DEFINITIONS,
    )
    processor = FollowUpProcessor(topic_prefix=wiring.prefix, source=wiring.source, current=definitions.table.current)
    follow_up = wiring.application(
        "follow-up",
        (
            LEAD_CHANGED,
            LEAD_MERGED,
            LEAD_QUALIFIED,
            topics.LEAD_ASSIGNED,
            LEAD_SALES_RESPONSE,
            topics.ACTIVITY_COMPLETED,
        ),
        topics.FOLLOW_UP_STATE,
        processor,
        encode_state,
        decode_state,
    )
    return wiring.service(follow_up, deciding, projections=(definitions,))
