"""The consumer library goes back by itself when a broker no longer has the offset: that is no continuation."""

from __future__ import annotations

import asyncio
import re
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.consumer.subscription_state import Assignment
from aiokafka.structs import TopicPartition

from lead_qualifier.engine import Engine, StateMismatch
from lead_qualifier.engine.checkpoint import Checkpoint, decode, encode
from lead_qualifier.engine.faust.app import create_app
from lead_qualifier.engine.faust.consumer import EngineConsumer
from lead_qualifier.engine.faust.consumer_thread import EngineConsumerThread
from lead_qualifier.engine.partition import Partition
from lead_qualifier.engine.state_verification import refuse_set_back
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.wording.sentences import IN_ENGLISH
from tests.unit.engine.doubles import application

TP = TopicPartition("in", 0)


def test_an_offset_that_goes_back_by_itself_is_no_continuation() -> None:
    asyncio.run(_goes_back())


async def _goes_back() -> None:
    connection = Connection(bootstrap_servers="127.0.0.1:1")
    engine = Engine([application()], group_id="sums", connection=connection, failed=print)
    app = create_app(engine, faust_settings={"broker": "aiokafka://127.0.0.1:1"})
    thread = cast(EngineConsumerThread, cast(EngineConsumer, app._new_consumer())._thread)
    assignment = Assignment([TP])
    state = assignment.state_value(TP)
    seeking: Any = SimpleNamespace(seek=lambda tp, offset: assignment.state_value(tp).seek(offset))
    partition = Partition(engine.applications[0], 0, checkpoint=Checkpoint("sums", {"in": 100}))
    engine._ownership._open["app", 0] = partition
    engine.fetch_buffer.open({("in", 0): 100})
    thread._apply_seeks(seeking, assignment)
    assert thread._fetchable(assignment) == {TP: 100}
    state.consumed_to(140)
    thread._stamp(assignment, {TP: 100}, {})
    engine.fetch_buffer.read_again(("in", 0), thread._epochs["in", 0])
    thread._apply_seeks(seeking, assignment)
    assert thread._fetchable(assignment) == {TP: 100}, "a seek of ours may go back"
    state.await_reset(-2)
    assert thread._fetchable(assignment) == {}
    assert not partition.set_back
    state.reset_to(60)
    assert thread._fetchable(assignment) == {}
    assert partition.set_back == {"in": 60}
    assert engine.fetch_buffer.next_offset(("in", 0)) is None, "nothing more is accepted"


def test_whoever_opens_the_partition_next_is_told() -> None:
    checkpoint = decode(encode(Checkpoint("sums", {"in": 100}, set_back={"in": 60})))
    with pytest.raises(StateMismatch) as mismatch:
        refuse_set_back(Partition(application(), 0), checkpoint)
    told = IN_ENGLISH.sentence(mismatch.value.report)
    assert re.search(r"in-0 was truncated.* stands at offset 100.* set back to 60.*topics repair", told)
