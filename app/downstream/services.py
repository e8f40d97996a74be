"""The downstream services by name, and the process that hosts one of them or all."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import Counter

from app.acls import Service as Login
from app.acls import grants, naming_of
from app.contracts.downstream.topics import SERVICES
from app.downstream.assignment import service as assignment
from app.downstream.follow_up import service as follow_up
from app.downstream.journeys import service as journeys
from app.downstream.sequences import service as sequences
from app.downstream.service import Build, Wiring
from app.engine import DEFAULT_LIMITS, Hook, Limits
from app.engine.steps import no_hook
from app.hosting.metrics import Metrics
from app.hosting.process import Process
from app.kafka import Connection
from app.settings import Settings

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
    hook: Hook = no_hook,
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
