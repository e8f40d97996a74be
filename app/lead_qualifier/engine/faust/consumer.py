"""Faust's aiokafka consumer with batch intake: one message per topic partition and fetch, its value the stamped batch.

For the engine's topics Faust's own bookkeeping (acks, commits, read offsets, seeks to committed offsets) is out of the
way: positions are the engine's. Every other topic (the changelog of a GlobalTable) takes Faust's normal path.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Container, Iterable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any, cast

import aiokafka
import faust
import structlog
from aiokafka.consumer.fetcher import FetchResult
from aiokafka.structs import ConsumerRecord
from aiokafka.structs import TopicPartition as AioTopicPartition
from faust.transport.drivers.aiokafka import (
    AIOKafkaConsumerThread,
    Consumer,
    ConsumerRebalanceListener,
    Transport,
    credentials_to_aiokafka_auth,
    server_list,
)
from faust.types import TP, ConsumerMessage

from lead_qualifier.engine.engine import Engine
from lead_qualifier.engine.faust.fetch_health import FetchHealth
from lead_qualifier.engine.fetch_buffer import Batch
from lead_qualifier.engine.group_metadata import Membership
from lead_qualifier.engine.partitioning import TopicPartition
from lead_qualifier.engine.record import PlainRecord, UnreadableRecord
from lead_qualifier.kafka.raw import RawRecord, bound_aiokafka, fetch_raw

log = structlog.get_logger(__name__)

bound_aiokafka()

#: While one fetch waits at the broker, aiokafka sends no other to it: a partition whose records were just taken would
#: wait that long.
_FETCH_WAIT_MS = 50
_POLL_SECONDS = 0.1
_CHECK_SECONDS = 1.0
_MAX_FETCHED_RECORDS = 20_000
#: Of one topic partition, in one message; what is compressed may expand to a multiple of what was fetched.
_MAX_FETCHED_BYTES = 2 * 1024 * 1024
#: Records that are drained between two looks at their size.
_DRAINED_AT_ONCE = 256


class EngineApp(faust.App):
    """A Faust app whose consumer feeds an engine."""

    def __init__(self, *args: Any, engine: Engine, **kwargs: Any) -> None:
        self.engine = engine
        super().__init__(*args, **kwargs)

    def _new_transport(self) -> EngineTransport:
        return EngineTransport(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """Nothing of ours lives in files."""


class _RebalanceListener(ConsumerRebalanceListener):
    """Tells the engine first: generation and member id are read in the consumer's thread, at this moment."""

    _thread: EngineConsumerThread

    def on_partitions_revoked(self, revoked: Iterable[AioTopicPartition]) -> Awaitable[None]:
        theirs = super().on_partitions_revoked(revoked)
        return self._revoke(theirs)

    async def _revoke(self, theirs: Awaitable[None]) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self._thread.engine.revoked)
        await theirs

    async def on_partitions_assigned(self, assigned: Iterable[AioTopicPartition]) -> None:
        thread = self._thread
        coordinator = thread._ensure_consumer()._coordinator
        membership = Membership(
            thread.engine.group_id, coordinator.generation, coordinator.member_id, coordinator._group_instance_id
        )
        held = [(tp.topic, tp.partition) for tp in assigned]
        thread.forget_positions()
        thread.engine.assigned(membership, held)
        await super().on_partitions_assigned(assigned)


class EngineConsumer(Consumer):
    """Wraps batches as messages; the rest is Faust's."""

    RebalanceListener = _RebalanceListener

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._serial = itertools.count(1)
        super().__init__(*args, **kwargs)

    @property
    def health(self) -> FetchHealth:
        """Whether records still come."""
        return cast(EngineConsumerThread, self._thread).health

    @property
    def ends(self) -> dict[TopicPartition, int]:
        """The end of each input partition as last heard from the broker."""
        return cast(EngineConsumerThread, self._thread).end_offsets

    def _new_consumer_thread(self) -> EngineConsumerThread:
        return EngineConsumerThread(self, loop=self.loop, beacon=self.beacon)

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        if not isinstance(record, Batch):
            return super()._to_message(tp, record)
        # Faust drops messages whose offset is below the last one it has seen, which after a seek back would be all of
        # them
        serial = next(self._serial) + 2**62
        now = time.time()
        return ConsumerMessage(
            record.topic,
            record.partition,
            serial,
            now,
            0,
            [],
            None,
            cast(bytes, record),  # Faust hands it on untouched
            None,
            0,
            0,
            tp,
            generation_id=self.app.consumer_generation_id,
        )


