"""Exactly-once partition processing on faust-streaming and confluent-kafka; knows nothing of leads."""

from lead_qualifier.engine.application import Application, Input, Processor
from lead_qualifier.engine.context import ProcessorContext
from lead_qualifier.engine.engine import Engine
from lead_qualifier.engine.errors import DeadLetterClass, EngineError, OutputTooLarge, Rejected, Report, StateMismatch
from lead_qualifier.engine.fault_points import FaultHook, FaultPoint
from lead_qualifier.engine.limits import DEFAULT_LIMITS, Limits
from lead_qualifier.engine.observer import Observer
from lead_qualifier.engine.partition import Partition, PartitionResult
from lead_qualifier.engine.partitioning import TopicPartition, partition_of
from lead_qualifier.engine.timers import Timer, timers_in
from lead_qualifier.kafka.records import Headers, Record

__all__ = [
    "DEFAULT_LIMITS",
    "Application",
    "DeadLetterClass",
    "Engine",
    "EngineError",
    "FaultHook",
    "FaultPoint",
    "Headers",
    "Input",
    "Limits",
    "Observer",
    "OutputTooLarge",
    "Partition",
    "PartitionResult",
    "Processor",
    "ProcessorContext",
    "Record",
    "Rejected",
    "Report",
    "StateMismatch",
    "Timer",
    "TopicPartition",
    "partition_of",
    "timers_in",
]
