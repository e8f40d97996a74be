"""Asks the broker, before work begins, whether this login may do what its service needs."""

from __future__ import annotations

from collections.abc import Iterable

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AclOperation, AdminClient

from lead_qualifier.kafka.connection import Connection, NotAllowed, is_forbidden
from lead_qualifier.services.acls import Grant, Operation, Resource

_ASKED = {
    Operation.READ: AclOperation.READ,
    Operation.WRITE: AclOperation.WRITE,
    Operation.DESCRIBE: AclOperation.DESCRIBE,
    Operation.DESCRIBE_CONFIGS: AclOperation.DESCRIBE_CONFIGS,
    Operation.DELETE: AclOperation.DELETE,
}
"""Not Create: it can be asked of nothing that exists. Whoever creates is told then."""


def check_rights(connection: Connection, grants: Iterable[Grant], *, timeout: float) -> None:
    """Raises NotAllowed with everything that is missing on topics and groups that exist.

    Transactional ids cannot be asked for. Where nobody logs in, nothing is asked. `timeout`: seconds for each request.
    Raises KafkaException if the broker can't be asked.
    """
    if connection.security_protocol == "PLAINTEXT":
        return
    admin = AdminClient(connection.confluent(log_level=0))
    wanted: dict[tuple[Resource, str], list[Operation]] = {}
    for grant in grants:
        for name in grant.names:
            wanted.setdefault((grant.resource, name), []).extend(op for op in grant.operations if op in _ASKED)
    topics = [name for resource, name in wanted if resource is Resource.TOPIC]
    groups = [name for resource, name in wanted if resource is Resource.GROUP]
    found = {
        Resource.TOPIC: admin.describe_topics(
            TopicCollection(topics), include_authorized_operations=True, request_timeout=timeout
        ),
        Resource.GROUP: admin.describe_consumer_groups(
            groups, include_authorized_operations=True, request_timeout=timeout
        ),
    }
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