class EngineConsumerThread(AIOKafkaConsumerThread):
    """Fetches, stamps and seeks; everything below runs in the consumer's thread."""

    @property
    def engine(self) -> Engine:
        """The engine that is fed."""
        return cast(EngineApp, self.app).engine

    def __post_init__(self) -> None:
        super().__post_init__()
        self._epochs: dict[TopicPartition, int] = {}  # topic partition -> epoch whose seek has been applied
        self._stamped: dict[TopicPartition, int] = {}  # topic partition -> where the last batch ended
        self._suspects: dict[TopicPartition, tuple[int, int, int]] = {}
        self._followed: dict[AioTopicPartition, int] = {}
        self._undecoded: dict[AioTopicPartition, Exception] = {}  # what aiokafka made of the record at the position
        self._check_at = 0.0
        self.end_offsets: dict[TopicPartition, int] = {}
        self.health = FetchHealth()

    def forget_positions(self) -> None:
        """A new assignment: nothing is fetched before the engine asks for a position."""
        self._epochs.clear()
        self._stamped.clear()
        self._suspects.clear()
        self.health.assigned()

    def _create_worker_consumer(self, transport: Transport) -> aiokafka.AIOKafkaConsumer:
        """As Faust's, but read_committed, and with a short wait at the broker."""
        conf = self.app.conf
        self._assignor = self.app.assignor
        return aiokafka.AIOKafkaConsumer(
            client_id=conf.broker_client_id,
            group_id=conf.id,
            group_instance_id=conf.consumer_group_instance_id,
            bootstrap_servers=server_list(transport.url, transport.default_port),
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            auto_offset_reset=conf.consumer_auto_offset_reset,
            max_poll_records=conf.broker_max_poll_records,
            max_poll_interval_ms=int((conf.broker_max_poll_interval or 0) * 1000.0),
            max_partition_fetch_bytes=conf.consumer_max_fetch_size,
            fetch_max_wait_ms=_FETCH_WAIT_MS,
            request_timeout_ms=int(conf.broker_request_timeout * 1000.0),
            check_crcs=conf.broker_check_crcs,
            session_timeout_ms=int(conf.broker_session_timeout * 1000.0),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000.0),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000.0),
            isolation_level="read_committed",
            metadata_max_age_ms=conf.consumer_metadata_max_age_ms,
            connections_max_idle_ms=conf.consumer_connections_max_idle_ms,
            **credentials_to_aiokafka_auth(conf.broker_credentials, conf.ssl_context),
        )

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Faust seeks to committed offsets after a recovery and whenever flow was suspended: for our topics, to our
        position.
        """
        topics = self.engine.topics
        for tp in self._ensure_consumer().assignment():
            if tp.topic in topics:
                at = self.engine.fetch_buffer.next_offset((tp.topic, tp.partition))
                if at is not None:
                    self.engine.fetch_buffer.read_again((tp.topic, tp.partition), at[0])
        others = [tp for tp in self._ensure_consumer().assignment() if tp.topic not in topics]
        if not others:
            return {}
        return cast(Mapping[TP, int], await self.call_thread(self._ensure_consumer().seek_to_committed, *others))

    async def _fetch_records(
        self,
        consumer: aiokafka.AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109  Faust's signature
        max_records: int | None = None,
    ) -> dict[Any, Any]:
        try:
            return await self._fetch(consumer, active_partitions, timeout)
        except aiokafka.errors.TopicAuthorizationFailedError as error:
            self.engine.not_allowed(f"Read on topic {error.args[0]}")
        except aiokafka.errors.GroupAuthorizationFailedError:
            self.engine.not_allowed(f"Read on group {self.engine.group_id}")
        except (aiokafka.errors.ConsumerStoppedError, asyncio.CancelledError):
            raise
        except Exception as error:
            log.exception("fetch_failed")
            self.engine.cannot_fetch(f"{type(error).__name__}: {error}")
        return {}

    async def _fetch(
        self,
        consumer: aiokafka.AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None,  # noqa: ASYNC109  as above
    ) -> dict[Any, Any]:
        if not self.consumer.flow_active:
            return {}
        fetcher = consumer._fetcher
        subscriptions = fetcher._subscriptions
        consumer._coordinator.check_errors()  # it stands still until it is asked, and nobody else does
        until = time.monotonic() + min(timeout or 0.0, _POLL_SECONDS)
        while True:
            if consumer._closed or fetcher._closed:
                raise aiokafka.errors.ConsumerStoppedError
            if subscriptions.reassignment_in_progress or subscriptions.subscription.assignment is None:
                await asyncio.sleep(0.01)
                return {}
            assignment = subscriptions.subscription.assignment
            self.health.passed(
                fetcher._fetch_task, getattr(consumer._coordinator, "_coordination_task", fetcher._fetch_task)
            )
            self._apply_seeks(consumer, assignment)
            self._notice_losses(assignment)
            ours = self._fetchable(assignment)
            targets = ours.keys() | {tp for tp in active_partitions if tp.topic not in self.engine.topics}
            if not targets:
                with subscriptions.fetch_context():  # held back by us: still alive to the group
                    await asyncio.sleep(0.01)
                return {}
            self._guard(fetcher, ours)
            # without a timeout nothing is awaited between reading the positions, draining, and reading them again
            with subscriptions.fetch_context():
                drained = await fetcher.fetched_records(targets, timeout=0, max_records=_MAX_FETCHED_RECORDS)
            found = self._stamp(assignment, ours, drained)
            while self._undecoded:
                tp, error = self._undecoded.popitem()
                found[tp] = [*found.get(tp, ()), *await self._read_by_bytes(consumer, assignment, tp, error)]
            left = until - time.monotonic()
            if found or left <= 0:
                return found
            waiter = fetcher._create_fetch_waiter()
            await asyncio.wait([waiter], timeout=left)
            if not waiter.done():
                waiter.cancel()
            elif not waiter.cancelled():
                waiter.result()  # authorization errors come this way

    def _fetchable(self, assignment: Any) -> dict[AioTopicPartition, int]:
        """Our topic partitions that are open, sought and have room -> the consumer's position."""
        positions = {}
        for place in self.engine.fetch_buffer.wanted():
            tp = AioTopicPartition(*place)
            if place in self._epochs and tp in assignment.tps:
                state = assignment.state_value(tp)
                if state.has_valid_position:
                    if state.position < self._stamped[place]:
                        # aiokafka does so by itself when the broker no longer has the offset
                        self.engine.set_back(place, self._stamped[place], state.position)
                        continue
                    positions[tp] = state.position
        return positions

    def _stamp(
        self, assignment: Any, before: Mapping[AioTopicPartition, int], drained: Mapping[Any, list[Any]]
    ) -> dict[Any, Any]:
        found: dict[Any, Any] = {tp: records for tp, records in drained.items() if tp not in before}
        followers = self.engine.followers
        for tp in assignment.tps:
            if tp.topic in followers and assignment.state_value(tp).has_valid_position:
                position = assignment.state_value(tp).position
                if position != self._followed.get(tp) or tp in found:
                    self._followed[tp] = position
                    followers[tp.topic](found.get(tp, ()), position)
        for tp, start in before.items():
            end = assignment.state_value(tp).position
            records = drained.get(tp, [])
            if records and not start <= records[0].offset <= records[-1].offset < end:
                # aiokafka takes a record's attributes for a number of several bytes
                assignment.state_value(tp).seek(start)
                self._undecoded[tp] = ValueError(f"offsets {records[0].offset} to {records[-1].offset}")
            elif records or end > start:
                found[tp] = [self._batch(tp, start, end, records)]
        return found

    def _batch(self, tp: AioTopicPartition, start: int, end: int, records: list[Any]) -> Batch:
        place = (tp.topic, tp.partition)
        self._stamped[place] = end
        batch = Batch(tp.topic, tp.partition, self._epochs[place], start, end, records)
        if isinstance(records, _Drained):
            return batch._replace(bytes=records.bytes, largest=records.largest)
        return batch

    def _guard(self, fetcher: Any, ours: Container[AioTopicPartition]) -> None:
        """Let what was fetched end before what cannot be decoded, and be read as lean records if it is of our topics.

        Raised out of the fetcher an error would say neither where it occurred nor what was drained before.
        """
        for tp, result in fetcher._records.items():
            if type(result) is FetchResult and type(result._partition_records) not in (_Guarded, type(None)):
                result._partition_records = _Guarded(result._partition_records, tp, self._undecoded)
                result.getall = partial(_drain, result)
            if tp in ours and type(result) is FetchResult and result.has_more():
                result._partition_records.read_lean()

    async def _read_by_bytes(
        self, consumer: aiokafka.AIOKafkaConsumer, assignment: Any, tp: AioTopicPartition, error: Exception
    ) -> list[Any]:
        """Read on where aiokafka could not; returns what belongs into what was found of this topic partition.

        If that fails the position stays: aiokafka fetches the same once more, and we are here again.
        """
        state = assignment.state_value(tp)
        if not assignment.active or state is None or not state.has_valid_position:
            return []
        start = state.position
        where = {"topic": tp.topic, "partition": tp.partition, "offset": start}
        try:
            raw = await fetch_raw(consumer._client, tp.topic, tp.partition, start)
        except aiokafka.errors.KafkaError as failure:
            log.warning("undecodable_not_read", **where, error=repr(failure), undecodable=repr(error))
            await asyncio.sleep(_POLL_SECONDS)
            return []
        if not assignment.active or not state.has_valid_position or state.position != start or raw.end <= start:
            return []
        log.warning(
            "decoded_by_bytes",
            **where,
            end=raw.end,
            unreadable=sum(record.unreadable is not None for record in raw.records),
            error=repr(error),
        )
        state.consumed_to(raw.end)
        if tp.topic in self.engine.topics:
            if (tp.topic, tp.partition) not in self._epochs:
                return []
            return [self._batch(tp, start, raw.end, [_of_bytes(tp, record) for record in raw.records])]
        records = [_as_fetched(tp, record) for record in raw.records]
        if (follow := self.engine.followers.get(tp.topic)) is not None:
            self._followed[tp] = raw.end
            follow(records, raw.end)
        return records

    def _apply_seeks(self, consumer: aiokafka.AIOKafkaConsumer, assignment: Any) -> None:
        for place, (offset, epoch) in self.engine.fetch_buffer.take_seeks().items():
            tp = AioTopicPartition(*place)
            if tp in assignment.tps:
                consumer.seek(tp, offset)
                self._epochs[place] = epoch
                self._stamped[place] = offset

    def _notice_losses(self, assignment: Any) -> None:
        """Every second: the consumer stands past what was accepted, and nothing of it came since: read it again."""
        now = time.monotonic()
        if now < self._check_at:
            return
        self._check_at = now + _CHECK_SECONDS
        suspects = {}
        for place, epoch in self._epochs.items():
            tp = AioTopicPartition(*place)
            at = self.engine.fetch_buffer.next_offset(place)
            if tp not in assignment.tps or at is None:
                continue
            state = assignment.state_value(tp)
            if state.lso is not None:  # beyond it, only an open transaction of somebody else's
                self.end_offsets[place] = state.lso
                self.health.seen(place, at[1], state.lso)
            if at[0] == epoch and self._stamped[place] > at[1]:
                sample = (epoch, self._stamped[place], at[1])
                if self._suspects.get(place) == sample:
                    log.warning(
                        "batch_lost_on_the_way",
                        topic=place[0],
                        partition=place[1],
                        position=at[1],
                        fetched_to=sample[1],
                    )
                    self.engine.fetch_buffer.read_again(place, epoch)
                else:
                    suspects[place] = sample
        self._suspects = suspects
        for tp, position in self._followed.items():
            if tp in assignment.tps:
                self.health.seen((tp.topic, tp.partition), position, assignment.state_value(tp).lso)


