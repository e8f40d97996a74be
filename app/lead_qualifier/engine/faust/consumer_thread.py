"""The consumer's thread: fetches batches, stamps them with the consumer's own positions, and applies the engine's
seeks.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Container, Mapping
from contextlib import suppress
from typing import Any, cast

import aiokafka
import structlog
from aiokafka.structs import TopicPartition as AioTopicPartition
from faust.transport.drivers.aiokafka import (
    AIOKafkaConsumerThread,
    Transport,
    credentials_to_aiokafka_auth,
    server_list,
)
from faust.types import TP
from typing_extensions import override

from lead_qualifier.engine.engine import Engine
from lead_qualifier.engine.faust.fetch_health import FetchHealth
from lead_qualifier.engine.faust.fetch_pace import FetchPace
from lead_qualifier.engine.faust.fetched_records import Drained, Undecoded, as_fetched, guard
from lead_qualifier.engine.faust.followed_table import FollowedTable
from lead_qualifier.engine.fetch_buffer import Batch
from lead_qualifier.engine.partitioning import TopicPartition
from lead_qualifier.kafka.raw import bound_aiokafka, fetch_raw

log = structlog.get_logger(__name__)

bound_aiokafka()

#: How long (seconds) to wait for records before checking again what to fetch. The longer one holds while everything
#: wanted is being fetched; a change of what is wanted then ends the wait.
_POLL_SECONDS = 0.1
_SETTLED_POLL_SECONDS = 0.5
_CHECK_SECONDS = 1.0
_MAX_RECORDS = 20_000


class EngineConsumerThread(AIOKafkaConsumerThread):
    """Everything below runs in the consumer's thread."""

    @property
    def engine(self) -> Engine:
        """The engine that is fed."""
        return cast(Engine, cast(Any, self.app).engine)

    @property
    def followed(self) -> Mapping[str, FollowedTable[Any, Any]]:
        """Tables by their topic."""
        return cast(Mapping[str, FollowedTable[Any, Any]], cast(Any, self.app).followed)

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        self._epochs: dict[TopicPartition, int] = {}  # topic partition -> epoch whose seek has been applied
        self._stamped: dict[TopicPartition, int] = {}  # topic partition -> where the last batch ended
        self._suspects: dict[TopicPartition, tuple[int, int, int]] = {}
        self._followed_to: dict[AioTopicPartition, int] = {}
        self._undecoded: Undecoded = {}
        self._check_at = 0.0
        self._pace = FetchPace(self.engine.limits.commit_interval)
        self._waiter: asyncio.Future[None] | None = None
        #: The end of each input partition as last heard from the broker.
        self.end_offsets: dict[TopicPartition, int] = {}
        self.health = FetchHealth()

    @override
    async def on_start(self) -> None:
        """Faust starts the consumer here."""
        await super().on_start()
        self._pace.install(self._ensure_consumer()._fetcher)
        self.engine.fetch_buffer.wants_changed = self._wants_changed

    def _wants_changed(self) -> None:
        """Called in any thread: the partitions to fetch may have changed."""
        with suppress(RuntimeError):  # the thread has ended
            self.thread_loop.call_soon_threadsafe(self._end_wait)

    def _end_wait(self) -> None:
        self._pace.settled = False
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def forget_positions(self) -> None:
        """After a new assignment: nothing is fetched until the engine asks for a position."""
        self._epochs.clear()
        self._stamped.clear()
        self._suspects.clear()
        self.health.assigned()

    @override
    def _create_worker_consumer(self, transport: Transport) -> aiokafka.AIOKafkaConsumer:
        """As Faust's, but read_committed."""
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

    # --- seeks

    @override
    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Faust seeks to committed offsets after a recovery and whenever flow was suspended. The inputs go to the
        engine's positions instead.
        """
        topics = self.engine.topics
        buffer = self.engine.fetch_buffer
        for tp in self._ensure_consumer().assignment():
            if tp.topic in topics and (at := buffer.next_offset((tp.topic, tp.partition))) is not None:
                buffer.read_again((tp.topic, tp.partition), at[0])
        others = [tp for tp in self._ensure_consumer().assignment() if tp.topic not in topics]
        if not others:
            return {}
        return cast(Mapping[TP, int], await self.call_thread(self._ensure_consumer().seek_to_committed, *others))

    def _apply_seeks(self, consumer: aiokafka.AIOKafkaConsumer, assignment: Any) -> None:
        for (topic, number), (offset, epoch) in self.engine.fetch_buffer.take_seeks().items():
            tp = AioTopicPartition(topic, number)
            if tp in assignment.tps:
                consumer.seek(tp, offset)
                self._epochs[topic, number] = epoch
                self._stamped[topic, number] = offset

    # --- fetching

    @override
    async def _fetch_records(
        self,
        consumer: aiokafka.AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,
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
        except Exception as error:  # reported with its cause; Faust alone would just stop
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
        begun = time.monotonic()
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
            self._check(assignment)
            ours = self._fetchable(assignment)
            topics = self.engine.topics
            inputs = sum(tp.topic in topics for tp in assignment.tps)
            self._pace.settled = len(ours) == inputs and not self._suspects
            targets = ours.keys() | {tp for tp in active_partitions if tp.topic not in topics}
            if not targets:
                with subscriptions.fetch_context():  # we fetch nothing, but must stay alive in the group
                    await asyncio.sleep(0.01)
                return {}
            self._guard(fetcher, ours)
            # without a timeout nothing is awaited between reading the positions, draining, and reading them again
            with subscriptions.fetch_context():
                drained = await fetcher.fetched_records(targets, timeout=0, max_records=_MAX_RECORDS)
            found = self._stamp(assignment, ours, drained)
            while self._undecoded:
                tp, error = self._undecoded.popitem()
                found[tp] = [*found.get(tp, ()), *await self._read_by_bytes(consumer, assignment, tp, error)]
            patience = _SETTLED_POLL_SECONDS if self._pace.settled else _POLL_SECONDS
            left = begun + min(timeout or 0.0, patience) - time.monotonic()
            if found or left <= 0:
                return found
            waiter = self._waiter = fetcher._create_fetch_waiter()
            await asyncio.wait([waiter, assignment.unassign_future], timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if not waiter.done():
                waiter.cancel()
            elif not waiter.cancelled():
                waiter.result()  # authorization errors come this way

    def _fetchable(self, assignment: Any) -> dict[AioTopicPartition, int]:
        """The input partitions that are open, sought and have room -> the consumer's position."""
        positions = {}
        for topic, number in self.engine.fetch_buffer.wanted():
            tp = AioTopicPartition(topic, number)
            if (topic, number) in self._epochs and tp in assignment.tps:
                state = assignment.state_value(tp)
                if state.has_valid_position:
                    stamped = self._stamped[topic, number]
                    if state.position < stamped:
                        # aiokafka moves back by itself if the broker no longer has the offset
                        self.engine.set_back((topic, number), stamped, state.position)
                        continue
                    positions[tp] = state.position
        return positions

    def _guard(self, fetcher: Any, ours: Container[AioTopicPartition]) -> None:
        for tp, result in fetcher._records.items():
            guard(result, tp, self._undecoded, lean=tp in ours)

    # --- stamping

    def _stamp(
        self, assignment: Any, before: Mapping[AioTopicPartition, int], drained: Mapping[Any, list[Any]]
    ) -> dict[Any, Any]:
        """The drained records by topic partition: as one batch for an input, as they are for other topics.

        `before`: the consumer's positions in the inputs before draining.
        """
        found: dict[Any, Any] = {tp: records for tp, records in drained.items() if tp not in before}
        self._pace.drained(
            sum(map(len, drained.values())),
            sum(records.bytes for records in drained.values() if isinstance(records, Drained)),
        )
        self._advance_tables(assignment, found)
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
        self._stamped[tp.topic, tp.partition] = end
        batch = Batch(tp.topic, tp.partition, self._epochs[tp.topic, tp.partition], start, end, records)
        if isinstance(records, Drained):
            return batch._replace(bytes=records.bytes, largest=records.largest)
        return batch

    def _advance_tables(self, assignment: Any, found: Mapping[Any, Any]) -> None:
        tables = self.followed
        for tp in assignment.tps:
            if tp.topic in tables and assignment.state_value(tp).has_valid_position:
                position = assignment.state_value(tp).position
                if position != self._followed_to.get(tp) or tp in found:
                    self._followed_to[tp] = position
                    tables[tp.topic].follow(found.get(tp, ()), position)

    async def _read_by_bytes(
        self, consumer: aiokafka.AIOKafkaConsumer, assignment: Any, tp: AioTopicPartition, error: Exception
    ) -> list[Any]:
        """Read by bytes what aiokafka could not decode; returns what to add for this topic partition.

        If this fails, the position stays: aiokafka fetches the same again, and this is tried again.
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
            return [self._batch(tp, start, raw.end, raw.records)]
        records = [as_fetched(record) for record in raw.records]
        if (table := self.followed.get(tp.topic)) is not None:
            self._followed_to[tp] = raw.end
            table.follow(records, raw.end)
        return records

    # --- health

    def _check(self, assignment: Any) -> None:
        """Once a second, look for what does not arrive."""
        now = time.monotonic()
        if now >= self._check_at:
            self._check_at = now + _CHECK_SECONDS
            self._notice_losses(assignment)
            self._note_answers(assignment)

    def _notice_losses(self, assignment: Any) -> None:
        """Find batches that got lost between consumer and fetch buffer, and read them again.

        Faust drops batches while flow is suspended. A batch is lost if the consumer is past what the buffer accepted,
        and nothing has arrived since the last check.
        """
        suspects = {}
        for (topic, number), epoch in self._epochs.items():
            tp = AioTopicPartition(topic, number)
            at = self.engine.fetch_buffer.next_offset((topic, number))
            if tp not in assignment.tps or at is None:
                continue
            state = assignment.state_value(tp)
            if state.lso is not None:  # beyond it, there are only open transactions of others
                self.end_offsets[topic, number] = state.lso
                self.health.seen((topic, number), at[1], state.lso)
            stamped = self._stamped[topic, number]
            if at[0] == epoch and stamped > at[1]:
                sample = (epoch, stamped, at[1])
                if self._suspects.get((topic, number)) == sample:
                    log.warning(
                        "batch_lost_on_the_way", topic=topic, partition=number, position=at[1], fetched_to=stamped
                    )
                    self.engine.fetch_buffer.read_again((topic, number), epoch)
                else:
                    suspects[topic, number] = sample
        self._suspects = suspects

    def _note_answers(self, assignment: Any) -> None:
        """Note when each fetch was last answered, and how far tables are read."""
        wanted = (AioTopicPartition(*tp) for tp in self.engine.fetch_buffer.wanted() if tp in self._epochs)
        fetched = [tp for tp in (*wanted, *self._followed_to) if tp in assignment.tps]
        self.health.fetching({(tp.topic, tp.partition): assignment.state_value(tp).timestamp for tp in fetched})
        for tp, position in self._followed_to.items():
            if tp in assignment.tps:
                self.health.seen((tp.topic, tp.partition), position, assignment.state_value(tp).lso)
