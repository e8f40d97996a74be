"""The sequences service, wired."""

from __future__ import annotations

from app.contracts.downstream import topics
from app.contracts.topics import LEAD_CHANGED, LEAD_MERGED, LEAD_QUALIFIED
from app.downstream.sequences.kind import KIND
from app.downstream.sequences.processor import SequenceProcessor, decode_state, encode_state
from app.downstream.service import Wiring
from app.hosting.service import Service


def build(wiring: Wiring) -> Service:
    """The definitions' decider and the sequences' own application."""
    definitions, deciding = wiring.definitions(
        KIND,
        commands=topics.SEQUENCE_COMMANDS,
        changed=topics.SEQUENCE_DEFINITION_CHANGED,
        state=topics.SEQUENCE_COMMAND_STATE,
        shown=topics.SEQUENCE_DEFINITIONS,
    )
    processor = SequenceProcessor(topic_prefix=wiring.prefix, source=wiring.source, current=definitions.table.current)
    sequences = wiring.application(
        "sequences",
        (
            LEAD_CHANGED,
            LEAD_MERGED,
            LEAD_QUALIFIED,
            topics.LEAD_ASSIGNED,
            topics.SEQUENCE_CONNECTIONS,
            topics.ACTIVITY_COMPLETED,
        ),
        topics.SEQUENCE_STATE,
        processor,
        encode_state,
        decode_state,
    )
    return wiring.service(sequences, deciding, projections=(definitions,))
