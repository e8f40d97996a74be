"""Puts the assignment service together: intake by lead, relay, and the one that decides."""

from __future__ import annotations

import msgspec

from lead_qualifier.assignment.intake import Intake, decode_followed, encode_followed
from lead_qualifier.assignment.processor import AssignmentDecider
from lead_qualifier.assignment.relay import Relay
from lead_qualifier.assignment.state import decode_state, encode_state
from lead_qualifier.messages import downstream_topics as topics
from lead_qualifier.messages.topics import LEAD_CHANGED, LEAD_MERGED, LEAD_QUALIFIED
from lead_qualifier.services.downstream_service import Wiring
from lead_qualifier.services.service import Service


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
