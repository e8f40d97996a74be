"""Apache Kafka on this machine's Java: one KRaft node on the loopback address, its data in a folder that stays."""

from __future__ import annotations

import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path

from typing_extensions import override

from lead_qualifier.demo.broker.errors import DidNotStart
from lead_qualifier.demo.broker.java import KAFKA_VERSION
from lead_qualifier.demo.broker.local_broker import LocalBroker
from lead_qualifier.demo.broker.single_node import SINGLE_NODE

_LOGGING = """\
Configuration:
  Appenders: {Console: {name: STDOUT, PatternLayout: {pattern: "%d %p %c{1} %m%n"}}}
  Loggers: {Root: {level: WARN, AppenderRef: [{ref: STDOUT}]}}
"""


# Kafka runs in its folder and is told these names only: a path in a file for Java has rules of its own for spaces,
# backslashes and letters that are not ASCII.
_DATA = "data"
_PROPERTIES = "server.properties"
_LOG_SETTINGS = "log4j2.yaml"


class LocalKafka(LocalBroker):
    """One node of Apache Kafka, broker and controller in one process."""

    name = "Kafka"
    description = f"Apache Kafka {KAFKA_VERSION} on this machine's Java"

    def __init__(
        self,
        folder: Path,
        *,
        java: Path,
        libs: Path,
        heap: str = "1g",
        settings: Mapping[str, str] | None = None,
        cluster_id: str | None = None,
    ) -> None:
        """`folder` keeps the data; `libs` has Kafka's jars (`java.kafka_jars`); `heap` is the JVM's -Xmx.

        `settings` are laid over Kafka's server properties. `cluster_id`: 22 letters of base64, for nodes that form a
        cluster; by default one of its own.
        """
        super().__init__(folder, ports=2)
        self._java = java
        self._libs = libs
        self._heap = heap
        self._settings = dict(settings or {})
        self._cluster_id = cluster_id

    def tool(self, main_class: str, *arguments: str) -> list[str]:
        """The command of one of Kafka's own programs, such as `org.apache.kafka.tools.ConsoleProducer`.

        It is to be run in `folder`.
        """
        return [*self._java_command(), "-Xmx256m", "-XX:TieredStopAtLevel=1", main_class, *arguments]

    @override
    def _command(self) -> list[str]:
        return [*self._java_command(), f"-Xmx{self._heap}", "kafka.Kafka", _PROPERTIES]

    @override
    def _prepare(self) -> None:
        client, controller = self.ports
        properties = {
            "node.id": "1",
            "process.roles": "broker,controller",
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "listeners": f"PLAINTEXT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{client}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": _DATA,
            **SINGLE_NODE,
            **self._settings,
        }
        (self.folder / _PROPERTIES).write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
        (self.folder / _LOG_SETTINGS).write_text(_LOGGING)
        if not (self.folder / _DATA / "meta.properties").exists():
            self._format()

    def _format(self) -> None:
        # Kafka takes an id that begins with a dash for an option.
        identity = self._cluster_id or urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A")
        arguments = ["format", "--cluster-id", identity, "--config", _PROPERTIES, "--ignore-formatted"]
        done = subprocess.run(
            self.tool("kafka.tools.StorageTool", *arguments),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise DidNotStart(f"Kafka could not format {self.folder}: {(done.stderr or done.stdout).strip()}")

    def _java_command(self) -> list[str]:
        return [
            str(self._java),
            "-cp",
            f"{self._libs}/*",
            "-XX:+UseSerialGC",
            f"-Dlog4j2.configurationFile={_LOG_SETTINGS}",
            f"-Dlead-qualifier.folder={self.folder}",  # by which others know the process
        ]
