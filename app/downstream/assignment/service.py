"""Puts the assignment service together: intake by lead, relay, and the one that decides."""

from __future__ import annotations

import msgspec

from app.contracts.downstream import topics
from app.contracts.topics import LEAD_CHANGED, LEAD_MERGED, LEAD_QUALIFIED
from app.downstream.assignment.intake import Intake, decode_followed, encode_followed
from app.downstream.assignment.processor import AssignmentDecider
from app.downstream.assignment.relay import Relay
from app.downstream.assignment.state import decode_state, encode_state
from app.downstream.service import Wiring
from app.hosting.service import Service


def build(wiring: Wiring) -> Service:
    """The service."""
    tolerance = wiring.settings.time_tolerance
    return wiring.service(
        wiring.application(
            "assignment-intake",
            (LEAD_QUALIFIED, LEAD_CHANGED, LEAD_MERGED),
            topics.ASSIGNMENT_LEAD_STATE,
            Intake(topic_prefix=wiring.prefix, source=wiring.source, time_tolerance=tolerance),
            encode_followed,
            decode_followed,
        ),
        wiring.application(
            "assignment-relay",
            (topics.SELLER_CHANGED, topics.ASSIGNMENT_COMMANDS),
            topics.ASSIGNMENT_RELAY_STATE,
            Relay(wiring.prefix, tolerance),
            msgspec.json.encode,
            msgspec.json.decode,
        ),
        wiring.application(
            "assignment",
            (topics.ASSIGNMENT_QUEUE,),
            topics.ASSIGNMENT_STATE,
            AssignmentDecider(wiring.prefix, wiring.source, tolerance),
            encode_state,
            decode_state,
        ),
    )