def _lean(tp: AioTopicPartition, record: Any) -> PlainRecord:
    return PlainRecord(
        tp.topic, tp.partition, record.offset, record.timestamp, record.key, record.value, record.headers or ()
    )


def _of_bytes(tp: AioTopicPartition, raw: RawRecord) -> PlainRecord:
    fields = (tp.topic, tp.partition, raw.offset, raw.timestamp, raw.key, raw.value, raw.headers)
    return PlainRecord(*fields) if raw.unreadable is None else UnreadableRecord(*fields, reason=raw.unreadable)


def _as_fetched(tp: AioTopicPartition, raw: RawRecord) -> ConsumerRecord:
    return ConsumerRecord(
        tp.topic,
        tp.partition,
        raw.offset,
        raw.timestamp,
        0,
        raw.key,
        raw.value,
        None,
        len(raw.key or b""),
        len(raw.value or b""),
        tuple(raw.headers),
    )


class _Drained(list[Any]):
    """Records, and how large they are."""

    __slots__ = ("bytes", "largest")

    def __init__(self) -> None:
        super().__init__()
        self.bytes = self.largest = 0

    def take(self, records: Iterator[Any], limit: int) -> bool:
        """Take so many more; were there as many?"""
        more = list(islice(records, limit))
        sizes = [len(record.value or b"") + len(record.key or b"") for record in more]
        self += more
        self.bytes += sum(sizes)
        self.largest = max(self.largest, *sizes, 0)
        return len(more) == limit


