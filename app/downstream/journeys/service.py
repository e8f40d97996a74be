"""The journeys service, wired."""

from __future__ import annotations

from app.contracts.downstream import topics
from app.contracts.topics import LEAD_CHANGED, LEAD_MERGED, LEAD_QUALIFIED
from app.downstream.journeys.kind import KIND
from app.downstream.journeys.processor import JourneyProcessor, decode_state, encode_state
from app.downstream.service import Wiring
from app.hosting.service import Service


def build(wiring: Wiring) -> Service:
    """The definitions' decider and the journeys' own application."""
    definitions, deciding = wiring.definitions(
        KIND,
        commands=topics.JOURNEY_COMMANDS,
        changed=topics.JOURNEY_DEFINITION_CHANGED,
        state=topics.JOURNEY_COMMAND_STATE,
        shown=topics.JOURNEY_DEFINITIONS,
    )
    processor = JourneyProcessor(topic_prefix=wiring.prefix, source=wiring.source, current=definitions.table.current)
    journeys = wiring.application(
        "journeys",
        (LEAD_CHANGED, LEAD_MERGED, LEAD_QUALIFIED),
        topics.JOURNEY_STATE,
        processor,
        encode_state,
        decode_state,
    )
    return wiring.service(journeys, deciding, projections=(definitions,))
