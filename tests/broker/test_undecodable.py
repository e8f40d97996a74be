"""What confluent-kafka and librdkafka cannot decode, on a real broker: readers, the consumer kit and tools go on."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lead_qualifier.client.dead_letters import DeadLetters, Filter
from lead_qualifier.consumer import Event, Subscription
from lead_qualifier.demo.broker.finder import Broker
from lead_qualifier.kafka.producer import Transaction
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.messages.topics import (
    JOURNEY_DEFINITION_CHANGED,
    JOURNEY_DEFINITIONS,
    LEAD_DEAD_LETTERS,
    LEAD_QUALIFIED,
    QUALIFICATION_MODEL_CHANGED,
)
from tests.support.command_line import CommandLine
from tests.support.raw_batches import GZIP, RawProducer, RawRecord, batch, sized, varint
from tests.support.subscriptions import QUICK, TOPIC, running, until

pytestmark = pytest.mark.broker

BAD_NAMES = [(b"x-\xff\xfe", b"1"), (b"kind", b"2"), (b"\xc3", None)]
AS_READ = [("x-\udcff\udcfe", b"1"), ("kind", b"2"), ("\udcc3", None)]
ESCAPED = [("dl_header_x-%FF%FE", b"1"), ("kind", b"2"), ("dl_header_%C3", None)]


def event(event_id: str, **more: object) -> RawRecord:
    value = {"event_id": event_id, "lead_id": "L", "occurred_at": "2026-11-23T09:30:00Z"}
    return RawRecord(key=b"L", value=json.dumps(value).encode(), **more)  # type: ignore[arg-type]


def in_two_members(data: bytes) -> bytes:
    """gzip that Java and the worker read, and librdkafka fetches again and again without a word."""
    return gzip.compress(data[:9]) + gzip.compress(data[9:])


def without_key(value: bytes) -> bytes:
    """A record whose key has a negative length, but not the usual one: librdkafka is silent about it, too."""
    return b"\0" + varint(0) + varint(0) + varint(-2) + sized(value) + varint(0)


@pytest.fixture
def topic(kafka: Broker, prefix: str) -> str:
    """Holds what librdkafka and confluent-kafka cannot decode, with good records around it."""
    name = prefix + TOPIC
    producer = RawProducer(kafka.bootstrap_servers)
    producer.send(name, 0, batch(event("e0"), event("e1", headers=BAD_NAMES), event("e2", headers=BAD_NAMES)))
    producer.send(name, 0, batch(event("e3"), event("e4"), compression=GZIP, compress=in_two_members))
    producer.send(name, 0, batch(event("e5")))
    producer.send(name, 1, batch(RawRecord(body=without_key(event("e6").value or b""))))
    producer.send(name, 2, batch(event("e7"), first_timestamp=-95_617_584_000_000))
    return name


def test_a_reader_gives_every_record(kafka: Broker, topic: str) -> None:
    reader = TopicReader(kafka.connection, timeout=30)
    read = {(one.partition, one.offset): one for one in reader.read_topic(topic)}
    assert sorted(read) == [*((0, offset) for offset in range(6)), (1, 0), (2, 0)]
    found = [json.loads(read[place].value or b"")["event_id"] for place in sorted(read)]
    assert found == [f"e{number}" for number in range(8)]
    assert read[0, 1].headers == read[0, 2].headers == AS_READ
    assert read[1, 0].key is None

    part = [one.offset for one in reader.read([], {(topic, 0): 4})]
    assert part == [4, 5], "in the middle of what cannot be decoded"


def test_the_kit_handles_what_can_be_read_and_makes_dead_letters_of_the_rest(
    kafka: Broker, prefix: str, topic: str
) -> None:
    handled: list[str] = []

    def handle(one: Event) -> None:
        handled.append(one.event_id)

    letters = DeadLetters(kafka.connection, topic_prefix=prefix)
    subscription = Subscription(
        kafka.connection,
        topics=[TOPIC],
        group=prefix + "undecodable",
        handler=handle,
        topic_prefix=prefix,
        dead_letters=LEAD_DEAD_LETTERS.name,
        retry=QUICK,
    )
    with running(subscription):
        until(lambda: subscription.counts() == {"handled": 6, "dead_letter": 2})
        until(lambda: sum(subscription.lag().values()) == 0)
    assert sorted(handled) == ["e0", "e3", "e4", "e5", "e6", "e7"]
    found = sorted(letters.find(Filter()), key=lambda one: one.topic_offset or 0)
    assert [(one.topic, one.topic_partition, one.topic_offset) for one in found] == [(topic, 0, 1), (topic, 0, 2)]
    for number, one in enumerate(found, 1):
        assert (one.key, one.value, list(one.headers)) == (b"L", event(f"e{number}").value, ESCAPED)
        assert "header" in one.reason


def test_a_copy_has_such_names_escaped(kafka: Broker, prefix: str) -> None:
    name = prefix + TOPIC
    with Transaction(kafka.connection, prefix + "copy") as transaction:
        transaction.send(name, b"L", b"{}", headers=AS_READ)
        transaction.commit()
    reader = TopicReader(kafka.connection, timeout=30)
    assert [one.headers for one in reader.read_topic(name)] == [ESCAPED]


@pytest.fixture
def cli(kafka: Broker, tmp_path: Path) -> Iterator[CommandLine]:
    line = CommandLine(kafka.bootstrap_servers, tmp_path)
    line.run("topics", "create").fine()
    yield line
    line.close()


def test_dead_letters_with_such_names_are_listed_and_sent_back_and_a_preview_leaves_such_scores_out(
    kafka: Broker, cli: CommandLine, tmp_path: Path
) -> None:
    producer = RawProducer(kafka.bootstrap_servers)
    scores = cli.prefix + "lead-score-changed"
    value = json.dumps({"event_id": "e", "lead_id": "L", "scoring_model_id": "s", "score": 9})
    score = RawRecord(key=b"L", value=value.encode(), headers=BAD_NAMES)
    producer.send(scores, 0, batch(score, RawRecord(key=b"L", value=b"{}", timestamp_delta=-(2**60))))
    origin = {"dl_topic": scores, "dl_partition": "0", "dl_offset": "0", "dl_reason": "as another program says"}
    letter = RawRecord(
        key=b"L",
        value=value.encode(),
        headers=[*BAD_NAMES, *((name.encode(), content.encode()) for name, content in origin.items())],
        timestamp_delta=-(2**60),
    )
    producer.send(cli.prefix + "lead-dead-letters", 0, batch(letter))

    [listed] = cli.run("dead-letters", "list", "--json").fine().json()
    assert [header["name"] for header in listed["headers"]] == [name for name, _ in ESCAPED]
    assert "another program" in cli.run("dead-letters", "list").fine().out
    cli.run("dead-letters", "replay", "--all", "--yes").fine()
    reader = TopicReader(kafka.connection)
    assert ESCAPED in [list(one.headers)[:3] for one in reader.read_topic(scores)]

    model = {
        "id": "any",
        "match": "all",
        "criteria": [{"scoring_model": "s", "threshold": 1}],
        "actions": {"sales_ready": True},
    }
    (tmp_path / "any.json").write_text(json.dumps(model))
    cli.run("model", "preview", "any.json", "--days", "2").fine()


def test_tools_leave_out_what_others_wrote_to_topics_of_events(kafka: Broker, cli: CommandLine) -> None:
    cli.run("topics", "create", "--downstream").fine()
    producer, reader = RawProducer(kafka.bootstrap_servers), TopicReader(kafka.connection)
    values = (b"\xff", b"[" * 9_000, b"[1]", b'{"outcome": "accepted", "kind": "journey"}')
    for topic in (LEAD_QUALIFIED, QUALIFICATION_MODEL_CHANGED, JOURNEY_DEFINITIONS, JOURNEY_DEFINITION_CHANGED):
        for place in reader.admin.partitions(topic.full_name(cli.prefix)):
            producer.send(*place, batch(*(RawRecord(key=b"L", value=value) for value in values)))
    assert "never" in cli.run("lead", "show", "L").out
    assert cli.run("journey", "list", "--json").fine().json() == []
    for kind in ("model", "journey"):
        assert "Traceback" not in cli.run(kind, "history", "L").err
