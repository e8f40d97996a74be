"""The consumer groups that an installation has, and whether processes are in them."""

from __future__ import annotations

import time
from dataclasses import dataclass

from lead_qualifier.kafka.admin import Admin
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.groups import member_hosts
from lead_qualifier.maintenance.errors import ProcessesRunning
from lead_qualifier.messages.topics import DOWNSTREAM_TOPICS
from lead_qualifier.services.errors import TopicsUnfit
from lead_qualifier.services.topic_setup import TopicSetup
from lead_qualifier.services.topology import DOWNSTREAM, WORKER, ServiceTopology

_SECONDS = 30.0
#: The broker counts a process that ended without leaving its group for ten seconds: one that refuses its checkpoint
#: ends like that.
_LEAVING_SECONDS = 13.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceGroup:
    """The consumer group of one service. `state_prefix`: what precedes the names of its changelogs."""

    id: str
    service: ServiceTopology
    state_prefix: str


def worker_group(application_id: str, *, state_prefix: str) -> ServiceGroup:
    """The group of the workers."""
    return ServiceGroup(id=WORKER.group_id(application_id), service=WORKER, state_prefix=state_prefix)


def downstream_groups(connection: Connection, application_id: str, *, topic_prefix: str) -> tuple[ServiceGroup, ...]:
    """The groups of the downstream services whose changelogs exist, whether they have ever run or not.

    Raises TopicsUnfit if topics may not be seen, NotAllowed, KafkaException.
    """
    found = TopicSetup(connection, topics=DOWNSTREAM_TOPICS, prefix=topic_prefix, partitions=1).find()
    if hidden := [one.line for one in found if one.partitions is None and not one.missing]:
        raise TopicsUnfit(hidden)
    existing = {one.topic for one in found if not one.missing}
    return tuple(
        ServiceGroup(id=service.group_id(application_id), service=service, state_prefix=topic_prefix)
        for service in DOWNSTREAM.values()
        if any(state in existing for state in service.changelogs)
    )


def check_nothing_runs(connection: Connection, group_id: str, *, patience: float = _LEAVING_SECONDS) -> None:
    """Raises ProcessesRunning if the group has members after `patience` seconds, NotAllowed, KafkaException."""
    admin = Admin(connection.confluent())
    deadline = time.monotonic() + patience
    while hosts := member_hosts(admin, group_id, timeout=_SECONDS):
        if time.monotonic() > deadline:
            raise ProcessesRunning(group_id, hosts)
        time.sleep(0.5)
