"""What a broker tells about a consumer group: what its members read, and which state its offsets belong to.

By aiokafka: librdkafka ends the process if a broker restarts while it is asked for a group.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata
from aiokafka.errors import KafkaError

from lead_qualifier.kafka.connection import Connection

log = structlog.get_logger(__name__)

_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class ConsumerGroup:
    """A consumer group."""

    members: Mapping[str, frozenset[str]]
    """What each member has subscribed to, by its host."""
    states: Mapping[str, str]
    """By committed topic: the topic that holds the state which its offsets belong to; empty where nobody has said."""


async def read_group(connection: Connection, group_id: str) -> ConsumerGroup | None:
    """Returns None if the broker does not answer in time, or not at all: the caller asks again if it must know."""
    admin = AIOKafkaAdminClient(request_timeout_ms=int(_SECONDS * 1000), **connection.aiokafka())
    try:
        async with asyncio.timeout(_SECONDS):
            await admin.start()
            [described] = await admin.describe_consumer_groups([group_id])
            offsets = await admin.list_consumer_group_offsets(group_id)
    except (KafkaError, OSError, TimeoutError) as error:
        log.debug("group_unknown", group=group_id, error=f"{type(error).__name__}: {error}")
        return None
    finally:
        await admin.close()
    members: dict[str, frozenset[str]] = {}
    for _, _, _, _, _, joined in described.groups:
        for _, _, host, metadata, _ in joined:
            if metadata:  # not while the group rebalances
                topics = frozenset(ConsumerProtocolMemberMetadata.decode(metadata).subscription)
                members[host.lstrip("/")] = members.get(host.lstrip("/"), frozenset()) | topics
    # librdkafka ends what it commits in a transaction with a zero
    return ConsumerGroup(members, {tp.topic: (at.metadata or "").rstrip("\0") for tp, at in offsets.items()})
