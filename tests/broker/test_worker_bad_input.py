"""Bad input becomes exactly one dead letter each, with the original bytes and a reason; whatever is valid goes on."""

from __future__ import annotations

import gzip
import json
import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from confluent_kafka import Producer

from tests.broker.conftest import Install
from tests.oracle.reading import partition_of
from tests.support import messages
from tests.support.command_line import CommandLine
from tests.support.installation import Installation
from tests.support.messages import apply, change, command, encode, feature, model, score
from tests.support.raw_batches import GZIP, RawRecord, record_body

pytestmark = pytest.mark.broker

STRUCTURED = [("content-type", b"application/cloudevents+json; charset=UTF-8")]
MIB = 1 << 20


@pytest.fixture(scope="module")
def here(install: Install) -> Iterator[Installation]:
    """One worker; whoever scores 50 on `engagement` qualifies."""
    here = install(partitions=2)
    here.start_worker().wait_ready()
    here.announce(messages.scoring_model("engagement", "live"))
    here.order(feature("enable"), apply(model("simple", "all", {"engagement": 50})), command("publish", "simple"))
    yield here
    assert here.running(), "the worker did not survive"


def envelope(data: object, **more: object) -> bytes:
    fields = {"specversion": "1.0", "id": messages.new_id(), "source": "/engine", "type": "score", "data": data}
    return encode({**fields, **more})


def in_hours(hours: float) -> str:
    """By the clock, since that is what records are held against."""
    return (datetime.now(UTC) + timedelta(hours=hours, seconds=30)).isoformat()


def test_each_kind_of_bad_score_becomes_one_dead_letter_with_a_reason(here: Installation) -> None:
    good = score("B-1", "engagement", 99, 5)
    text = encode(good)
    huge = b"1" + b"0" * 400
    kinds: dict[str, tuple[bytes | None, bytes | None, str]] = {
        "not JSON": (b"B-1", b"score: 99", "JSON"),
        "cut off": (b"B-1", text[:-9], "JSON"),
        "more than one object": (b"B-1", text + text, "JSON"),
        "an array": (b"B-1", b"[" + text + b"]", "object"),
        "a text": (b"B-1", b'"score"', "object"),
        "the text null": (b"B-1", b"null", "object"),
        "not UTF-8": (b"B-1", text.replace(b"engagement", b"engag\xe9ment"), "UTF-8"),
        "UTF-16": (b"B-1", text.decode().encode("utf-16"), "UTF-"),
        "byte order mark": (b"B-1", b"\xef\xbb\xbf" + text, "byte order mark"),
        "empty value": (b"B-1", b"", "empty"),
        "only spaces": (b"B-1", b"  \n", "empty|JSON"),
        "null value": (b"B-1", None, "no value"),
        **{
            f"no {name}": (b"B-1", encode({field: part for field, part in good.items() if field != name}), name)
            for name in good
        },
        **{f"{name} is null": (b"B-1", encode(good | {name: None}), name) for name in good},
        **{f"{name} is an object": (b"B-1", encode(good | {name: {}}), name) for name in good},
        **{f"{name} is a number": (b"B-1", encode(good | {name: 1}), name) for name in good if name != "score"},
        "empty event_id": (b"B-1", encode(good | {"event_id": ""}), "event_id"),
        "empty scoring_model_id": (b"B-1", encode(good | {"scoring_model_id": ""}), "scoring_model_id"),
        "empty lead_id": (b"", encode(good | {"lead_id": ""}), "lead_id"),
        "score as text": (b"B-1", encode(good | {"score": "99"}), "score.*text"),
        "score as bool": (b"B-1", encode(good | {"score": True}), "score.*boolean"),
        "score NaN": (b"B-1", text.replace(b": 99", b": NaN"), "NaN|number"),
        "score Infinity": (b"B-1", text.replace(b": 99", b": Infinity"), "number|JSON"),
        "score -Infinity": (b"B-1", text.replace(b": 99", b": -Infinity"), "number|JSON"),
        "score overflows": (b"B-1", text.replace(b": 99", b": 1e400"), "number"),
        "score is too long a number": (b"B-1", text.replace(b": 99", b": " + huge), "number"),
        "score with a leading zero": (b"B-1", text.replace(b": 99", b": 099"), "JSON"),
        "time without zone": (b"B-1", encode(good | {"occurred_at": "2026-03-02T08:00:00"}), "occurred_at.*zone"),
        "date only": (b"B-1", encode(good | {"occurred_at": "2026-03-02"}), "occurred_at.*date"),
        "no such day": (b"B-1", encode(good | {"occurred_at": "2026-02-30T08:00:00Z"}), "occurred_at"),
        "seconds since 1970": (b"B-1", encode(good | {"occurred_at": "1772438400"}), "occurred_at"),
        "dated after all calendars": (
            b"B-1",
            encode(good | {"occurred_at": "9999-12-31T23:59:59-23:00"}),
            "after 2200",
        ),
        "dated before all calendars": (
            b"B-1",
            encode(good | {"occurred_at": "0001-01-01T00:00:00+14:00"}),
            "before 1970",
        ),
        "dated ahead": (b"B-1", encode(good | {"occurred_at": in_hours(1.1)}), "more than 66m ahead.*TIME_TOLERANCE"),
        "key of another lead": (b"B-2", text, "key"),
        "key in other case": (b"b-1", text, "key"),
        "key with a space": (b"B-1 ", text, "key"),
        "key as JSON": (b'"B-1"', text, "key"),
        "no key": (None, text, "no key"),
        "empty key": (b"", text, "key"),
    }
    for key, value, _ in kinds.values():
        here.send_bytes("lead-score-changed", key, value, [("kind", b"bad"), ("kind", b"twice"), ("dl_reason", b"old")])
        here.scores(score("B-2", "engagement", 1, 1))
    here.send_bytes("lead-score-changed", b"B-1", text, partition=1 - partition_of(b"B-1", 2))
    here.scores(good)
    here.settle_and_check()

    assert len(here.oracle.dead) == len(kinds) + 1, "the oracle takes something for valid"
    reasons = {
        (record.key, record.value): (record.headers[-1][1] or b"").decode()
        for record in here.outs.records["lead-dead-letters"]
    }
    unclear = {
        kind: reasons[key, value]
        for kind, (key, value, says) in kinds.items()
        if not re.search(says, reasons[key, value])
    }
    assert not unclear
    assert [event["trigger"]["event_id"] for event in here.qualified("B-1")] == [good["event_id"]]


