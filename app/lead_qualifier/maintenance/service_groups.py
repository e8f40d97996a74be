"""The consumer groups that an installation has: the workers', and those of its downstream services."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from lead_qualifier.kafka.connection import Connection
from lead_qualifier.maintenance.checkpoints import CheckpointRepair
from lead_qualifier.messages.downstream_topics import CATALOGUE
from lead_qualifier.services.topic_setup import TopicSetup, TopicsUnfit
from lead_qualifier.services.topology import DOWNSTREAM, WORKER, ServiceTopology


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceGroup:
    """The consumer group of one service. `state_prefix`: what precedes the names of its changelogs."""

    id: str
    service: ServiceTopology
    state_prefix: str

    def checkpoints(self, connection: Connection, topic_prefix: str, *, time_tolerance: timedelta) -> CheckpointRepair:
        """`time_tolerance`: how far clocks may differ."""
        return CheckpointRepair(
            connection,
            topic_prefix=topic_prefix,
            state_prefix=self.state_prefix,
            group_id=self.id,
            changelogs=self.service.changelogs,
            clock_seconds=time_tolerance.total_seconds(),
        )


def worker_group(application_id: str, *, state_prefix: str) -> ServiceGroup:
    """That of the workers."""
    return ServiceGroup(id=WORKER.group_id(application_id), service=WORKER, state_prefix=state_prefix)


def downstream_groups(connection: Connection, application_id: str, *, topic_prefix: str) -> tuple[ServiceGroup, ...]:
    """Those of the downstream services whose changelogs exist, whether they have ever run or not.

    Raises TopicsUnfit if topics may not be seen, NotAllowed, KafkaException.
    """
    found = TopicSetup(connection, topics=CATALOGUE, prefix=topic_prefix, partitions=1).find()
    hidden = [one for one in found if one.partitions is None and not one.missing]
    if hidden:
        raise TopicsUnfit(hidden)
    existing = {one.topic for one in found if not one.missing}
    return tuple(
        ServiceGroup(id=service.group_id(application_id), service=service, state_prefix=topic_prefix)
        for service in DOWNSTREAM.values()
        if any(state in existing for state in service.changelogs)
    )
