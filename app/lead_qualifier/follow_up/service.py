"""The follow-up service, wired."""

from __future__ import annotations

from lead_qualifier.follow_up.kind import KIND
from lead_qualifier.follow_up.processor import FollowUpProcessor, decode_state, encode_state
from lead_qualifier.messages.downstream_topics import FOLLOW_UP_STATE
from lead_qualifier.services.downstream_service import Wiring
from lead_qualifier.services.service import Service


def build(wiring: Wiring) -> Service:
    """The definitions' decider and the service's own application."""
    return wiring.of_leads(KIND, FOLLOW_UP_STATE, FollowUpProcessor, encode_state, decode_state)
