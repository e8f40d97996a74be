"""Finds a broker, or starts one: the address given, a container, this machine's Java, the embedded server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lead_qualifier.demo.broker.errors import DidNotStart, NoBroker, NotAvailable
from lead_qualifier.demo.broker.java import KAFKA_VERSION, find_java, kafka_jars
from lead_qualifier.demo.broker.kinds import IN_ORDER, BrokerKind
from lead_qualifier.demo.broker.local_broker import LocalBroker
from lead_qualifier.demo.broker.local_kafka import LocalKafka
from lead_qualifier.demo.broker.local_noida import LocalNoida
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.services.extras import container_needs
from lead_qualifier.settings import BrokerChoice, Settings

Say = Callable[[str], None]
"""Called with each line of progress: what is being tried, how far a download is, why something is not available."""


@dataclass(frozen=True, kw_only=True)
class Broker:
    """A broker that answers."""

    kind: BrokerKind
    connection: Connection
    description: str
    """What it is, for people."""
    data_location: str
    """Where its data lies and how to be rid of it, for people."""
    workers_limit: int | None = None
    """How many workers it can serve; None: no limit."""
    started: bool = False
    """Did this program start it? (Else it was given, or runs for another program.)"""

    @property
    def bootstrap_servers(self) -> str:
        """Its address."""
        return self.connection.bootstrap_servers


@contextmanager
def find_broker(settings: Settings, say: Say, *, order: Sequence[BrokerKind] | None = None) -> Iterator[Broker]:
    """A broker for the time of the `with`; what this program started, and nobody else uses, is stopped at its end.

    `order`: the kinds to try where no address is given; by default as `settings.broker` says.
    Raises BrokerUnreachable when the address given does not answer, NoBroker when none can be started.
    """
    if settings.kafka_bootstrap_servers is not None:
        yield _given(settings, say)
        return
    say("Broker: KAFKA_BOOTSTRAP_SERVERS is not set, so one is found or started here")
    reasons = []
    choice = settings.broker
    for kind in order or (IN_ORDER if choice is BrokerChoice.AUTO else [BrokerKind(choice.value)]):
        try:
            local = make_broker(kind, settings.data_dir / kind, say)
            started = local.start()
        except (NotAvailable, DidNotStart) as reason:
            reasons.append(f"{kind}: {reason}")
            say(f"Broker: {reason}")
            continue
        try:
            state = "started" if started else "already running"
            broker = Broker(
                kind=kind,
                connection=local.connection,
                description=f"{local.description}, {state} at {local.bootstrap_servers}",
                data_location=local.data_location,
                workers_limit=local.workers_limit,
                started=started,
            )
            say(f"Broker: {broker.description}; {broker.data_location}")
            yield broker
        finally:
            local.close()
        return
    raise NoBroker("no Kafka broker could be started; any one of these would do:\n  " + "\n  ".join(reasons))


def make_broker(kind: BrokerKind, folder: Path, say: Say) -> LocalBroker:
    """A broker of a kind that can be started, not started yet; what it needs is downloaded. Raises NotAvailable."""
    if kind is BrokerKind.CONTAINER:
        if needs := container_needs():
            raise NotAvailable(needs)
        from lead_qualifier.demo.broker import container_kafka  # noqa: PLC0415  imports packages of the extra `demo`

        container = container_kafka.ContainerKafka(folder, say=say, image=container_kafka.IMAGE)
        say("Broker: a Docker engine answers; starting Apache Kafka's container ...")
        return container
    if kind is BrokerKind.JAVA:
        java = find_java()
        libs = kafka_jars(say)
        say(f"Broker: starting Apache Kafka {KAFKA_VERSION} on {java} ...")
        return LocalKafka(folder, java=java, libs=libs)
    noida = LocalNoida(folder)
    say("Broker: starting noida-db, a small server that speaks Kafka's protocol ...")
    return noida


def _given(settings: Settings, say: Say) -> Broker:
    connection = settings.connection()
    say(f"Broker: {connection.bootstrap_servers} (KAFKA_BOOTSTRAP_SERVERS)")
    connection.check_reachable()
    return Broker(
        kind=BrokerKind.GIVEN,
        connection=connection,
        description=f"the Kafka at {connection.bootstrap_servers} (KAFKA_BOOTSTRAP_SERVERS)",
        data_location="its data is kept there",
    )
