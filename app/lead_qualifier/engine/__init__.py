"""Exactly-once partition processing on faust-streaming and confluent-kafka; knows nothing of leads."""

from lead_qualifier.engine.application import Application, Input, PlainRecord, Processor, Record, Rejected
from lead_qualifier.engine.context import OutputTooLarge, ProcessorContext
from lead_qualifier.engine.engine import DEFAULT_LIMITS, Engine, Limits, Observer
from lead_qualifier.engine.fault_points import FaultHook, FaultPoint
from lead_qualifier.engine.partitioning import partition_of
from lead_qualifier.engine.restoration import StateMismatch
from lead_qualifier.engine.timers import Timer, timers_in
from lead_qualifier.kafka.records import Headers

__all__ = [
    "DEFAULT_LIMITS",
    "Application",
    "Engine",
    "FaultHook",
    "FaultPoint",
    "Headers",
    "Input",
    "Limits",
    "Observer",
    "OutputTooLarge",
    "PlainRecord",
    "Processor",
    "ProcessorContext",
    "Record",
    "Rejected",
    "StateMismatch",
    "Timer",
    "partition_of",
    "timers_in",
]
