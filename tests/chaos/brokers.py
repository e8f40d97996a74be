"""The brokers of a run: one, or several that replicate everything, each with a second listener behind a relay."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from lead_qualifier.demo.broker.local_broker import free_ports
from lead_qualifier.demo.broker.local_kafka import LocalKafka
from tests.chaos.network import Relay

_CLUSTER_ID = "Y2hhb3MtbGVhZC1xdWFsMQ"
#: Three share the machine with all that they serve.
_START_SECONDS = 300.0
IN_SYNC_SECONDS = 180.0


@dataclass(frozen=True)
class Ports:
    """Of one broker. `relay` is what the listener `far` tells its clients to use."""

    client: int
    controller: int
    far: int
    relay: int


class Brokers:
    """Apache Kafka's own processes, numbered from 0 on; all of them are voters of the controller quorum."""

    def __init__(self, count: int, folder: Path, *, java: Path, libs: Path) -> None:
        """`count`: 1, or at least 3: then each topic has three replicas, of which two must be in sync."""
        ports = [Ports(*free_ports(4)) for _ in range(count)]
        self.nodes = [
            LocalKafka(
                folder / ("kafka" if count == 1 else f"kafka-{number + 1}"),
                java=java,
                libs=libs,
                heap="512m" if count == 1 else "300m",
                settings=_settings(number, ports),
                cluster_id=_CLUSTER_ID,
            )
            for number in range(count)
        ]
        for node, its in zip(self.nodes, ports, strict=True):
            node.ports = [its.client, its.controller]
        self._ports = ports
        self._relays: list[Relay] = []
        self.busy = False
        """Is one of several broken or catching up? Then no other is to be broken: two copies are what is promised."""

    @property
    def bootstrap_servers(self) -> str:
        return ",".join(node.bootstrap_servers for node in self.nodes)

    @property
    def through_relays(self) -> str:
        """The addresses for a client all of whose connections go through the relays."""
        return ",".join(f"127.0.0.1:{its.relay}" for its in self._ports)

    def start(self) -> None:
        """Raises DidNotStart. All at once: the first answers only when a second has come."""
        with ThreadPoolExecutor(len(self.nodes)) as pool:
            list(pool.map(lambda node: node.start(_START_SECONDS), self.nodes))
        self._relays = [Relay(its.relay, its.far) for its in self._ports]

    def close(self) -> None:
        for relay in self._relays:
            relay.close()
        for node in self.nodes:
            node.thaw()
        with ThreadPoolExecutor(len(self.nodes)) as pool:
            list(pool.map(LocalKafka.close, self.nodes))

    def pause_network(self) -> None:
        """Nothing passes the relays."""
        for relay in self._relays:
            relay.pause()

    def cut_network(self) -> None:
        """End the connections through the relays, and let nothing pass."""
        for relay in self._relays:
            relay.cut()

    def mend_network(self) -> None:
        for relay in self._relays:
            relay.go_on()

    def restart(self, number: int) -> None:
        """Run a broker again, stopping it first where it still runs. Raises DidNotStart."""
        self.nodes[number].restart(_START_SECONDS)

    def lose(self, number: int) -> None:
        """Kill a broker, and remove its disk."""
        self.nodes[number].kill()
        shutil.rmtree(self.nodes[number].folder / "data")

    def in_sync(self) -> bool:
        """Is every replica of every partition in sync, at brokers that are all there?"""
        try:
            known = AdminClient({"bootstrap.servers": self.bootstrap_servers, "log_level": 0}).list_topics(timeout=5)
        except KafkaException:
            return False
        return len(known.brokers) == len(self.nodes) and all(
            len(partition.isrs) == len(partition.replicas)
            for topic in known.topics.values()
            for partition in topic.partitions.values()
        )

    def logs(self) -> str:
        """What the brokers have logged since they were started last."""
        return "\n".join(node.log.read_text(errors="replace") for node in self.nodes)

    def restart_all(self) -> None:
        """One after the other, each when those before it are in sync again."""
        for number in range(len(self.nodes)):
            self.restart(number)
            deadline = time.monotonic() + IN_SYNC_SECONDS
            while not self.in_sync() and time.monotonic() < deadline:
                time.sleep(0.2)


def _settings(number: int, ports: list[Ports]) -> dict[str, str]:
    its = ports[number]
    settings = {
        "listeners": f"PLAINTEXT://127.0.0.1:{its.client},CONTROLLER://127.0.0.1:{its.controller}"
        f",FAR://127.0.0.1:{its.far}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{its.client},FAR://127.0.0.1:{its.relay}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,FAR:PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
    }
    if len(ports) == 1:
        return settings
    return settings | {
        "node.id": str(number + 1),
        "controller.quorum.voters": ",".join(f"{n}@127.0.0.1:{each.controller}" for n, each in enumerate(ports, 1)),
        "default.replication.factor": "3",
        "min.insync.replicas": "2",
        "offsets.topic.replication.factor": "3",
        "transaction.state.log.replication.factor": "3",
        "transaction.state.log.min.isr": "2",
        "share.coordinator.state.topic.replication.factor": "3",
        "share.coordinator.state.topic.min.isr": "2",
        # as Kafka has them: the time until a broker that is gone is noticed is part of what is measured
        "broker.session.timeout.ms": "9000",
        "broker.heartbeat.interval.ms": "2000",
        # a broker gives up after a minute, which three that start on a busy machine can take
        "initial.broker.registration.timeout.ms": str(int(_START_SECONDS * 1000)),
    }
