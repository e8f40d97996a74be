"""Installations for the tests of the worker: topics, workers and an oracle of their own, on the session's broker."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from lead_qualifier.demo.broker.finder import Broker
from lead_qualifier.kafka.admin import LATEST, Admin
from lead_qualifier.messages.topics import LEAD_DEAD_LETTERS
from tests.conftest import making_kafka
from tests.support.installation import Installation
from tests.support.secured_kafka import SecuredKafka, make_certificate
from tests.support.subscriptions import TOPIC


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that signs itself; its key is beside it."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate, and is not installed")
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def fenced(certificate: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    """A Kafka that allows nothing without a login and an ACL."""
    with making_kafka(tmp_path_factory) as make_kafka:
        yield SecuredKafka(make_kafka, tmp_path_factory.mktemp("fenced"), certificate)


Install = Callable[..., Installation]


@pytest.fixture(scope="module")
def install(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Install]:
    """Makes installations, for the time of one file of tests; arguments as of Installation."""
    made: list[Installation] = []

    def make(**settings: object) -> Installation:
        made.append(Installation(kafka.bootstrap_servers, tmp_path_factory.mktemp("workers"), **settings))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def prefix(kafka: Broker) -> Iterator[str]:
    """A topic prefix with the topics of qualified leads and dead letters, for the consumer kit."""
    prefix = f"kit{uuid.uuid4().hex[:8]}."
    admin = AdminClient(kafka.connection.confluent())
    names = [prefix + TOPIC, prefix + LEAD_DEAD_LETTERS.name]
    for future in admin.create_topics([NewTopic(name, 4, 1) for name in names]).values():
        future.result(30)
    # A consumer that subscribes before the broker knows its own new topics would end: they do not exist.
    partitions = [(name, number) for name in names for number in range(4)]
    Admin(kafka.connection.confluent()).list_offsets(dict.fromkeys(partitions, LATEST), wait=30, created_just_now=True)
    yield prefix
    for future in admin.delete_topics(names).values():
        future.result(30)
