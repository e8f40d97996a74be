"""Topics and logins as the resources of Strimzi's operators, KafkaTopic and KafkaUser, for clusters kept by GitOps."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lead_qualifier.kafka.acls import Grant, Operation, Resource
from lead_qualifier.messages.topics import BROKER_DEFAULT_MAX_MESSAGE_BYTES, Topic
from lead_qualifier.settings import Settings

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LONGEST_NAME = 253
_RESOURCES = {
    Resource.TOPIC: "topic",
    Resource.GROUP: "group",
    Resource.TRANSACTIONAL_ID: "transactionalId",
}


class ApiVersion(StrEnum):
    """The version of Strimzi's resources."""

    V1 = "v1"
    V1BETA2 = "v1beta2"


class Authentication(StrEnum):
    """How a KafkaUser logs in."""

    SCRAM_SHA_512 = "scram-sha-512"
    TLS = "tls"
    TLS_EXTERNAL = "tls-external"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the resources go."""

    cluster: str
    """The name of the Kafka resource."""
    namespace: str | None = None
    """None: the one in which they are applied."""
    api_version: ApiVersion = ApiVersion.V1

    def resource(self, kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
        """A resource of that kind. `name` must be a valid name for Kubernetes."""
        metadata: dict[str, Any] = {"name": name}
        if self.namespace is not None:
            metadata["namespace"] = self.namespace
        metadata["labels"] = {"strimzi.io/cluster": self.cluster}
        return {
            "apiVersion": f"kafka.strimzi.io/{self.api_version}",
            "kind": kind,
            "metadata": metadata,
            "spec": spec,
        }


def is_resource_name(name: str) -> bool:
    """Whether Kubernetes takes this as the name of a resource (a DNS subdomain)."""
    return len(name) <= _LONGEST_NAME and _NAME.fullmatch(name) is not None


def resource_name(name: str) -> str:
    """The name itself if Kubernetes accepts it, otherwise a valid one with a hash, so that no two names collide."""
    if is_resource_name(name):
        return name
    labels = (re.sub(r"[^a-z0-9-]", "-", label).strip("-") for label in name.lower().split("."))
    readable = ".".join(label for label in labels if label)
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    kept = readable[: _LONGEST_NAME - 9].rstrip("-.")
    return f"{kept}-{digest}" if kept else digest


def kafka_topic(
    target: Target,
    topic: Topic,
    settings: Settings,
    *,
    min_insync_replicas: int | None = None,
    input_max_message_bytes: int | None = None,
) -> dict[str, Any]:
    """The KafkaTopic of a topic, as `topics create` would create it.

    `min_insync_replicas`, `input_max_message_bytes`: None leaves the choice to the broker.
    """
    name = topic.full_name(settings.topic_prefix, settings.state_prefix)
    spec: dict[str, Any] = {"partitions": topic.partition_count(settings.partitions)}
    if settings.replication_factor > 0:
        spec["replicas"] = settings.replication_factor
    config = topic.config(input_max_message_bytes or BROKER_DEFAULT_MAX_MESSAGE_BYTES)
    if input_max_message_bytes is not None:
        config.setdefault("max.message.bytes", str(input_max_message_bytes))
    if min_insync_replicas is not None:
        config["min.insync.replicas"] = str(min_insync_replicas)
    spec["config"] = {key: int(value) if value.isdigit() else value for key, value in config.items()}
    known_as = resource_name(name)
    return target.resource("KafkaTopic", known_as, spec if known_as == name else {"topicName": name, **spec})


def kafka_user(target: Target, name: str, authentication: Authentication, grants: Iterable[Grant]) -> dict[str, Any]:
    """The KafkaUser with these rights, one rule for each resource. `name` must be valid for Kubernetes."""
    merged: dict[tuple[str, str, str], set[Operation]] = {}
    for grant in grants:
        pattern = "prefix" if grant.prefixed else "literal"
        for resource in grant.names:
            merged.setdefault((_RESOURCES[grant.resource], resource, pattern), set()).update(grant.operations)
    rules = [
        {
            "resource": {"type": kind, "name": resource, "patternType": pattern},
            "operations": [operation.value for operation in Operation if operation in operations],
        }
        for (kind, resource, pattern), operations in merged.items()
    ]
    spec = {"authentication": {"type": authentication.value}, "authorization": {"type": "simple", "acls": rules}}
    return target.resource("KafkaUser", name, spec)
