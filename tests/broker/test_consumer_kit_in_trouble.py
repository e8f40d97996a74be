"""The consumer kit where it is not easy: slow handlers, lost partitions, a broker that checks who speaks to it."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import confluent_kafka
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from lead_qualifier.consumer import Event, PermanentFailure, Subscription
from lead_qualifier.demo.broker.finder import Broker
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import LoginRefused, NotAllowed
from tests.support.raw_batches import RawProducer, RawRecord, batch
from tests.support.secured_kafka import MECHANISM, SecuredKafka
from tests.support.subscriptions import QUICK, SESSION_MS, SHORT_SESSION, TOPIC, running, send, until
from tests.support.worker_process import WorkerProcess

pytestmark = pytest.mark.broker


def test_reading_pauses_at_what_is_buffered_and_goes_on_when_there_is_room(kafka: Broker, prefix: str) -> None:
    events = [("L-1", f"e{number}") for number in range(300)]  # of one lead, so of one partition
    send(kafka, prefix, events)
    gate = threading.Event()
    handled: list[str] = []

    def handle(event: Event) -> None:
        gate.wait()
        handled.append(event.event_id)

    subscription = Subscription(
        kafka.connection,
        topics=[TOPIC],
        group=prefix + "slow",
        handler=handle,
        topic_prefix=prefix,
        buffered=20,
        # a member that does not poll for so long would be out
        settings=SHORT_SESSION | {"max.poll.interval.ms": SESSION_MS},
    )
    with running(subscription):
        until(lambda: 20 in subscription.lag().values())
        until_then = time.monotonic() + 1.5 * SESSION_MS / 1000
        while time.monotonic() < until_then:
            assert max(subscription.lag().values()) == 20, "it reads on though nothing is handled"
            time.sleep(0.05)
        gate.set()
        until(lambda: len(handled) == 300)
        until(lambda: not any(subscription.lag().values()))
    assert handled == [event_id for _, event_id in events]
    assert subscription.counts() == {"handled": 300}


def has_handled(one: Subscription, more_than: int) -> bool:
    return one.counts().get("handled", 0) > more_than


def test_a_partition_that_moves_while_it_is_paused_is_read_on_by_whoever_has_it(kafka: Broker, prefix: str) -> None:
    handled: list[str] = []

    def handle(event: Event) -> None:
        time.sleep(0.01)
        handled.append(event.event_id)

    def member() -> Subscription:
        return Subscription(
            kafka.connection,
            topics=[TOPIC],
            group=prefix + "moving",
            handler=handle,
            topic_prefix=prefix,
            buffered=5,
        )

    events = [(f"L-{number % 40}", f"e{number}") for number in range(800)]
    send(kafka, prefix, events)
    first = member()
    with running(first):
        until(lambda: len(handled) > 50)
        for _ in range(2):  # goes, and comes back
            second = member()
            with running(second):
                until(partial(has_handled, second, 20))
        until(lambda: len(handled) >= 800, 90)
    assert sorted(handled) == sorted(event_id for _, event_id in events)


def test_what_is_lost_while_a_member_is_frozen_goes_to_the_other_and_is_never_committed_back(
    kafka: Broker, prefix: str, tmp_path: Path
) -> None:
    group, file = prefix + "frozen", tmp_path / "taken.jsonl"
    events = [(f"L-{number % 60}", f"e{number}") for number in range(1_200)]
    send(kafka, prefix, events)
    program = ("tests.support.consumer_process", kafka.bootstrap_servers, prefix, group, str(file))
    frozen = WorkerProcess({}, tmp_path / "member.log", program)
    handled: list[tuple[str, str]] = []

    def taken() -> list[dict[str, Any]]:
        written = file.read_text() if file.exists() else ""
        return [json.loads(line) for line in written[: written.rfind("\n") + 1].splitlines()]  # not one half written

    def handle(event: Event) -> None:
        time.sleep(0.005)
        handled.append((event.key, event.event_id))

    other = Subscription(
        kafka.connection,
        topics=[TOPIC],
        group=group,
        handler=handle,
        topic_prefix=prefix,
        settings=SHORT_SESSION,
    )
    watch = Watch(kafka.connection, group, prefix + TOPIC)
    try:
        until(lambda: len(taken()) > 150)
        frozen.freeze()
        before = taken()
        with running(other), watch:
            until(lambda: len(other.lag()) == 4)
            until(lambda: len(handled) > 300)
            frozen.thaw()
            until(lambda: "partitions lost" in frozen.log.read_text())
            lost = time.time()
            until(lambda: len({one["event_id"] for one in taken()} | {one for _, one in handled}) == 1_200, 60)
            until(lambda: watch.committed() == watch.ends())
    finally:
        frozen.thaw()
        frozen.process.terminate()
        assert frozen.process.wait(30) == 0
    assert watch.went_back == []
    assert {one["event_id"] for one in taken()} | {one for _, one in handled} == {one for _, one in events}
    # Twice comes what the frozen member had handled and not committed, and what it handled until it heard of its loss.
    twice = {one for _, one in handled} & {one["event_id"] for one in taken()}
    assert max(one["at"] for one in taken() if one["event_id"] in twice) < lost + 0.5
    late = twice - {one["event_id"] for one in before}
    print(f"{len(twice)} of {len(events)} events came twice, {len(late)} of them after the thaw")
    for lead in {key for key, _ in events}:
        firsts = list(dict.fromkeys(event_id for key, event_id in handled if key == lead))
        assert firsts == sorted(firsts, key=lambda one: int(one[1:])), lead


class Watch:
    """Looks again and again at what a group has committed; `went_back` is where it ever became less."""

    def __init__(self, connection: Connection, group: str, topic: str) -> None:
        config = connection.confluent(**{"group.id": group, "enable.auto.commit": False})
        self._consumer = confluent_kafka.Consumer(config)  # never subscribes
        self._places = [TopicPartition(topic, number) for number in range(4)]
        self.went_back: list[tuple[int, int, int]] = []
        self._highest: dict[int, int] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def committed(self) -> dict[int, int]:
        return {one.partition: one.offset for one in self._consumer.committed(self._places, timeout=20)}

    def ends(self) -> dict[int, int]:
        return {one.partition: self._consumer.get_watermark_offsets(one, timeout=20)[1] for one in self._places}

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._consumer.close()

    def _look(self) -> None:
        while not self._ended.wait(0.02):
            for partition, offset in self.committed().items():
                if offset < self._highest.get(partition, offset):
                    self.went_back.append((partition, self._highest[partition], offset))
                self._highest[partition] = offset


# -- a broker that checks

RIGHTS = {
    "Read on topic {prefix}lead-qualified": ("Read", "topic", "{prefix}lead-qualified"),
    "Read on group {prefix}crm": ("Read", "group", "{prefix}crm"),
    "Write on topic {prefix}letters": ("Write", "topic", "{prefix}letters"),
}


@pytest.fixture
def secured(fenced: SecuredKafka) -> Iterator[str]:
    """A prefix: its topics are there, and the user `kit` may do what a consumer needs, and no more."""
    name = f"kit{uuid.uuid4().hex[:8]}."
    fenced.add_users({"kit": "hush"})
    admin = AdminClient(fenced.kafka.connection.confluent())
    names = [name + TOPIC, name + "letters"]
    for future in admin.create_topics([NewTopic(one, 2, 1) for one in names]).values():
        future.result(30)
    fenced.allow(binding(name, *right) for right in RIGHTS.values())
    yield name
    for future in admin.delete_topics(names).values():
        future.result(30)


def binding(prefix: str, operation: str, kind: str, name: str) -> dict[str, str]:
    resource = {"resource_type": kind, "name": name.format(prefix=prefix), "pattern_type": "literal"}
    return {"principal": "User:kit", "host": "*", "operation": operation, **resource}


def login(fenced: SecuredKafka, password: str = "hush") -> Connection:
    return Connection(
        bootstrap_servers=fenced.bootstrap_servers,
        security_protocol="SASL_SSL",
        sasl_mechanism=MECHANISM,
        sasl_username="kit",
        sasl_password=password,
        ssl_ca_file=fenced.certificate,
    )


def reading(fenced: SecuredKafka, prefix: str, handled: list[str]) -> Subscription:
    def handle(event: Event) -> None:
        if event.event_id == "bad":
            raise PermanentFailure("no such owner")
        handled.append(event.event_id)

    return Subscription(
        login(fenced),
        topics=[TOPIC],
        group=prefix + "crm",
        handler=handle,
        retry=QUICK,
        dead_letters="letters",
        topic_prefix=prefix,
    )


def produce(fenced: SecuredKafka, prefix: str, *event_ids: str) -> None:
    producer = confluent_kafka.Producer(fenced.kafka.connection.confluent_producer())
    for event_id in event_ids:
        producer.produce(prefix + TOPIC, json.dumps({"event_id": event_id, "lead_id": event_id}), event_id)
    assert producer.flush(20) == 0


def test_it_reads_commits_and_writes_dead_letters_over_tls_with_three_rights(
    fenced: SecuredKafka, secured: str
) -> None:
    produce(fenced, secured, "a", "bad", "b")
    misnamed = RawRecord(key=b"m", value=b'{"event_id": "m"}', headers=[(b"x-\xff", b"1")])
    RawProducer(fenced.kafka.connection.bootstrap_servers).send(secured + TOPIC, 0, batch(misnamed))
    handled: list[str] = []
    first = reading(fenced, secured, handled)
    with running(first):
        until(lambda: first.counts() == {"handled": 2, "dead_letter": 2})
    produce(fenced, secured, "c")
    again = reading(fenced, secured, handled)
    with running(again):
        until(lambda: again.counts() == {"handled": 1})
    assert sorted(handled) == ["a", "b", "c"]


@pytest.mark.parametrize("right", RIGHTS)
def test_it_ends_at_a_right_that_is_missing_and_names_it(fenced: SecuredKafka, secured: str, right: str) -> None:
    produce(fenced, secured, "bad")
    fenced.forbid([binding(secured, *RIGHTS[right])])
    with pytest.raises(NotAllowed) as told:
        reading(fenced, secured, []).run()
    assert told.value.rights == (right.format(prefix=secured),)


def test_a_wrong_password_ends_it(fenced: SecuredKafka, secured: str) -> None:
    subscription = Subscription(
        login(fenced, "wrong"), topics=[TOPIC], group=secured + "crm", handler=lambda _: None, topic_prefix=secured
    )
    ended = threading.Timer(40, subscription.stop)
    ended.start()
    try:
        with pytest.raises(LoginRefused):
            subscription.run()
    finally:
        ended.cancel()
