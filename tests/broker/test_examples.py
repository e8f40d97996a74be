"""The examples run as a reader would run them, kill -9 included."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
import uuid
from pathlib import Path

import confluent_kafka
import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from lead_qualifier.demo.broker.errors import NotAvailable
from lead_qualifier.demo.broker.finder import Broker
from lead_qualifier.demo.broker.java import find_java, kafka_jars
from lead_qualifier.kafka.reader import TopicReader

pytestmark = pytest.mark.broker

KAFKAJS = "kafkajs@2.2.4"
ROOT = Path(__file__).parents[2]
JAVA = ROOT / "examples" / "java" / "QualifiedLeads.java"
SCHEMA = ROOT / "schemas" / "lead-qualified.schema.json"
JAVASCRIPT = ROOT / "examples" / "javascript" / "qualified-leads.mjs"
EXAMPLE = ROOT / "examples" / "python" / "crm_updater.py"
EVENT = json.loads((ROOT / "schemas" / "examples" / "lead-qualified.live.json").read_text())
LEADS = 1_000


def leads_in(file: Path) -> int:
    if not file.exists():
        return 0
    table = sqlite3.connect(file, timeout=30)
    try:
        return int(table.execute("SELECT count(*) FROM leads").fetchone()[0])
    except sqlite3.OperationalError:  # not made yet
        return 0
    finally:
        table.close()


def until_leads(file: Path, count: int) -> None:
    """As long as more of them come."""
    there, deadline = 0, time.monotonic() + 120
    while (found := leads_in(file)) < count:
        if found > there:
            there, deadline = found, time.monotonic() + 120
        assert time.monotonic() < deadline, f"{found} leads of {count}"
        time.sleep(0.02)


def test_the_python_example_misses_no_lead_when_it_is_killed_and_ends_in_order(kafka: Broker, tmp_path: Path) -> None:
    prefix = f"ex{uuid.uuid4().hex[:8]}."
    admin = AdminClient(kafka.connection.confluent())
    names = [prefix + "lead-qualified", prefix + "downstream-dead-letters"]
    for future in admin.create_topics([NewTopic(name, 4, 1) for name in names]).values():
        future.result(30)
    producer = confluent_kafka.Producer(kafka.connection.confluent_producer())
    for number in range(LEADS):
        event = EVENT | {"event_id": f"e-{number}", "lead_id": f"L-{number}"}
        producer.produce(names[0], json.dumps(event), event["lead_id"])
    producer.flush()
    file = tmp_path / "crm.sqlite"
    env = os.environ | {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "LEAD_QUALIFIER_TOPIC_PREFIX": prefix,
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, str(EXAMPLE), str(file)]
    with subprocess.Popen(command, env=env) as doomed:
        until_leads(file, 1)
        doomed.kill()
    assert leads_in(file) < LEADS, "killed too late to show anything"
    # Only now: a dead letter from just before the kill would come again.
    producer.produce(names[0], json.dumps({"event_id": "bad", "lead_id": "L-bad"}), "L-bad")
    producer.flush()
    with subprocess.Popen(command, env=env) as restarted:
        try:
            until_leads(file, LEADS)
        finally:
            restarted.terminate()
        assert restarted.wait(60) == 0
    assert leads_in(file) == LEADS
    with sqlite3.connect(file.with_suffix(".processed")) as processed:
        assert processed.execute("SELECT count(*) FROM seen").fetchone() == (LEADS,)
    reader = TopicReader(kafka.connection)
    letters = list(reader.read_topic(names[1]))
    assert [letter.key for letter in letters] == [b"L-bad"]
    for future in admin.delete_topics(names).values():
        future.result(30)


def test_the_java_example_reads_what_is_committed_once_by_the_schema_alone(kafka: Broker, tmp_path: Path) -> None:
    try:
        java, jars = find_java(), kafka_jars(print)
    except NotAvailable as missing:
        pytest.skip(str(missing))
    if not list(java.resolve().parent.glob("javac*")):
        pytest.skip("this Java runs classes only: the example needs a JDK")
    topic = f"ex{uuid.uuid4().hex[:8]}.lead-qualified"
    admin = AdminClient(kafka.connection.confluent())
    admin.create_topics([NewTopic(topic, 4, 1)])[topic].result(30)
    producer = confluent_kafka.Producer(kafka.connection.confluent_producer(**{"transactional.id": topic}))
    producer.init_transactions(30)

    def send(lead_id: str, event_id: str, **more: object) -> None:
        event = EVENT | {"lead_id": lead_id, "event_id": event_id} | more
        producer.produce(topic, json.dumps(event), lead_id, headers={"ce_id": event_id})

    producer.begin_transaction()
    send("L-aborted", "e-aborted")
    producer.flush()
    producer.abort_transaction()
    producer.begin_transaction()
    for number in range(100):
        send(f"L-{number}", f"e-{number}", new_field="ignored")
    send("L-1", "e-1")
    producer.produce(topic, json.dumps({"event_id": "x", "lead_id": "L-2"}), "L-2", headers={"ce_id": "x"})
    producer.commit_transaction()
    out, err = tmp_path / "out", tmp_path / "err"
    command = [str(java), "-cp", f"{jars}/*", str(JAVA), kafka.bootstrap_servers, topic, str(SCHEMA)]
    with (
        out.open("wb") as stdout,
        err.open("wb") as stderr,
        subprocess.Popen(command, stdout=stdout, stderr=stderr) as run,
    ):
        try:
            deadline = time.monotonic() + 90
            while out.read_bytes().count(b"\n") < 100 or b"lacks" not in err.read_bytes():
                assert run.poll() is None, err.read_text()
                assert time.monotonic() < deadline, err.read_text()
                time.sleep(0.1)
            time.sleep(1)
        finally:
            run.terminate()
            run.wait(30)
    lines = out.read_text().splitlines()
    assert len(lines) == 100
    assert {line.split(" by ")[0] for line in lines} == {f"L-{number}" for number in range(100)}
    assert "status_reason" in lines[0]
    admin.delete_topics([topic])[topic].result(30)


def test_the_javascript_example_reads_what_is_compressed_by_default_without_a_plug_in(
    kafka: Broker, tmp_path: Path
) -> None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("no Node.js with npm on the PATH")
    shutil.copy(JAVASCRIPT, tmp_path)
    subprocess.run([npm, "install", "--silent", "--no-audit", "--no-fund", KAFKAJS], cwd=tmp_path, check=True)
    topic = f"ex{uuid.uuid4().hex[:8]}.lead-qualified"
    admin = AdminClient(kafka.connection.confluent())
    admin.create_topics([NewTopic(topic, 4, 1)])[topic].result(30)
    producer = confluent_kafka.Producer(kafka.connection.confluent_producer(**{"linger.ms": 100}))
    for number in range(200):
        event = EVENT | {"lead_id": f"L-{number}", "event_id": "e-1"}
        producer.produce(topic, json.dumps(event), event["lead_id"])
    producer.flush()
    out, err = tmp_path / "out", tmp_path / "err"
    command = [node, str(tmp_path / JAVASCRIPT.name), kafka.bootstrap_servers, topic]
    with (
        out.open("wb") as stdout,
        err.open("wb") as stderr,
        subprocess.Popen(command, stdout=stdout, stderr=stderr) as run,
    ):
        try:
            deadline = time.monotonic() + 60
            while out.read_bytes().count(b"\n") < 200:
                assert run.poll() is None, err.read_text()
                assert time.monotonic() < deadline, err.read_text()
                time.sleep(0.1)
        finally:
            run.terminate()
            assert run.wait(30) == 0
    lines = out.read_text().splitlines()
    assert {line.split(" by ")[0] for line in lines} == {f"L-{number}" for number in range(200)}
    admin.delete_topics([topic])[topic].result(30)