def test_a_header_name_that_is_not_utf8_makes_one_dead_letter_and_the_stream_goes_on(here: Installation) -> None:
    names = [(b"x-\xff\xfe", b"1"), (b"kind", b"raw"), (b"\xc3", None)]

    def named(key: str, value: bytes | None) -> RawRecord:
        return RawRecord(key=key.encode(), value=value, headers=names)

    scores = [score("B-7", "engagement", 10 + number, number) for number in range(3)]
    before = len(here.oracle.dead)
    here.scores(scores[0])
    good = RawRecord(key=b"B-7", value=encode(scores[1]), headers=[(b"fine", b"1")])
    here.send_raw("lead-score-changed", good, named("B-7", encode(score("B-7", "engagement", 99, 9))), good)
    here.send_raw("lead-score-changed", named("B-7", b"not JSON"), good, compression=GZIP, compress=gzip.compress)
    here.send_raw("lead-changed", named("B-7", encode(change("B-7", 1, status="qualified"))), named("B-7", None))
    here.send_raw("lead-merged", named("B-7", b"{}"))
    here.send_raw("scoring-model-changed", named("engagement", None), partition=0)
    here.send_raw("feature-commands", named("lead-management", encode(feature("disable"))), partition=0)
    here.send_raw("qualification-commands", named("simple", encode(command("stop", "simple"))), partition=0)
    here.scores(scores[2], score("B-8", "engagement", 99, 9))
    here.settle_and_check()

    assert len(here.oracle.dead) == before + 8
    letter = here.outs.records["lead-dead-letters"][-1]
    assert [name for name, _ in letter.headers[:3]] == ["dl_header_x-%FF%FE", "kind", "dl_header_%C3"]
    assert b"x-\\xff\\xfe" in (dict(letter.headers)["dl_reason"] or b"")
    assert len(here.qualified("B-8")) == 1


def test_batches_that_the_consumers_library_misreads_are_read_as_other_clients_do(here: Installation) -> None:
    def told(lead: str) -> RawRecord:
        return RawRecord(key=lead.encode(), value=encode(score(lead, "engagement", 99, 5)))

    def send(lead: str, record: RawRecord | None = None, **form: object) -> None:
        here.send_raw("lead-score-changed", record or told(lead), partition=partition_of(lead.encode(), 2), **form)

    send("R-1", compression=GZIP, compress=lambda data: gzip.compress(data) + b"and more")
    send("R-2", RawRecord(body=b"\xff" + record_body(told("R-2"), 0)[1:]))
    for number, time in enumerate((-1, -2, -95_617_584_000_000, -(2**62))):
        send(f"R-{3 + number}", RawRecord(body=_dated(told(f"R-{3 + number}"), time)), first_timestamp=0)
    here.settle_and_check()
    assert [len(here.qualified(f"R-{number}")) for number in range(1, 7)] == [1] * 6


