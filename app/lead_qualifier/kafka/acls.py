"""Access control lists: what may be done to what, as calls of `kafka-acls`, as bindings, and asked of a broker."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AclOperation, AdminClient

from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import NotAllowed, is_forbidden


class Operation(StrEnum):
    """An operation of Kafka's ACLs. Read and Write imply Describe."""

    READ = "Read"
    WRITE = "Write"
    DESCRIBE = "Describe"
    DESCRIBE_CONFIGS = "DescribeConfigs"
    CREATE = "Create"
    DELETE = "Delete"


class Resource(StrEnum):
    """A resource that an operation applies to."""

    TOPIC = "topic"
    GROUP = "group"
    TRANSACTIONAL_ID = "transactional-id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """All of these operations on each of these resources."""

    resource: Resource
    names: tuple[str, ...]
    operations: tuple[Operation, ...]
    why: str
    prefixed: bool = False
    """The names are prefixes of the resources' names."""


def command_line(grant: Grant, principal: str, bootstrap_servers: str) -> str:
    """The call of Kafka's `kafka-acls` that adds the ACLs of a grant."""
    words = ["kafka-acls.sh", "--bootstrap-server", bootstrap_servers, "--command-config", "admin.properties", "--add"]
    words += ["--allow-principal", principal]
    for operation in grant.operations:
        words += ["--operation", operation.value]
    for name in grant.names:
        words += [f"--{grant.resource.value}", name]
    if grant.prefixed:
        words += ["--resource-pattern-type", "prefixed"]
    return shlex.join(words)


def as_bindings(grant: Grant, principal: str) -> Iterator[dict[str, str]]:
    """One ACL binding for each resource and operation, as programs take them."""
    for name in grant.names:
        for operation in grant.operations:
            yield {
                "principal": principal,
                "host": "*",
                "permission": "allow",
                "operation": operation.value,
                "resource_type": grant.resource.value,
                "pattern_type": "prefixed" if grant.prefixed else "literal",
                "name": name,
                "why": grant.why,
            }


_ASKED: dict[Operation, AclOperation] = {
    operation: AclOperation[operation.name] for operation in Operation if operation is not Operation.CREATE
}
"""Create cannot be asked for what exists: it is known when a topic is created."""


def check_rights(connection: Connection, grants: Iterable[Grant], *, timeout: float) -> None:
    """Ask the broker whether this login has all of these rights.

    Raises NotAllowed with every right that is missing on topics and groups that exist, KafkaException if the broker
    can't be asked.

    Transactional ids cannot be asked for, and where nobody logs in, nothing is asked. `timeout`: seconds for each
    request.
    """
    if connection.security_protocol == "PLAINTEXT":
        return
    admin = AdminClient(connection.confluent(log_level=0))  # referenced until the last future is done
    wanted: dict[tuple[Resource, str], list[Operation]] = {}
    for grant in grants:
        for name in grant.names:
            wanted.setdefault((grant.resource, name), []).extend(op for op in grant.operations if op in _ASKED)
    topics = [name for resource, name in wanted if resource is Resource.TOPIC]
    groups = [name for resource, name in wanted if resource is Resource.GROUP]
    found = {
        Resource.TOPIC: admin.describe_topics(
            TopicCollection(topics), include_authorized_operations=True, request_timeout=timeout
        )
    }
    if groups:
        found[Resource.GROUP] = admin.describe_consumer_groups(
            groups, include_authorized_operations=True, request_timeout=timeout
        )
    missing = []
    for (resource, name), operations in wanted.items():
        if resource not in found:
            continue
        try:
            allowed = found[resource][name].result().authorized_operations
        except KafkaException as error:
            if not is_forbidden(error.args[0]):
                continue  # it does not exist, or not yet
            allowed = []
        if allowed is not None:
            missing += [f"{op} on {resource} {name}" for op in operations if _ASKED[op] not in allowed]
    if missing:
        raise NotAllowed(*missing)
