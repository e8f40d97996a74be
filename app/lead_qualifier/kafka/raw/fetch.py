"""Fetches the bytes at an offset, which client libraries may not be able to decode; `batches` decodes them."""

from __future__ import annotations

import asyncio
from typing import Any

import aiokafka.errors
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.structs import TopicPartition

from lead_qualifier.kafka.raw.batches import RawRecords, read_batches

_BYTES = 1024 * 1024
_WAIT_MS = 100
_READ_UNCOMMITTED, _READ_COMMITTED = 0, 1
#: How often bytes with a wrong checksum are fetched: they may be intact where they are stored.
_ATTEMPTS = 3
_PAUSE_SECONDS = 0.2


async def fetch_raw(client: Any, topic: str, partition: int, offset: int, *, committed: bool = True) -> RawRecords:
    """The records from an offset on, by default the committed ones, as many as one answer of the broker holds.

    `client`: a connected AIOKafkaClient. Raises aiokafka's KafkaError, which is retriable if the trouble may pass.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        found = await _fetch(client, topic, partition, offset, _READ_COMMITTED if committed else _READ_UNCOMMITTED)
        if not found.damaged or attempt == _ATTEMPTS:
            break
        await asyncio.sleep(_PAUSE_SECONDS)
    return found


async def _fetch(client: Any, topic: str, partition: int, offset: int, isolation: int) -> RawRecords:
    leader = client.cluster.leader_for_partition(TopicPartition(topic, partition))
    if leader is None or leader == -1:
        client.force_metadata_update()
        raise aiokafka.errors.LeaderNotAvailableError(f"{topic}-{partition}")
    wanted = [(topic, [(partition, offset, _BYTES)])]
    answer = await client.send(leader, FetchRequest(_WAIT_MS, 1, _BYTES, isolation, wanted))
    [(_, [(_, code, _, *rest)])] = answer.topics
    kind = aiokafka.errors.for_code(code)
    if kind is not aiokafka.errors.NoError:
        client.force_metadata_update()
        raise kind(f"{topic}-{partition}")
    # behind the last stable offset: the log's start, aborted transactions and a replica, as the version has them
    aborted = rest[2] if answer.API_VERSION >= 11 else rest[-2]
    return read_batches(bytes(rest[-1] or b""), offset, aborted or ())