def test_a_rebuild_takes_for_dead_letters_what_the_worker_took_for_them(here: Installation, tmp_path: Path) -> None:
    here.send_raw("lead-score-changed", RawRecord(key=b"B-9", value=None, headers=[(b"x-\xff", b"1")]))
    here.send_raw("lead-changed", RawRecord(key=b"B-9", value=None, headers=[(b"\xff", b""), (b"\xfe", None)]))
    here.changes(change("B-9", 5, status="open"))
    here.settle_and_check()
    line = CommandLine(here.bootstrap, tmp_path)
    line.environment |= here._environment
    found = line.run("rebuild", "--from", "earliest", "--as", "after-bad-names", "--json").fine().json()
    about_leads = ("lead-score-changed", "lead-changed", "lead-merged", "lead-sales-response")
    assert found["rejected"] == sum(record.topic in about_leads for record in here.oracle.dead)
    assert found["compared"]["differences"] == {}


def test_each_kind_of_bad_lead_change_becomes_one_dead_letter(here: Installation) -> None:
    before = len(here.oracle.dead)
    good = change("B-3", 5, status="open", sales_ready=True)
    kinds: dict[str, tuple[bytes, bytes | None]] = {
        "empty bytes": (b"B-3", b""),
        "the text null": (b"B-3", b"null"),
        "not JSON": (b"B-3", b"{'lead_id': 'B-3'}"),
        **{f"no {n}": (b"B-3", encode({k: v for k, v in good.items() if k != n})) for n in list(good)[:3]},
        **{f"{name} is null": (b"B-3", encode(good | {name: None})) for name in (*good, "status_reason", "attributes")},
        "status unheard of": (b"B-3", encode(good | {"status": "asleep"})),
        "sales_ready as text": (b"B-3", encode(good | {"sales_ready": "true"})),
        "sales_ready as number": (b"B-3", encode(good | {"sales_ready": 1})),
        "owner_id as number": (b"B-3", encode(good | {"owner_id": 7})),
        "attributes as array": (b"B-3", encode(good | {"attributes": []})),
        "attribute NaN": (b"B-3", encode(good | {"attributes": {"revenue": float("nan")}})),
        "dated after all calendars": (b"B-3", encode(good | {"occurred_at": "9999-12-31T23:59:59-23:00"})),
        "dated ahead": (b"B-3", encode(good | {"occurred_at": in_hours(1.1)})),
        "key of another lead": (b"B-4", encode(good)),
        "erases what is no lead's key": (b"\xff\xfe", None),
        "erases with an empty key": (b"", None),
    }
    for key, value in kinds.values():
        here.send_bytes("lead-changed", key, value)
    here.settle_and_check()
    assert len(here.oracle.dead) - before == len(kinds)
    assert "B-3" not in here.oracle.leads


def test_a_broken_command_or_announcement_becomes_one_dead_letter(here: Installation) -> None:
    before = len(here.oracle.dead)
    stop = command("stop", "simple")
    for topic, key, value in (
        ("qualification-commands", b"simple", b"stop!"),
        ("qualification-commands", b"simple", None),
        ("feature-commands", b"lead-management", b"{"),
        ("feature-commands", b"lead-management", None),
        ("scoring-model-changed", b"engagement", b""),
    ):
        here.send_bytes(topic, key, value)
    here.settle_and_check()
    assert len(here.oracle.dead) - before == 5
    # what is JSON but no command is beyond the oracle, and goes the same way
    here.send_bytes("qualification-commands", b"another", encode(stop))
    here.send(
        "qualification-commands",
        {**stop, "command": "halt"},
        {**stop, "issued_at": "now"},
        {**stop, "issued_at": in_hours(1.1)},
    )
    here.send("feature-commands", feature("enable") | {"command": "toggle"})
    here.send("scoring-model-changed", messages.scoring_model("engagement", "retired"))
    here.flush()
    extra = here.ins.read()
    here.oracle.dead += extra
    here.settle_and_check()
    assert here.trail(stop["command_id"]) == []


