"""Brokers for the tests: by the program's own finder, and never the emulator."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import structlog

from lead_qualifier.demo.broker.errors import NoBroker, NotAvailable
from lead_qualifier.demo.broker.finder import Broker, find_broker
from lead_qualifier.demo.broker.java import find_java, kafka_jars
from lead_qualifier.demo.broker.kinds import BrokerKind
from lead_qualifier.demo.broker.local_kafka import LocalKafka
from lead_qualifier.demo.broker.single_node import SINGLE_NODE
from lead_qualifier.settings import load_settings
from tests.support.broker_settings import PATIENT
from tests.support.examples import load_profile
from tests.support.kafka_classes import share_classes

# What is imported and collected stays to the end: to look for garbage in it again and again takes a third of the time.
gc.disable()

load_profile()

# Tests that fail on purpose log many exceptions, and rich shows each with all its local variables: that takes seconds.
structlog.configure(processors=[structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)])

# Brokers of tests live for seconds or minutes: Java's second compiler would cost them more than it brings.
os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")

TEST_BROKER = "LEAD_QUALIFIER_TEST_BROKER"
XDIST_PROCESS = "PYTEST_XDIST_WORKER"
#: Folders whose tests mostly wait, those with the longest first.
WAITING = ("tests/chaos/", "tests/broker/")
#: Their files are spread over this part of all files that compute; the rest of those fills the gaps at the end.
SPREAD = 0.7


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files so that while some tests wait others compute, and all processes end at about the same time."""
    files: dict[bool, list[str]] = {True: [], False: []}
    for name in dict.fromkeys(item.nodeid.partition("::")[0] for item in items):
        files[name.startswith(WAITING)].append(name)
    files[True].sort(key=lambda name: not name.startswith(WAITING[0]))
    place = {
        name: number / len(names) * (SPREAD if waiting else 1)
        for waiting, names in files.items()
        for number, name in enumerate(names)
    }
    items.sort(key=lambda item: place[item.nodeid.partition("::")[0]])


def pytest_collection_finish() -> None:
    """From here on garbage is collected."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A real Kafka for all tests of all processes of a run: topics of their own keep them apart.

    KAFKA_BOOTSTRAP_SERVERS where it is set; else Kafka on this machine's Java, which starts quickest, else in a
    container; LEAD_QUALIFIER_TEST_BROKER=container or java allows one only.
    """
    choice = os.environ.get(TEST_BROKER)
    order = [BrokerKind(choice)] if choice else [BrokerKind.JAVA, BrokerKind.CONTAINER]
    folder = tmp_path_factory.getbasetemp()
    if XDIST_PROCESS in os.environ:
        folder = folder.parent  # the run's own
    settings = load_settings(data_dir=folder / "broker")
    if settings.kafka_bootstrap_servers is None and BrokerKind.JAVA in order:
        with suppress(NotAvailable):  # the finder says why
            share_classes(find_java(), kafka_jars(print))
    try:
        with ExitStack() as running:
            with pytest.MonkeyPatch.context() as patch:
                for name, value in PATIENT.items():
                    patch.setitem(SINGLE_NODE, name, value)
                broker = running.enter_context(find_broker(settings, print, order=order))
            yield broker
    except NoBroker as reason:
        cannot_run_broker_tests(str(reason))


@pytest.fixture
def make_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., LocalKafka]]:
    """Makes brokers that a test may stop, kill, freeze and restart, as `making_kafka` does."""
    with making_kafka(tmp_path_factory) as make:
        yield make


@contextmanager
def making_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., LocalKafka]]:
    """`make()` is a broker that runs, until the end of the `with`: each that is left takes memory and CPU from others.

    `properties` are Kafka's server properties; `ports`, for clients and the controller, where a test needs to know;
    `cluster_id`, 22 letters of base64, for brokers that form a cluster.
    """
    try:
        java, libs = find_java(), kafka_jars(print)
        share_classes(java, libs)
    except NotAvailable as reason:
        cannot_run_broker_tests(str(reason))

    with ExitStack() as made:

        def make(
            folder: Path | None = None,
            *,
            properties: dict[str, str] | None = None,
            ports: list[int] | None = None,
            cluster_id: str | None = None,
        ) -> LocalKafka:
            folder = folder or tmp_path_factory.mktemp("kafka")
            local = LocalKafka(folder, java=java, libs=libs, heap="512m", settings=properties, cluster_id=cluster_id)
            if ports is not None:
                local.ports = ports
            local.start()
            made.callback(local.close)
            made.callback(local.kill)  # a frozen one would not stop in order
            return local

        yield make


def cannot_run_broker_tests(reason: str) -> None:
    """Without a broker these tests are skipped, but not where they are what decides."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
