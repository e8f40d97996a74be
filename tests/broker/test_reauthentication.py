"""Where the broker ends every session that is not authenticated again, events still flow, exactly once.

REAUTHENTICATION_SECONDS: how long they flow (default 30). `make soak-reauth MINUTES=15` runs it for longer.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion

from lead_qualifier.demo.broker.local_broker import free_ports
from lead_qualifier.demo.broker.local_kafka import LocalKafka
from tests.conftest import making_kafka
from tests.support.broker_settings import PATIENT
from tests.support.installation import Installation
from tests.support.load import Load, publish_all
from tests.support.token_endpoint import token_endpoint
from tests.support.worker_process import WorkerProcess
from tests.support.workload import Workload

pytestmark = pytest.mark.broker

SECONDS = float(os.environ.get("REAUTHENTICATION_SECONDS") or 30)
#: A session's longest life; in production it is minutes or an hour.
SESSION_SECONDS = float(os.environ.get("REAUTHENTICATION_EVERY_SECONDS") or 10)
MODULE = "org.apache.kafka.common.security"


@pytest.fixture(scope="module")
def login(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalKafka, str]]:
    """A Kafka, and the address at which it asks for a login, again and again."""
    plain, controller, port = free_ports(3)
    with making_kafka(tmp_path_factory) as make_kafka:
        kafka = make_kafka(
            tmp_path_factory.mktemp("reauthenticating"),
            ports=[plain, controller],
            properties={
                **PATIENT,
                "listeners": f"PLAINTEXT://127.0.0.1:{plain},CONTROLLER://127.0.0.1:{controller},LOGIN://127.0.0.1:{port}",
                "advertised.listeners": f"PLAINTEXT://127.0.0.1:{plain},LOGIN://127.0.0.1:{port}",
                "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,LOGIN:SASL_PLAINTEXT",
                "listener.name.login.sasl.enabled.mechanisms": "SCRAM-SHA-512,OAUTHBEARER",
                "listener.name.login.scram-sha-512.sasl.jaas.config": f"{MODULE}.scram.ScramLoginModule required;",
                "listener.name.login.oauthbearer.sasl.jaas.config": f"{MODULE}.oauthbearer.OAuthBearerLoginModule "
                'required unsecuredLoginStringClaim_sub="kafka";',
                "listener.name.login.connections.max.reauth.ms": str(round(SESSION_SECONDS * 1000)),
                "connections.max.reauth.ms": str(round(SESSION_SECONDS * 1000)),
            },
        )
        set_password(kafka, "hush")
        yield kafka, f"127.0.0.1:{port}"


def test_sessions_that_end_every_few_seconds_lose_and_repeat_nothing(
    login: tuple[LocalKafka, str], tmp_path: Path
) -> None:
    """Two installations at the same time, of which each logs in by a mechanism of its own."""
    kafka, address = login
    with token_endpoint(lifetime=60) as endpoint, ExitStack() as stack:
        logins = {
            "SCRAM-SHA-512": {"KAFKA_SASL_USERNAME": "worker", "KAFKA_SASL_PASSWORD": "hush"},
            "OAUTHBEARER": {
                "KAFKA_SASL_OAUTH_TOKEN_ENDPOINT_URL": endpoint.url,
                "KAFKA_SASL_OAUTH_CLIENT_ID": "worker",
                "KAFKA_SASL_OAUTH_CLIENT_SECRET": "hush",
            },
        }
        installations = []
        for mechanism, its in logins.items():
            settings = {
                "KAFKA_BOOTSTRAP_SERVERS": address,
                "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
                "KAFKA_SASL_MECHANISM": mechanism,
                **its,
            }
            (tmp_path / mechanism).mkdir()
            here = Installation(kafka.bootstrap_servers, tmp_path / mechanism, partitions=2, login=settings)
            stack.callback(here.close)
            installations.append(here)
            for _ in range(2):
                here.start_worker(session=None)
        for here in installations:
            for worker in here.workers:
                worker.wait_ready()
            publish_all(here)
        before = [[figures(worker) for worker in here.workers] for here in installations]
        with ExitStack() as sending:
            loads = [
                sending.enter_context(Load(here, Workload(11, 200), per_second=50, tick=0.2)) for here in installations
            ]
            time.sleep(SECONDS)
        for mechanism, here, load, first in zip(logins, installations, loads, before, strict=True):
            here.settle_and_check()
            last = [figures(worker) for worker in here.workers]
            print(f"{mechanism}: {load.sent} records in {SECONDS:g} s, {len(here.qualified())} qualifications,")
            print(f"(rebalances, aborted transactions, warnings) {first} -> {last}")
            for old, new in zip(first, last, strict=True):
                assert new[0] == old[0], f"{mechanism}: the group rebalanced"
                assert new[1] == old[1], f"{mechanism}: transactions were aborted"
        print(f"{len(endpoint.requests)} tokens")


def test_a_password_that_is_changed_at_the_broker_ends_the_worker_and_its_successor_names_the_setting(
    login: tuple[LocalKafka, str], tmp_path: Path
) -> None:
    """The environment of a running process does not change, so it takes a restart with the new one."""
    kafka, address = login
    settings = {
        "KAFKA_BOOTSTRAP_SERVERS": address,
        "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "KAFKA_SASL_USERNAME": "worker",
        "KAFKA_SASL_PASSWORD": "hush",
    }
    here = Installation(kafka.bootstrap_servers, tmp_path, partitions=2, login=settings)
    try:
        worker = here.start_worker(session=None)
        worker.wait_ready()
        set_password(kafka, "hush-hush")
        began = time.monotonic()
        while worker.running and worker.ready():
            assert time.monotonic() < began + 60
            time.sleep(0.2)
        print(f"not ready {time.monotonic() - began:.1f} s after the password was changed")
        assert worker.process.wait(150) == 70
        print(f"ended {time.monotonic() - began:.1f} s after the password was changed")
        again = here.start_worker(session=None)
        assert again.process.wait(60) == 3
        assert "KAFKA_SASL_PASSWORD" in again.log.read_text()
    finally:
        set_password(kafka, "hush")
        here.close()


def set_password(kafka: LocalKafka, password: str) -> None:
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
    user = UserScramCredentialUpsertion("worker", info, password.encode())
    admin = AdminClient(kafka.connection.confluent())  # referenced until it is done
    for done in admin.alter_user_scram_credentials([user]).values():
        done.result(20)


def figures(worker: WorkerProcess) -> tuple[int, int, int]:
    assert worker.running
    return (
        len(worker.events("partitions_assigned")),
        int(worker.metric("lead_qualifier_aborted_transactions_total")),
        sum(line.get("level") in {"warning", "error"} for line in worker.lines()),
    )
