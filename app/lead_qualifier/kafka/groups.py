"""Consumer groups as the broker knows them: who is in one, what it has committed, and ending it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

import confluent_kafka
from confluent_kafka import ConsumerGroupState, KafkaError, KafkaException, TopicPartition

from lead_qualifier.kafka.admin import Admin
from lead_qualifier.kafka.errors import needing
from lead_qualifier.kafka.records import PartitionId

#: What a broker says that has not served a group yet since it started: it is about to.
_NO_COORDINATOR = frozenset(
    {
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.NOT_COORDINATOR,
    }
)
_COORDINATOR_SECONDS = 20.0
_PAUSE_SECONDS = 0.2


def committed_offsets(
    config: Mapping[str, Any], group_id: str, partitions: Iterable[PartitionId], *, timeout: float
) -> dict[PartitionId, int]:
    """What the group has committed; partitions without an offset are absent. One request for all of them.

    `config`: as Connection.confluent makes it. `timeout`: in seconds. Raises NotAllowed, KafkaException.
    """
    wanted = [TopicPartition(*partition) for partition in partitions]
    if not wanted:
        return {}
    consumer = confluent_kafka.Consumer({**config, "group.id": group_id, "enable.auto.commit": False})
    try:
        with needing(f"Read on group {group_id}"):
            found = consumer.committed(wanted, timeout=timeout)
    finally:
        consumer.close()
    return {(tp.topic, tp.partition): tp.offset for tp in found if tp.offset >= 0}


def member_hosts(admin: Admin, group_id: str, *, timeout: float) -> list[str]:
    """The hosts of the group's members, one for each; empty for a group that is empty or does not exist. A coordinator
    that is about to serve is waited for. `timeout`: seconds for each answer. Raises NotAllowed, KafkaException.
    """
    deadline = time.monotonic() + _COORDINATOR_SECONDS
    while True:
        described = admin.client.describe_consumer_groups([group_id], request_timeout=timeout)
        try:
            with needing(f"Describe on group {group_id}"):
                group = described[group_id].result()
            break
        except KafkaException as error:
            if error.args[0].code() == KafkaError.GROUP_ID_NOT_FOUND:
                return []
            if error.args[0].code() not in _NO_COORDINATOR or time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE_SECONDS)
    hosts = [str(member.host).lstrip("/") for member in group.members]
    if not hosts and group.state not in {ConsumerGroupState.EMPTY, ConsumerGroupState.DEAD}:
        return ["unknown host"]  # it rebalances
    return hosts


def delete_group(admin: Admin, group_id: str, *, timeout: float) -> None:
    """Delete a group and what it has committed. Raises NotAllowed, KafkaException."""
    with needing(f"Delete on group {group_id}"):
        admin.client.delete_consumer_groups([group_id], request_timeout=timeout)[group_id].result()
