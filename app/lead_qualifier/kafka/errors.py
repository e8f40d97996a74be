"""What goes wrong between a program and Kafka, as types with arguments.

The messages name no setting and no command: the layer that knows those adds what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import KafkaError, KafkaException
from typing_extensions import override

_FORBIDDEN = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    }
)


class KafkaClientError(Exception):
    """Base class of this package's exceptions."""


class BrokerUnreachable(KafkaClientError):
    """No broker answered in time."""

    def __init__(self, bootstrap_servers: str, *, seconds: float, reason: str) -> None:
        """`reason`: the client's own words, such as "Connection refused"."""
        self.bootstrap_servers = bootstrap_servers
        self.seconds = seconds
        self.reason = reason
        super().__init__(f"no Kafka broker answered at {bootstrap_servers} within {seconds:g} s ({reason})")


class LoginRefused(BrokerUnreachable):
    """A broker answered and refused the user's name or password: waiting does not help."""

    def __init__(self, bootstrap_servers: str, reason: str) -> None:
        super().__init__(bootstrap_servers, seconds=0, reason=reason)
        self.args = (f"the broker at {bootstrap_servers} refused the login ({reason})",)


class UnusableConnection(KafkaClientError):
    """The parts of a connection do not make one, such as a key whose password is wrong."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"no client can be made of this connection ({reason})")


class UnusableFile(UnusableConnection):
    """A certificate or key cannot be used."""

    def __init__(self, field: str, path: Path, problem: str) -> None:
        """`field`: of Connection, such as ssl_ca_file. `problem`: what follows the path in a sentence."""
        self.field = field
        self.path = path
        self.problem = problem
        super().__init__(f"{field}: {path} {problem}")


class NotAllowed(KafkaClientError):
    """The broker does not allow this login something."""

    def __init__(self, *rights: str) -> None:
        """`rights`: operation and resource, such as `Write on topic lead-state`."""
        self.rights = rights
        super().__init__(f"the broker does not allow this login: {', '.join(rights)}")


class TopicMissing(KafkaClientError):
    """A topic does not exist."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        super().__init__(f"the topic {topic} does not exist")


class ReadIncomplete(KafkaClientError):
    """Topics could not be read to their end."""


class RawFetchFailed(KafkaClientError):
    """The bytes of a record batch could not be fetched."""

    def __init__(self, topic: str, partition: int, offset: int, reason: str) -> None:
        super().__init__(f"{topic}-{partition} cannot be read on from offset {offset}: {reason}")


class NotDelivered(KafkaClientError, KafkaException):
    """The broker did not take a record; `args[0]` is the KafkaError, as in any KafkaException."""

    def __init__(self, topic: str, error: KafkaError) -> None:
        self.topic = topic
        super().__init__(error)

    @override
    def __str__(self) -> str:
        return f"a record for {self.topic} was not delivered ({self.args[0].str()})"


def is_forbidden(error: KafkaError) -> bool:
    """Whether the error says that an ACL is missing."""
    return error.code() in _FORBIDDEN


def record_refusal(error: KafkaError, topic: str) -> str:
    """Why the broker refused a record, where the error concerns only this one.

    Raises KafkaException if no broker answered, NotAllowed if the login may not write to the topic.
    """
    if error.code() == KafkaError._MSG_TIMED_OUT:
        raise KafkaException(error)
    if is_forbidden(error):
        raise NotAllowed(f"Write on topic {topic}")
    return error.str()


@contextmanager
def needing(*rights: str) -> Iterator[None]:
    """Raise NotAllowed with these rights if the broker says inside that an ACL is missing."""
    try:
        yield
    except KafkaException as error:
        if is_forbidden(error.args[0]):
            raise NotAllowed(*rights) from error
        raise


def partition_names(partitions: Iterable[tuple[str, int]]) -> str:
    """`lead-state-0, lead-state-1`, in order."""
    return ", ".join(f"{topic}-{number}" for topic, number in sorted(partitions))