def _drain(result: Any, max_records: int) -> list[Any]:
    """As `FetchResult.getall`, but not many bytes at once: what a batch expands to would all be in memory."""
    drained = _Drained()
    if not result.check_assignment(result._topic_partition) or not result.has_more():
        return drained
    records = iter(result._partition_records)
    more = True
    while more and drained.bytes < _MAX_FETCHED_BYTES and (room := max_records - len(drained)) > 0:
        more = drained.take(records, min(_DRAINED_AT_ONCE, room))
    result._update_position()
    if not more:
        result._partition_records = None
    return drained


class _Guarded:
    """aiokafka's records of one fetch and topic partition, up to what it cannot decode."""

    def __init__(self, records: Any, tp: AioTopicPartition, undecoded: dict[AioTopicPartition, Exception]) -> None:
        """`undecoded` takes the error, if there is one."""
        self._theirs = records
        self._tp = tp
        self._undecoded = undecoded
        self._records = self._read()

    @property
    def next_fetch_offset(self) -> int:
        """Where to go on; FetchResult makes it the position."""
        return cast(int, self._theirs.next_fetch_offset)

    def read_lean(self) -> None:
        """Make lean records of them from now on."""
        self._theirs._consumer_record = _lean

    def __iter__(self) -> Iterator[Any]:
        return self._records

    def _read(self) -> Iterator[Any]:
        try:
            yield from self._theirs._records_iterator
        except Exception as error:  # noqa: BLE001  codecs and decoders have errors of many kinds
            self._undecoded[self._tp] = error


class EngineTransport(Transport):
    """Faust's aiokafka transport with our consumer."""

    Consumer = EngineConsumer
