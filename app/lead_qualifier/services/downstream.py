"""The downstream services: how each is put together, and the process that hosts one of them or all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from prometheus_client import Counter
from typing_extensions import override

from lead_qualifier.assignment import intake
from lead_qualifier.assignment import processor as assignment
from lead_qualifier.assignment.relay import Relay
from lead_qualifier.assignment.state import decode_state, encode_state
from lead_qualifier.definitions.kind import Kind
from lead_qualifier.downstream.rule_based_processor import RuleBasedProcessor
from lead_qualifier.engine import DEFAULT_LIMITS, FaultHook, Limits
from lead_qualifier.engine.fault_points import no_fault_hook
from lead_qualifier.follow_up import processor as follow_up
from lead_qualifier.follow_up.kind import KIND as FOLLOW_UP
from lead_qualifier.journeys import processor as journeys
from lead_qualifier.journeys.kind import KIND as JOURNEY
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.sequences import processor as sequences
from lead_qualifier.sequences.kind import KIND as SEQUENCE
from lead_qualifier.services.acls import grants, naming_of
from lead_qualifier.services.metrics import Metrics
from lead_qualifier.services.process import Process
from lead_qualifier.services.service import Service
from lead_qualifier.services.topology import DOWNSTREAM
from lead_qualifier.services.wiring import Wiring
from lead_qualifier.settings import Settings

_Parts = tuple[Kind, Callable[..., RuleBasedProcessor[Any, Any]], Callable[[Any], bytes], Callable[[bytes], Any]]

_BY_DEFINITIONS: dict[str, _Parts] = {
    "journeys": (JOURNEY, journeys.JourneyProcessor, journeys.encode_state, journeys.decode_state),
    "sequences": (SEQUENCE, sequences.SequenceProcessor, sequences.encode_state, sequences.decode_state),
    "follow-up": (FOLLOW_UP, follow_up.FollowUpProcessor, follow_up.encode_state, follow_up.decode_state),
}


def build(wiring: Wiring) -> Service:
    """The service for this row of the topology."""
    if wiring.topology.name in _BY_DEFINITIONS:
        return wiring.of_leads(*_BY_DEFINITIONS[wiring.topology.name])
    return _assignment(wiring)


def _assignment(wiring: Wiring) -> Service:
    prefix, source, tolerance = wiring.prefix, wiring.source, wiring.settings.time_tolerance
    follower = intake.LeadIntake(topic_prefix=prefix, source=source, time_tolerance=tolerance)
    processor = assignment.AssignmentProcessor(prefix, source, tolerance)
    return wiring.service(
        wiring.application("assignment-intake", follower, intake.encode_followed, intake.decode_followed),
        wiring.application("assignment-relay", Relay(prefix, tolerance), msgspec.json.encode, msgspec.json.decode),
        wiring.application("assignment", processor, encode_state, decode_state),
    )


class DownstreamMetrics(Metrics):
    """Counts outcomes: processors count under (kind, definition id, outcome)."""

    def __init__(self) -> None:
        super().__init__()
        self._outcomes = Counter(
            "lead_qualifier_downstream_outcomes",
            "What became of an event at a definition, by the kind of definition.",
            ["kind", "definition", "outcome"],
            registry=self.registry,
        )

    @override
    def count(self, what: object, count: int) -> None:
        """Add to the counter of outcomes."""
        match what:
            case (kind, definition, outcome):
                self._outcomes.labels(kind, definition, outcome).inc(count)


def downstream_process(
    names: Sequence[str],
    settings: Settings,
    connection: Connection,
    *,
    limits: Limits = DEFAULT_LIMITS,
    hook: FaultHook = no_fault_hook,
) -> Process:
    """A process that hosts these services, each in its own consumer group."""
    return Process(
        settings,
        connection,
        build=lambda sizes: [build(Wiring(DOWNSTREAM[name], settings, sizes)) for name in names],
        topics=tuple(dict.fromkeys(topic for name in names for topic in DOWNSTREAM[name].topics)),
        rights=[grant for name in names for grant in grants(name, naming_of(settings))],
        metrics=DownstreamMetrics(),
        limits=limits,
        hook=hook,
    )
