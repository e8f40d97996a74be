"""Reads past record batches that client libraries cannot decode: fetches their bytes, which `batches` decodes."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from operator import methodcaller
from typing import Any, TypeVar

import confluent_kafka
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError as AioKafkaError
from aiokafka.errors import LeaderNotAvailableError, NoError, for_code
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.structs import TopicPartition as AioTopicPartition
from confluent_kafka import KafkaError, TopicPartition

from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import RawFetchFailed
from lead_qualifier.kafka.raw.batches import RawRecords, read_batches
from lead_qualifier.kafka.records import Headers, PartitionId

#: What librdkafka reports for a batch that it cannot decode. For some it reports nothing and fetches them forever.
UNDECODABLE = frozenset(
    {
        KafkaError._BAD_MSG,
        KafkaError._BAD_COMPRESSION,
        KafkaError._NOT_IMPLEMENTED,
        KafkaError.MSG_SIZE_TOO_LARGE,
    }
)
#: A partition that gives neither records nor its end for so many seconds may hold a batch of the latter kind.
SILENT_SECONDS = 5.0
_BYTES = 1024 * 1024
_WAIT_MS = 100
_READ_UNCOMMITTED, _READ_COMMITTED = 0, 1
#: How often bytes with a wrong checksum are fetched: they may be intact where they are stored.
_ATTEMPTS = 3
_PAUSE_SECONDS = 0.2

_T = TypeVar("_T")

#: `message.headers()` of confluent-kafka builds tuples without a name where that is not UTF-8: touching one ends the
#: process. It leaves its exception pending, which not every way of calling it notices; this one does.
_headers = methodcaller("headers")


class RawReader:
    """Connects when it is first used. For one thread, in which no event loop runs."""

    def __init__(self, connection: Connection, *, committed: bool = True) -> None:
        """Not `committed`: reads everything, be its transaction open, aborted or committed."""
        self._connection = connection
        self._committed = committed
        self._runner: asyncio.Runner | None = None
        self._client: AIOKafkaClient | None = None
        self._fetched: dict[PartitionId, RawRecords] = {}

    def records(self, topic: str, partition: int, offset: int) -> RawRecords:
        """The records from an offset on, as many as one answer holds. Raises RawFetchFailed."""
        try:
            found = self._run(self._fetch(topic, partition, offset))
        except (AioKafkaError, OSError) as error:
            raise RawFetchFailed(topic, partition, offset, str(error) or type(error).__name__) from error
        self._fetched[topic, partition] = found
        return found

    def read_past(self, consumer: confluent_kafka.Consumer, partition: PartitionId, offset: int) -> RawRecords:
        """The records from an offset on, where the consumer is stuck; moves the consumer behind them.

        Before an open transaction there are none, and `end` is the offset. Raises RawFetchFailed, KafkaException.
        """
        found = self.records(*partition, offset)
        if found.end > offset:
            consumer.seek(TopicPartition(*partition, found.end))
        return found

    def headers(self, message: Any) -> Headers:
        """The headers of a message of confluent-kafka, set in the message too. Raises RawFetchFailed.

        A name that is not UTF-8 has its bytes as surrogates.
        """
        try:
            return _headers(message) or ()
        except (SystemError, UnicodeDecodeError):
            headers = self._headers_at(message.topic(), message.partition(), message.offset())
            message.set_headers(headers)
            return headers

    def close(self) -> None:
        """Disconnect."""
        if self._client is not None:
            self._run(self._client.close())
            self._client = None
        if self._runner is not None:
            self._runner.close()
            self._runner = None

    def _headers_at(self, topic: str, partition: int, offset: int) -> list[tuple[str, bytes | None]]:
        # one answer holds many records in a row, so the next ones are there already
        known = self._fetched.get((topic, partition), RawRecords([], 0))
        for fetched in (known, None):
            records = self.records(topic, partition, offset).records if fetched is None else fetched.records
            for record in records:
                if record.offset == offset:
                    return list(record.headers)
        raise RawFetchFailed(topic, partition, offset, "it is no longer there")

    async def _fetch(self, topic: str, partition: int, offset: int) -> RawRecords:
        if self._client is None:
            client = AIOKafkaClient(**self._connection.aiokafka(), request_timeout_ms=10_000)
            await client.bootstrap()
            self._client = client
        await self._client.add_topic(topic)
        return await fetch_raw(self._client, topic, partition, offset, committed=self._committed)

    def _run(self, work: Coroutine[Any, Any, _T]) -> _T:
        if self._runner is None:
            self._runner = asyncio.Runner()
        return self._runner.run(work)


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
    leader = client.cluster.leader_for_partition(AioTopicPartition(topic, partition))
    if leader is None or leader == -1:
        client.force_metadata_update()
        raise LeaderNotAvailableError(f"{topic}-{partition}")
    wanted = [(topic, [(partition, offset, _BYTES)])]
    answer = await client.send(leader, FetchRequest(_WAIT_MS, 1, _BYTES, isolation, wanted))
    [(_, [(_, code, _, *rest)])] = answer.topics
    kind = for_code(code)
    if kind is not NoError:
        client.force_metadata_update()
        raise kind(f"{topic}-{partition}")
    # behind the last stable offset: the log's start, aborted transactions and a replica, as the version has them
    aborted = rest[2] if answer.API_VERSION >= 11 else rest[-2]
    return read_batches((topic, partition), bytes(rest[-1] or b""), offset, aborted or ())
