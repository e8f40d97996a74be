"""Faust's aiokafka consumer with batches: one message per topic partition and fetch, its value the stamped batch.

For the engine's inputs Faust's own bookkeeping (acks, commits, read offsets, seeks to committed offsets) is out of the
way: positions are the engine's. Every other topic (the changelog of a GlobalTable) takes Faust's normal path.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Iterable
from typing import Any, cast

from aiokafka.structs import TopicPartition as AioTopicPartition
from faust.transport.drivers.aiokafka import Consumer, ConsumerRebalanceListener, Transport
from faust.types import TP, ConsumerMessage
from typing_extensions import override

from lead_qualifier.engine.faust.consumer_thread import EngineConsumerThread
from lead_qualifier.engine.fetch_buffer import Batch
from lead_qualifier.engine.group_metadata import Membership


class _RebalanceListener(ConsumerRebalanceListener):
    """Tells the engine first: generation and member id are read in the consumer's thread, at this moment."""

    _thread: EngineConsumerThread

    @override
    def on_partitions_revoked(self, revoked: Iterable[AioTopicPartition]) -> Awaitable[None]:
        theirs = super().on_partitions_revoked(revoked)
        return self._revoke(theirs)

    async def _revoke(self, theirs: Awaitable[None]) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self._thread.engine.revoked)
        await theirs

    @override
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
    def thread(self) -> EngineConsumerThread:
        """The thread that fetches."""
        return cast(EngineConsumerThread, self._thread)

    @override
    def _new_consumer_thread(self) -> EngineConsumerThread:
        return EngineConsumerThread(self, loop=self.loop, beacon=self.beacon)

    @override
    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        if not isinstance(record, Batch):
            return super()._to_message(tp, record)
        # Faust drops messages whose offset is below the last one it has seen, which after a seek back would be all of
        # them
        serial = next(self._serial) + 2**62
        return ConsumerMessage(
            record.topic,
            record.partition,
            serial,
            time.time(),
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


class EngineTransport(Transport):
    """Faust's aiokafka transport with our consumer."""

    Consumer = EngineConsumer
