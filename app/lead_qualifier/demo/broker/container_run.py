"""Runs Kafka's container in the foreground: its logs are the output, and each ends with the other."""

from __future__ import annotations

import contextlib
import signal
import sys
from typing import Any

import docker.errors
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from lead_qualifier.demo.broker.keeper import STOP_SECONDS
from lead_qualifier.demo.broker.single_node import SINGLE_NODE

_DATA = "/var/lib/kafka/data"
_CLUSTER = "TGVhZC1xdWFsaWZpZXItMQ"


def main() -> int:
    """Arguments: the data folder (by it others know this process), name of container and volume, image, host, port."""
    _, name, image, host, port = sys.argv[1:]
    # Testcontainers' own cleaner is one more image to pull, and would end the container with the first of its users.
    testcontainers_config.ryuk_disabled = True
    kafka = DockerContainer(image, name=name, env=environment(host, int(port)))
    kafka.with_volume_mapping(name, _DATA, "rw")
    published: Any = ("127.0.0.1", int(port)) if host == "127.0.0.1" else int(port)
    kafka.ports = {f"{port}/tcp": published}
    client = kafka.get_docker_client().client
    with contextlib.suppress(docker.errors.NotFound):  # one whose program was killed
        client.containers.get(name).remove(force=True, v=True)

    def end(*_: object) -> None:
        with contextlib.suppress(docker.errors.APIError):
            client.containers.get(name).stop(timeout=STOP_SECONDS - 5)

    signal.signal(signal.SIGTERM, end)
    try:
        kafka.start()
    except docker.errors.APIError as error:
        sys.stdout.write(f"ERROR Docker could not start it: {error.explanation}\n")
        with contextlib.suppress(docker.errors.NotFound):
            client.containers.get(name).remove(force=True, v=True)
        return 1
    container = kafka.get_wrapped_container()
    for lines in container.logs(stream=True, follow=True):
        sys.stdout.buffer.write(lines)
        sys.stdout.flush()
    status = int(container.wait()["StatusCode"])
    with contextlib.suppress(docker.errors.NotFound):
        container.remove(v=True)
    return status


def environment(host: str, port: int) -> dict[str, str]:
    """The image's environment for one node that clients reach at host:port."""
    properties = {
        "node.id": "1",
        "process.roles": "broker,controller",
        "controller.quorum.voters": "1@localhost:9093",
        "controller.listener.names": "CONTROLLER",
        # Kafka also speaks to itself, and host:port may lead nowhere inside the container.
        "listeners": f"CLIENTS://:{port},ITSELF://localhost:9091,CONTROLLER://localhost:9093",
        "advertised.listeners": f"CLIENTS://{host}:{port},ITSELF://localhost:9091",
        "inter.broker.listener.name": "ITSELF",
        "listener.security.protocol.map": "CLIENTS:PLAINTEXT,ITSELF:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": _DATA,
        **SINGLE_NODE,
    }
    return {
        "CLUSTER_ID": _CLUSTER,
        "KAFKA_HEAP_OPTS": "-Xmx1g",
        "KAFKA_LOG4J_ROOT_LOGLEVEL": "WARN",
        **{f"KAFKA_{name.upper().replace('.', '_')}": value for name, value in properties.items()},
    }


if __name__ == "__main__":
    sys.exit(main())
