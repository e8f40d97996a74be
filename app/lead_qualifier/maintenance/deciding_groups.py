"""The consumer groups of an installation that decide: the workers', and those of the downstream services it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from lead_qualifier.kafka.connection import Connection
from lead_qualifier.maintenance.positions import PositionRepair
from lead_qualifier.messages.downstream_topics import CATALOGUE
from lead_qualifier.messages.topics import Topic
from lead_qualifier.services.topic_setup import TopicSetup, TopicsUnfit
from lead_qualifier.services.topology import DOWNSTREAM, WORKER, ServiceTopology


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidingGroup:
    """A consumer group, and the topics by which it decides."""

    id: str
    command: str
    """By which its processes are started."""
    topics: tuple[Topic, ...]
    """Every topic that must be there."""
    changelogs: Mapping[Topic, tuple[Topic, ...]]
    """Each topic of its state, and the topics whose positions it holds."""
    state_prefix: str
    trails: tuple[Topic, ...]
    """What commands have come to."""
    emits: tuple[Topic, ...]
    """What it has decided about leads."""

    def positions(self, connection: Connection, topic_prefix: str, *, time_tolerance: timedelta) -> PositionRepair:
        """Looks at its positions. `time_tolerance`: by so much clocks may differ."""
        return PositionRepair(
            connection,
            topic_prefix=topic_prefix,
            state_prefix=self.state_prefix,
            group_id=self.id,
            changelogs=self.changelogs,
            clock_seconds=time_tolerance.total_seconds(),
        )


def workers(application_id: str, *, state_prefix: str) -> DecidingGroup:
    """That of the workers."""
    return _group(WORKER, application_id, state_prefix)


def services(connection: Connection, application_id: str, *, topic_prefix: str) -> tuple[DecidingGroup, ...]:
    """Those of the downstream services whose state has topics, whether they have ever run or not.

    Raises TopicsUnfit if topics may not be seen, KafkaException.
    """
    found = TopicSetup(connection, topics=CATALOGUE, prefix=topic_prefix, partitions=1).find()
    hidden = [one for one in found if one.partitions is None and not one.missing]
    if hidden:
        raise TopicsUnfit(hidden)
    there = {one.topic for one in found if not one.missing}
    return tuple(
        _group(service, application_id, topic_prefix)
        for service in DOWNSTREAM.values()
        if any(state in there for state in service.changelogs)
    )


def _group(service: ServiceTopology, application_id: str, state_prefix: str) -> DecidingGroup:
    return DecidingGroup(
        id=service.group_id(application_id),
        command=service.command,
        topics=service.topics,
        changelogs=service.changelogs,
        state_prefix=state_prefix,
        trails=service.audit_trails,
        emits=service.lead_events,
    )
