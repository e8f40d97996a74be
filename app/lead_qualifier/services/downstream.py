"""The downstream services by name, and the process that hosts one of them or all."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import Counter

from lead_qualifier.assignment import service as assignment
from lead_qualifier.engine import DEFAULT_LIMITS, FaultHook, Limits
from lead_qualifier.engine.fault_points import no_fault_hook
from lead_qualifier.follow_up import service as follow_up
from lead_qualifier.journeys import service as journeys
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.messages.downstream_topics import SERVICES
from lead_qualifier.sequences import service as sequences
from lead_qualifier.services.acls import Service as Login
from lead_qualifier.services.acls import grants, naming_of
from lead_qualifier.services.downstream_service import Build, Wiring
from lead_qualifier.services.metrics import Metrics
from lead_qualifier.services.process import Process
from lead_qualifier.settings import Settings

BUILDS: dict[str, Build] = {
    "journeys": journeys.build,
    "assignment": assignment.build,
    "sequences": sequences.build,
    "follow-up": follow_up.build,
}


class DownstreamMetrics(Metrics):
    """Counts what became of what: what a unit counts as (kind, definition id, outcome)."""

    def __init__(self) -> None:
        super().__init__()
        self._outcomes = Counter(
            "lead_qualifier_downstream_outcomes",
            "What became of an event at a definition, by the kind of definition.",
            ["kind", "definition", "outcome"],
            registry=self.registry,
        )

    def count(self, what: object, count: int) -> None:
        """Take what a unit has counted."""
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
    """A process that hosts these services, each in a consumer group of its own."""
    return Process(
        settings,
        connection,
        build=lambda sizes: [BUILDS[name](Wiring(name, settings, sizes)) for name in names],
        topics=tuple(dict.fromkeys(topic for name in names for topic in SERVICES[name].all)),
        rights=[grant for name in names for grant in grants(Login(name), naming_of(settings))],
        metrics=DownstreamMetrics(),
        limits=limits,
        hook=hook,
    )
