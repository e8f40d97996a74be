"""Producers that are not ours: kcat and Kafka's own console producer; and one that partitions otherwise."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest
from confluent_kafka import Producer

from lead_qualifier.demo.broker.errors import NotAvailable
from lead_qualifier.demo.broker.java import find_java, kafka_jars
from tests.broker.conftest import Install
from tests.oracle.reading import partition_of
from tests.support.installation import Installation
from tests.support.messages import apply, change, command, encode, feature, model, score, scoring_model

pytestmark = pytest.mark.broker


@pytest.fixture(scope="module")
def here(install: Install) -> Installation:
    """One worker; whoever scores 50 on `engagement` qualifies."""
    here = install(prefix="acme-")
    here.start_worker().wait_ready()
    here.announce(scoring_model("engagement", "live"))
    here.order(feature("enable"), apply(model("simple", "all", {"engagement": 50})), command("publish", "simple"))
    return here


def keyed(messages: list[dict[str, Any]], key: str = "lead_id") -> bytes:
    """A line each: key, a bar, the message."""
    return b"".join(f"{message[key]}|{json.dumps(message)}\n".encode() for message in messages)


def kcat(here: Installation, topic: str, lines: bytes, *more: str) -> None:
    program = shutil.which("kcat") or shutil.which("kafkacat")
    if program is None:
        pytest.skip("kcat is not installed (Debian and Ubuntu: apt-get install kcat)")
    command = [program, "-P", "-b", here.bootstrap, "-t", here.prefix + topic, "-K", "|", *more]
    subprocess.run(command, input=lines, check=True, capture_output=True, timeout=30)


def test_kcat_feeds_scores_lead_changes_and_commands(here: Installation) -> None:
    murmur = ("-X", "partitioner=murmur2_random")
    leads = [f"K-{number}" for number in range(50)]
    kcat(
        here,
        "lead-score-changed",
        keyed([score(lead_id, "engagement", number, 0) for number, lead_id in enumerate(leads)]),
        *murmur,
        "-H",
        "source=kcat",
    )
    here.settle_and_check()
    assert not here.qualified("K-49")
    closing = [change(lead_id, 1, status="disqualified") for lead_id in leads[:10]]
    kcat(here, "lead-changed", keyed(closing) + b"K-11|\n", *murmur, "-Z")
    here.settle()
    kcat(here, "lead-score-changed", keyed([score(lead_id, "engagement", 80, 2) for lead_id in leads]), *murmur)
    here.settle_and_check()
    assert len({event["lead_id"] for event in here.qualified()} & set(leads)) == 40
    stop, publish = command("stop", "simple"), command("publish", "simple")
    kcat(here, "qualification-commands", keyed([stop, publish], "qualification_model_id"), *murmur)
    assert here.outcome(publish["command_id"])["version"] == 2
    here.settle_and_check()


def test_kafkas_console_producer_feeds_scores_and_erases_leads(here: Installation) -> None:
    try:
        java, jars = find_java(), kafka_jars(print)
    except NotAvailable as reason:
        pytest.skip(str(reason))

    def console(topic: str, lines: bytes) -> None:
        properties = ("parse.key=true", "key.separator=|", "null.marker=NULL")
        command = [
            str(java),
            "-Xmx128m",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            f"{jars}/*",
            "org.apache.kafka.tools.ConsoleProducer",
            "--bootstrap-server",
            here.bootstrap,
            "--topic",
            here.prefix + topic,
            *(word for one in properties for word in ("--property", one)),
        ]
        subprocess.run(command, input=lines, check=True, capture_output=True, timeout=60)

    leads = [f"J-{number} ü" for number in range(50)]
    console("lead-score-changed", keyed([score(lead_id, "engagement", 70, 0) for lead_id in leads]))
    here.settle_and_check()
    assert len({event["lead_id"] for event in here.qualified()} & set(leads)) == 50
    console("lead-changed", b"".join(f"{lead_id}|NULL\n".encode() for lead_id in leads))
    here.settle_and_check()
    assert not here.oracle.leads.keys() & set(leads)


@pytest.mark.parametrize("compression", ["gzip", "snappy", "lz4", "zstd"])
def test_whatever_a_producer_compresses_with_is_read(here: Installation, compression: str) -> None:
    producer = Producer(
        {
            "bootstrap.servers": here.bootstrap,
            "partitioner": "murmur2_random",
            "compression.type": compression,
            "linger.ms": 500,  # single records are not worth compressing
            "log_level": 0,
        }
    )
    leads = [f"{compression}-{number}" for number in range(200)]
    for lead_id in leads:
        producer.produce(
            here.prefix + "lead-score-changed", encode(score(lead_id, "engagement", 70, 0)), lead_id.encode()
        )
    assert producer.flush(30) == 0
    here.settle_and_check()
    assert len({event["lead_id"] for event in here.qualified()} & set(leads)) == 200


def test_a_producer_with_another_partitioner_is_told_by_dead_letters(here: Installation) -> None:
    """librdkafka's default is another one than Java's: such a record is no good where another worker has the lead."""
    before = len(here.oracle.dead)
    producer = Producer({"bootstrap.servers": here.bootstrap, "log_level": 0})  # consistent_random: CRC32
    for number in range(40):
        producer.produce(
            here.prefix + "lead-score-changed", encode(score(f"P-{number}", "engagement", 70, 0)), f"P-{number}"
        )
    assert producer.flush(30) == 0
    elsewhere = (partition_of(b"P-0", here.partitions) + 1) % here.partitions
    here.send_bytes("lead-changed", b"P-0", None, partition=elsewhere)
    here.settle_and_check()
    dead = len(here.oracle.dead) - before
    assert 0 < dead < 40
    assert len([event for event in here.qualified() if event["lead_id"].startswith("P-")]) == 41 - dead
    reasons = [dict(record.headers)["dl_reason"] or b"" for record in here.outs.records["lead-dead-letters"]]
    assert all(b"partitioner" in reason for reason in reasons)


def test_an_upstream_that_writes_in_transactions_is_read_without_its_aborted_part(
    here: Installation,
) -> None:
    producer = Producer(
        {
            "bootstrap.servers": here.bootstrap,
            "log_level": 0,
            "partitioner": "murmur2_random",
            "transactional.id": f"{here.prefix}upstream",
        }
    )
    producer.init_transactions(30)
    for turn in range(7):
        producer.begin_transaction()
        for number in range(20):
            message = score(f"T-{turn}-{number}", "engagement", 70, 0)
            producer.produce(here.prefix + "lead-score-changed", encode(message), message["lead_id"])
        producer.flush(10)
        if turn % 2:
            producer.abort_transaction(10)
        else:
            producer.commit_transaction(10)
    here.settle_and_check()
    found = {event["lead_id"] for event in here.qualified() if event["lead_id"].startswith("T-")}
    assert found == {f"T-{turn}-{number}" for turn in (0, 2, 4, 6) for number in range(20)}


def test_values_with_the_framing_of_a_schema_registry_are_read_where_the_setting_says_so(install: Install) -> None:
    here = install(schema_registry_framing="read")
    here.start_worker().wait_ready()
    framing = b"\0\0\0\1\7"
    here.send_bytes("scoring-model-changed", b"engagement", framing + encode(scoring_model("engagement", "live")))
    here.order(feature("enable"), apply(model("simple", "all", {"engagement": 50})), command("publish", "simple"))
    here.send_bytes("lead-changed", b"F-1", framing + encode(change("F-1", 0, owner_id="U-1")))
    here.send_bytes("lead-score-changed", b"F-1", framing + encode(score("F-1", "engagement", 80, 1)))
    here.send_bytes("lead-score-changed", b"F-2", encode(score("F-2", "engagement", 80, 1)))
    here.send_bytes("lead-score-changed", b"F-3", framing + b"\x06\x02avro")
    here.settle()
    assert {event["lead_id"] for event in here.qualified()} == {"F-1", "F-2"}
    [letter] = here.outs.records["lead-dead-letters"]
    assert (letter.key, letter.value) == (b"F-3", framing + b"\x06\x02avro")
