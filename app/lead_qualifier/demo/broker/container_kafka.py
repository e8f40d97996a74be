"""Apache Kafka in a container, where a Docker engine answers; its data in a volume that stays."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import docker.errors
from testcontainers.core.docker_client import DockerClient
from typing_extensions import override

import lead_qualifier
from lead_qualifier.demo.broker.errors import NotAvailable
from lead_qualifier.demo.broker.java import KAFKA_VERSION
from lead_qualifier.demo.broker.local_broker import LocalBroker

IMAGE = f"apache/kafka:{KAFKA_VERSION}"
_ENGINE_SECONDS = 5
_PULL_SECONDS_WITHOUT_NEWS = 60


class ContainerKafka(LocalBroker):
    """One node of Apache Kafka in a container.

    Its process here (`pid`) is the program `container_run`, which has the container and ends with it.
    """

    name = "Kafka's container"
    description = f"Apache Kafka {KAFKA_VERSION} in a container"

    def __init__(self, folder: Path, *, say: Callable[[str], None], image: str = IMAGE) -> None:
        """`folder` keeps what is known about it. Raises NotAvailable where no Docker engine answers."""
        super().__init__(folder, ports=1)
        self.volume = f"lead-qualifier-kafka-{hashlib.sha256(str(self.folder).encode()).hexdigest()[:8]}"
        """Names the container, and the volume that has the data."""
        self.host = _engine_host()
        self._say = say
        self._image = image

    @override
    @property
    def bootstrap_servers(self) -> str:
        """The address for clients."""
        return f"{self.host}:{self.ports[0]}"

    @override
    @property
    def data_location(self) -> str:
        """Where its data lies and how to be rid of it, for people."""
        return f"its data stays in the Docker volume {self.volume} (to start afresh: docker volume rm {self.volume})"

    @override
    def kill(self) -> None:
        """End the container at once."""
        super().kill()
        self._with_container(lambda container: container.remove(force=True, v=True))

    @override
    def freeze(self) -> None:
        """Halt the container: connections stay, nothing answers."""
        self._with_container(lambda container: container.pause())

    @override
    def thaw(self) -> None:
        """Let a frozen container go on."""
        self._with_container(lambda container: container.status == "paused" and container.unpause())

    def _with_container(self, act: Callable[[Any], object]) -> None:
        """Act on the container; where there is none any more, nothing is left to do."""
        with closing(DockerClient().client) as client, suppress(docker.errors.NotFound):
            act(client.containers.get(self.volume))

    @override
    def _prepare(self) -> None:
        pull(self._image, self._say)

    @override
    def _command(self) -> list[str]:
        where = [str(self.folder), self.volume, self._image, self.host, str(self.ports[0])]
        return [sys.executable, "-m", "lead_qualifier.demo.broker.container_run", *where]

    @override
    def _working_folder(self) -> Path:
        """Where our own package is found, installed or not."""
        return Path(lead_qualifier.__file__).parents[1]


def pull(image: str, say: Callable[[str], None]) -> None:
    """Download the image unless it is there, reporting progress. Raises NotAvailable if that fails."""
    try:
        client = DockerClient(timeout=_PULL_SECONDS_WITHOUT_NEWS).client
        try:
            client.images.get(image)
        except docker.errors.ImageNotFound:
            say(f"Pulling the image {image} (once, about 200 MB) ...")
            _pull(client, image, say)
        finally:
            client.close()
    except (docker.errors.DockerException, OSError) as error:
        raise NotAvailable(f"the image {image} could not be pulled: {_reason(error)}") from error


def _pull(client: Any, image: str, say: Callable[[str], None]) -> None:
    layers: dict[str, tuple[int, int]] = {}
    said = time.monotonic()
    for event in client.api.pull(*image.split(":"), stream=True, decode=True):
        if "error" in event:
            raise NotAvailable(f"the image {image} could not be pulled: {event['error']}")
        detail = event.get("progressDetail") or {}
        if event.get("status") == "Downloading" and "total" in detail:
            layers[event["id"]] = (detail["current"], detail["total"])
        elif event.get("status") == "Download complete" and event["id"] in layers:
            layers[event["id"]] = (layers[event["id"]][1],) * 2
        if layers and time.monotonic() - said > 2:
            said = time.monotonic()
            done, total = (sum(each[i] for each in layers.values()) / 1e6 for i in (0, 1))
            say(f"  {done:.0f} of {total:.0f} MB ...")


def _engine_host() -> str:
    """Where a port that the Docker engine publishes is reached. Raises NotAvailable when no engine answers."""
    try:
        docker_client = DockerClient(timeout=_ENGINE_SECONDS)
    except (docker.errors.DockerException, OSError) as error:
        raise NotAvailable(f"no Docker engine answers ({_reason(error)})") from error
    host = str(docker_client.host())
    docker_client.client.close()
    return "127.0.0.1" if host == "localhost" else host


def _reason(error: Exception) -> str:
    """The last words of a long story: Docker's errors quote each other."""
    if isinstance(error, docker.errors.APIError) and error.explanation:
        return str(error.explanation)
    shown = str(error)
    for known, said in (
        ("FileNotFoundError", "it is not installed or does not run"),
        ("ConnectionRefusedError", "it does not run"),
        ("PermissionError", "this user may not use it: add the user to the group docker"),
    ):
        if known in shown:
            return said
    return shown
