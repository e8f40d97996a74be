"""Exactly-once partition processing on faust-streaming and confluent-kafka; knows nothing of leads."""

from app.engine.application import Application, Input, PlainRecord, Processor, Record, Rejected
from app.engine.engine import DEFAULT_LIMITS, Engine, Limits, Observer
from app.engine.opening import Unusable
from app.engine.partitioning import partition_of
from app.engine.steps import Hook, Step
from app.engine.timers import Wake, wakes_in
from app.engine.unit import Unfit, Unit
from app.records import Headers

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
