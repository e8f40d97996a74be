"""Exactly-once partition processing on faust-streaming and confluent-kafka; knows nothing of leads."""

from lead_qualifier.engine.application import Application, Input, PlainRecord, Processor, Record, Rejected
from lead_qualifier.engine.context import Unfit, Unit
from lead_qualifier.engine.engine import DEFAULT_LIMITS, Engine, Limits, Observer
from lead_qualifier.engine.fault_points import Hook, Step
from lead_qualifier.engine.partitioning import partition_of
from lead_qualifier.engine.restoration import Unusable
from lead_qualifier.engine.timers import Wake, wakes_in
from lead_qualifier.kafka.records import Headers

__all__ = [
    "DEFAULT_LIMITS",
    "Application",
    "Engine",
    "Headers",
    "Hook",
    "Input",
    "Limits",
    "Observer",
    "PlainRecord",
    "Processor",
    "Record",
    "Rejected",
    "Step",
    "Unfit",
    "Unit",
    "Unusable",
    "Wake",
    "partition_of",
    "wakes_in",
]
