"""The follow-up service, wired."""

from __future__ import annotations

from app.contracts.downstream.topics import FOLLOW_UP_STATE
from app.downstream.follow_up.kind import KIND
from app.downstream.follow_up.processor import FollowUpProcessor, decode_state, encode_state
from app.downstream.service import Wiring
from app.hosting.service import Service


def build(wiring: Wiring) -> Service:
    """The definitions' decider and the service's own application."""
    return wiring.of_leads(KIND, FOLLOW_UP_STATE, FollowUpProcessor, encode_state, decode_state)
