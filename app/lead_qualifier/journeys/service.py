"""The journeys service, wired."""

from __future__ import annotations

from lead_qualifier.journeys.kind import KIND
from lead_qualifier.journeys.processor import JourneyProcessor, decode_state, encode_state
from lead_qualifier.messages.downstream_topics import JOURNEY_STATE
from lead_qualifier.services.downstream_service import Wiring
from lead_qualifier.services.service import Service


def build(wiring: Wiring) -> Service:
    """The definitions' decider and the service's own application."""
    return wiring.of_leads(KIND, JOURNEY_STATE, JourneyProcessor, encode_state, decode_state)
