"""The journeys service, wired."""

from __future__ import annotations

from app.contracts.downstream.topics import JOURNEY_STATE
from app.downstream.journeys.kind import KIND
from app.downstream.journeys.processor import JourneyProcessor, decode_state, encode_state
from app.downstream.service import Wiring
from app.hosting.service import Service


def build(wiring: Wiring) -> Service:
    """The definitions' decider and the service's own application."""
    return wiring.of_leads(KIND, JOURNEY_STATE, JourneyProcessor, encode_state, decode_state)