def test_what_only_looks_odd_is_valid(here: Installation) -> None:
    before = len(here.oracle.dead)
    here.scores(
        score("O 1/ü\t«€»😀", "engagement", 50, 0),
        score("O-2", "engagement", 1e308, 0),
        score("O-2", "engagement", -1e-320, 1),
        score("O-3", "engagement", 10**300, 0),
        score("O-4", "engagement", 50, 0, previous_score=None, grade=None, scoring_model_version=None, more={"a": [1]}),
        score("O-5", "engagement", 50.0, 0) | {"occurred_at": "2026-03-02t09:30:00.123456789+01:30"},
        score("O-6", "nobody's", 99, 0),
        score("O-7", "engagement", 49.999999999999, 0),
        score("x" * 5000, "engagement", 77, 0),
    )
    here.send_bytes(
        "lead-score-changed", b"O-8", b" \r\n\t" + json.dumps(score("O-8", "engagement", 50, 0), indent=2).encode()
    )
    times = (
        "1970-01-01T23:59:00.5+23:59",
        "1970-01-01T00:00:00-00:00",
        in_hours(0.9),
        "2024-02-29 00:00:00.1z",
    )
    for number, time in enumerate(times):
        here.scores(score(f"t-{number}", "engagement", 60, 0) | {"occurred_at": time})
        here.changes(change(f"t-{number}-changed", 0) | {"occurred_at": time})
    here.changes(change("O-9", 0, status="open", status_reason="lost", owner_id=None, attributes={"": "", "a": None}))
    here.settle_and_check()
    assert len(here.oracle.dead) == before
    assert {event["lead_id"] for event in here.qualified() if event["lead_id"][0] in "Ox"} == {
        "O 1/ü\t«€»😀",
        "O-2",
        "O-3",
        "O-4",
        "O-5",
        "O-8",
        "x" * 5000,
    }
    assert len([event for event in here.qualified() if event["lead_id"][:2] == "t-"]) == len(times)


def test_cloud_events_are_read_in_binary_and_in_structured_mode(here: Installation) -> None:
    before = len(here.oracle.dead)
    first, second, third, fourth = (score(f"C-{number}", "engagement", 60, 0) for number in range(1, 5))
    binary = [("ce_specversion", b"1.0"), ("ce_id", b"1"), ("ce_type", b"t"), ("ce_source", b"/e")]
    here.send_bytes("lead-score-changed", b"C-1", encode(first), [*binary, ("content-type", b"application/json")])
    here.send_bytes("lead-score-changed", b"C-2", envelope(second), STRUCTURED)
    base64 = {"specversion": "1.0", "data_base64": b64encode(encode(third)).decode()}
    here.send_bytes("lead-score-changed", b"C-3", encode(base64), [("Content-Type", b"application/cloudevents+json")])
    here.settle()
    here.send_bytes("lead-changed", b"C-2", envelope(change("C-2", 1, status="disqualified")), STRUCTURED)
    here.settle_and_check()
    assert len(here.oracle.dead) == before
    for value in (
        envelope(fourth, specversion="0.3"),
        envelope(None),
        encode({"specversion": "1.0"}),
        encode({"specversion": "1.0", "data_base64": "?"}),
        encode(fourth),
        b"{",
    ):
        here.send_bytes("lead-score-changed", b"C-4", value, STRUCTURED)
    here.send_bytes("lead-score-changed", b"C-1", envelope(fourth), STRUCTURED)
    here.settle_and_check()
    assert len(here.oracle.dead) - before == 7


def test_the_largest_value_that_the_broker_takes_is_kept_whole_or_decided(here: Installation) -> None:
    before = len(here.oracle.dead)
    largest = send_largest(here, "lead-score-changed", b"G-1", b"x" * 2 * MIB)
    assert largest > MIB - 100

    padded = encode(score("G-2", "engagement", 70, 0, padding="")).removesuffix(b'"}')
    send_largest(here, "lead-score-changed", b"G-2", padded + b"x" * 2 * MIB, ending=b'"}')
    big = encode(change("G-3", 0, attributes={"a": ""})).removesuffix(b'"}}')
    send_largest(here, "lead-changed", b"G-3", big + b"x" * 2 * MIB, ending=b'"}}')
    here.settle()
    here.scores(score("G-3", "engagement", 70, 1))
    here.settle_and_check()
    assert len(here.oracle.dead) - before == 1
    assert len(here.qualified("G-2")) == len(here.qualified("G-3")) == 1


