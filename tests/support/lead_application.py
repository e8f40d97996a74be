"""The application of leads as a worker has it, on one partition, for tests that process records without Kafka."""

from __future__ import annotations

from lead_qualifier.engine import Application, Input, Processor
from lead_qualifier.services.worker.lead_processor import decode_lead, encode_lead

INPUTS = ("lead-changed", "lead-merged", "lead-handovers", "lead-sales-response", "lead-score-changed")


def lead_application(processor: Processor) -> Application:
    return Application(
        name="leads",
        inputs=tuple(Input(topic) for topic in INPUTS),
        changelog="lead-state",
        dead_letters="lead-dead-letters",
        partitions=1,
        processor=processor,
        encode_state=encode_lead,
        decode_state=decode_lead,
    )
