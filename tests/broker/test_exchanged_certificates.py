"""Certificates and the authority that signs them are exchanged on disk: running workers and consumers go on with the
new ones.
"""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from lead_qualifier.consumer import Event, PermanentFailure, Subscription
from lead_qualifier.demo.broker.local_broker import free_ports
from lead_qualifier.demo.broker.local_kafka import LocalKafka
from lead_qualifier.kafka.connection import Connection
from tests.support.broker_settings import PATIENT
from tests.support.certificates import Authority
from tests.support.installation import Installation
from tests.support.load import AS_USERS, Load, publish_all
from tests.support.messages import apply, command, model
from tests.support.topic_reader import TopicReader
from tests.support.worker_process import WorkerProcess
from tests.support.workload import Workload

pytestmark = pytest.mark.broker

#: A consumer always has a fetch at the broker, and so reconnects with the new files immediately. Clients that ask now
#: and then, such as the one that checks whether a broker answers, do so within seconds.
SOON_SECONDS = 60


class Reader:
    """A consumer built on the kit. It sets some events aside."""

    DEAD_LETTERS = "reader-dead-letters"

    def __init__(self, connection: Connection, prefix: str) -> None:
        self.seen: set[str] = set()
        self.refused: set[str] = set()
        self._subscription = Subscription(
            connection,
            topics=["lead-qualified"],
            topic_prefix=prefix,
            group=f"{prefix}reader",
            handler=self._handle,
            dead_letters=self.DEAD_LETTERS,
            from_beginning=True,
        )
        self._thread = threading.Thread(target=self._subscription.run, daemon=True)
        self._thread.start()

    def _handle(self, event: Event) -> None:
        self.seen.add(event.event_id)
        if event.event_id[-1] in "01234567":
            self.refused.add(event.event_id)
            raise PermanentFailure("half of them")

    def close(self) -> None:
        self._subscription.stop()
        self._thread.join(30)


def test_workers_go_on_when_their_certificate_and_its_authority_are_exchanged_on_disk(
    make_kafka: Callable[..., LocalKafka], tmp_path: Path
) -> None:
    """The broker then knows the new authority only, and shows a certificate of it: nothing old would be let in, and
    nobody who trusts the old authority alone would go in.
    """
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificates, and is not installed")
    old, new = (Authority.make(tmp_path / name) for name in ("old", "new"))
    plain, controller, tls = free_ports(3)
    keystore, truststore = tmp_path / "keystore.pem", tmp_path / "truststore.pem"
    write_broker(keystore, truststore, old, [old, new])
    kafka = make_kafka(
        tmp_path / "kafka",
        ports=[plain, controller],
        properties={
            **PATIENT,
            "listeners": f"PLAINTEXT://127.0.0.1:{plain},CONTROLLER://127.0.0.1:{controller},TLS://127.0.0.1:{tls}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{plain},TLS://127.0.0.1:{tls}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,TLS:SSL",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(keystore),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(truststore),
            "ssl.client.auth": "required",
        },
    )
    mine = {name: tmp_path / f"worker-{name}.pem" for name in ("authorities", "certificate", "key")}
    write_worker(mine, old, [old])
    login = {
        "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{tls}",
        "KAFKA_SECURITY_PROTOCOL": "SSL",
        "KAFKA_SSL_CA_FILE": str(mine["authorities"]),
        "KAFKA_SSL_CERTIFICATE_FILE": str(mine["certificate"]),
        "KAFKA_SSL_KEY_FILE": str(mine["key"]),
    }
    here = Installation(kafka.bootstrap_servers, tmp_path, partitions=2, login=login, **AS_USERS)
    try:
        workers = [here.start_worker(session=None) for _ in range(2)]
        for worker in workers:
            worker.wait_ready()
        publish_all(here)
        set_aside = here.prefix + Reader.DEAD_LETTERS
        here.admin.create_topics([NewTopic(set_aside, 1, 1)])[set_aside].result(20)
        reader = Reader(connection(tls, mine), here.prefix)
        with Load(here, Workload(12, 200), per_second=50) as load:
            time.sleep(2)
            write_worker(mine, new, [old, new])
            time.sleep(2)  # the broker knows both, as it must while clients change
            write_broker(keystore, truststore, new, [new])
            kafka.restart()
            began = time.monotonic()
            here.admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers, "log_level": 0})
            while not all(answered_since(worker, began) and worker.ready() for worker in workers):
                assert time.monotonic() < began + SOON_SECONDS
                time.sleep(0.1)
            print(f"workers are ready {time.monotonic() - began:.1f} s after the broker was restarted")
        here.settle_and_check()
        reloaded = [len(worker.events("tls_files_reloaded")) for worker in workers]
        print(f"{load.sent} records, {len(here.qualified())} qualifications; reloaded {reloaded} times")
        assert all(reloaded)
        # what is published is carried to every worker by another producer
        here.order(apply(model("late", "all", {"engagement": 99})), command("publish", "late"))
        expected = {event["event_id"] for event in here.qualified()}
        deadline = time.monotonic() + SOON_SECONDS
        dead_letters = TopicReader(here.bootstrap, here.prefix, [Reader.DEAD_LETTERS])
        while reader.seen < expected or not reader.refused <= event_ids(dead_letters):
            assert time.monotonic() < deadline, f"{len(expected - reader.seen)} events are missing"
            time.sleep(0.1)
        assert reader.seen == expected
        assert event_ids(dead_letters) == reader.refused  # some more than once, perhaps: the broker was restarted
        assert reader.refused
        dead_letters.close()
        reader.close()
    finally:
        here.close()


def connection(port: int, files: dict[str, Path]) -> Connection:
    return Connection(
        bootstrap_servers=f"127.0.0.1:{port}",
        security_protocol="SSL",
        ssl_ca_file=files["authorities"],
        ssl_certificate_file=files["certificate"],
        ssl_key_file=files["key"],
    )


def event_ids(dead_letters: TopicReader) -> set[str]:
    dead_letters.read()
    return {json.loads(one.value or b"")["event_id"] for one in dead_letters.records[Reader.DEAD_LETTERS]}


def answered_since(worker: WorkerProcess, began: float) -> bool:
    """Has the worker's look at the broker, which is a client of its own, been answered since then?"""
    assert worker.running
    return worker.metric("lead_qualifier_broker_silence_seconds") < time.monotonic() - began


def write_broker(keystore: Path, truststore: Path, signer: Authority, trusted: list[Authority]) -> None:
    certificate, key = signer.sign("broker")
    keystore.write_bytes(key + certificate)
    truststore.write_bytes(b"".join(each.certificate.read_bytes() for each in trusted))


def write_worker(files: dict[str, Path], signer: Authority, trusted: list[Authority]) -> None:
    """Each file is renamed over the former one: the way to replace the files of a running program."""
    certificate, key = signer.sign("worker")
    contents = {"certificate": certificate, "key": key}
    contents["authorities"] = b"".join(each.certificate.read_bytes() for each in trusted)
    for name, path in files.items():
        path.with_suffix(".new").write_bytes(contents[name])
        path.with_suffix(".new").rename(path)