def test_what_a_compressed_record_unfolds_to_does_not_stop_the_stream(here: Installation) -> None:
    """The broker counts compressed bytes; what is too large for our own topics is a dead letter, cut if need be."""
    before = len(here.oracle.dead)
    producer = Producer(
        {
            "bootstrap.servers": here.bootstrap,
            "log_level": 0,
            "partitioner": "murmur2_random",
            "compression.type": "gzip",
            "message.max.bytes": 20_000_000,
        }
    )
    garbage = b"y" * 5 * MIB
    for topic, key, value in (
        ("lead-score-changed", b"Z-1", garbage),
        ("lead-score-changed", b"Z-2", encode(score("Z-2", "engagement", 70, 0, padding="x" * 3 * MIB))),
        ("lead-changed", b"Z-3", encode(change("Z-3", 0, attributes={"a": "x" * 3 * MIB}))),
    ):
        producer.produce(here.prefix + topic, value, key)
    assert producer.flush(30) == 0
    here.settle()
    here.scores(score("Z-3", "engagement", 70, 1))
    here.settle_and_check()
    assert len(here.oracle.dead) - before == 2
    assert len(here.qualified("Z-2")) == len(here.qualified("Z-3")) == 1


def test_a_lead_whose_attributes_outgrow_its_record_keeps_what_it_had(here: Installation) -> None:
    before = len(here.oracle.dead)
    for name in "abc":
        here.changes(change("A-1", ord(name), attributes={name: "x" * 600_000}, owner_id=name))
    here.settle()
    here.scores(score("A-1", "engagement", 70, 1))
    here.settle_and_check()
    assert len(here.oracle.dead) - before == 2
    assert here.qualified("A-1")[0]["lead"]["owner_id"] == "a"


@pytest.mark.parametrize("seed", [1, 2])
def test_what_was_garbled_on_its_way_is_bad_or_not_as_the_oracle_reads_it(here: Installation, seed: int) -> None:
    """Bytes lost, changed and thrown in: JSON, numbers, times and text at their edges."""
    before = len(here.oracle.dead)
    random = Random(seed)
    for _ in range(3000):
        lead_id = f"N-{random.randrange(300)}"
        text = encode(score(lead_id, "engagement", random.choice((7, 70, 70.5, -1.5e-3)), random.random()))
        here.send_bytes("lead-score-changed", lead_id.encode(), garbled(text, random))
    here.settle()
    for _ in range(3000):
        lead_id = f"N-{random.randrange(300)}"
        told = change(lead_id, random.random(), status="open", status_reason="new", sales_ready=False, owner_id="U-1")
        here.send_bytes(
            "lead-changed", lead_id.encode(), garbled(encode(told | {"attributes": {"a": 1.5, "b": True}}), random)
        )
    here.settle_and_check()
    dead = len(here.oracle.dead) - before
    print(f"{dead} of 6000 were bad")
    assert 1000 < dead < 5500


_THROWN_IN = [
    *(bytes([byte]) for byte in b'{}[]",:0129.-+eEtTzZ \\/nu\0\x1f\x7f\x80\xc3\xff'),
    b"\\ud800",
    b"\\u0041",
    b"null",
    b"1e99",
]


def garbled(value: bytes, random: Random) -> bytes:
    for _ in range(random.choice((0, 1, 1, 1, 2))):
        at = random.randrange(len(value))
        what = random.choice(_THROWN_IN)
        cut = random.choice((0, 1, 1, 2))
        value = value[:at] + random.choice((what, b"")) + value[at + cut :]
    return value


def _dated(record: RawRecord, timestamp: int) -> bytes:
    """The body of a record that says it was written then, in a batch whose first timestamp is 0."""
    return record_body(replace(record, timestamp_delta=timestamp), 0)


def send_largest(here: Installation, topic: str, key: bytes, value: bytes, ending: bytes = b"") -> int:
    """Send as much of the value as the broker takes, and the ending; returns how many bytes that is."""
    producer = Producer(
        {
            "bootstrap.servers": here.bootstrap,
            "log_level": 0,
            "partitioner": "murmur2_random",
            "message.max.bytes": 20_000_000,
        }
    )
    size = MIB + 21 - len(key)
    errors: list[object] = [...]
    while errors[-1] is not None:
        size -= 1
        producer.produce(
            here.prefix + topic,
            value[: size - len(ending)] + ending,
            key,
            on_delivery=lambda error, _: errors.append(error),
        )
        assert producer.flush(10) == 0
    return size
