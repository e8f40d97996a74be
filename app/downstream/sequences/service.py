"""The sequences service, wired."""

from __future__ import annotations

from app.contracts.downstream.topics import SEQUENCE_STATE
from app.downstream.sequences.kind import KIND
from app.downstream.sequences.processor import SequenceProcessor, decode_state, encode_state
from app.downstream.service import Wiring
from app.hosting.service import Service


def build(wiring: Wiring) -> Service:
    """The definitions' decider and the service's own application."""
    return wiring.of_leads(KIND, SEQUENCE_STATE, SequenceProcessor, encode_state, decode_state)
