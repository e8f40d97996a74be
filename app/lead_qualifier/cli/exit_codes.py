"""The exit codes, and which failure has which."""

from __future__ import annotations

import errno
from enum import IntEnum

from confluent_kafka import KafkaError, KafkaException

from lead_qualifier.client.errors import ClientError, CommandUnanswered
from lead_qualifier.kafka.errors import (
    BrokerUnreachable,
    KafkaClientError,
    NotDelivered,
    ReadIncomplete,
    UnusableConnection,
    is_forbidden,
)
from lead_qualifier.maintenance.errors import MaintenanceError
from lead_qualifier.messages.errors import BadDefinitionFile
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.services.errors import OtherInstallation, TopicsUnfit
from lead_qualifier.settings import InvalidSettings
from lead_qualifier.wording.sentences import IN_ENGLISH


class ExitCode(IntEnum):
    """What the program's exit code means."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    UNREACHABLE = 3
    NO_ANSWER = 4
    FAILED = 70
    INTERRUPTED = 130


MEANINGS = {
    ExitCode.DONE: "done",
    ExitCode.REFUSED: "refused, or not found: the message says why and what to do",
    ExitCode.USAGE: "usage: an argument or a setting is wrong",
    ExitCode.UNREACHABLE: "broker unreachable",
    ExitCode.NO_ANSWER: "no answer: no worker answered in time",
    ExitCode.FAILED: "a worker or service gave up: its last log line says why; restart it",
    ExitCode.INTERRUPTED: "interrupted (Ctrl-C)",
}
"""For the reference and the help."""


class Refused(Exception):
    """The command was not carried out; the message says why and what to do."""


class NoBrokerFound(Exception):
    """No broker was found; the message says how to get one."""

    def __init__(
        self,
        message: str = "no broker: set KAFKA_BOOTSTRAP_SERVERS (host:port), or start the demo in this folder "
        "(lead-qualifier demo)",
    ) -> None:
        super().__init__(message)


#: The first that fits counts.
_CODES: dict[type[BaseException], ExitCode] = {
    InvalidSettings: ExitCode.USAGE,
    UnusableConnection: ExitCode.USAGE,
    BrokerUnreachable: ExitCode.UNREACHABLE,
    NoBrokerFound: ExitCode.UNREACHABLE,
    ReadIncomplete: ExitCode.UNREACHABLE,
    CommandUnanswered: ExitCode.NO_ANSWER,
    Refused: ExitCode.REFUSED,
    BadDefinitionFile: ExitCode.REFUSED,
    MaintenanceError: ExitCode.REFUSED,
    TopicsUnfit: ExitCode.REFUSED,
    OtherInstallation: ExitCode.REFUSED,
    ClientError: ExitCode.REFUSED,
    KafkaClientError: ExitCode.REFUSED,
}
EXPECTED: tuple[type[BaseException], ...] = (*_CODES, KafkaException, OSError)
"""Failures that one message explains; any other is a bug and shows its traceback."""

_AWAY = {
    KafkaError._TRANSPORT,
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._TIMED_OUT,
    KafkaError._TIMED_OUT_QUEUE,
    KafkaError._MSG_TIMED_OUT,
    KafkaError._RESOLVE,
    KafkaError._AUTHENTICATION,
    KafkaError._SSL,
    KafkaError.BROKER_NOT_AVAILABLE,
    KafkaError.REQUEST_TIMED_OUT,
    KafkaError.NETWORK_EXCEPTION,
    KafkaError.SASL_AUTHENTICATION_FAILED,
}


def judge(failure: BaseException) -> tuple[str, ExitCode]:
    """The message for an expected failure, and the exit code."""
    if isinstance(failure, KafkaException):
        return _judge_kafka(failure)
    if isinstance(failure, OSError):
        return _judge_system(failure), ExitCode.REFUSED
    return IN_ENGLISH.failure(failure), next(code for kind, code in _CODES.items() if isinstance(failure, kind))


def _judge_kafka(failure: KafkaException) -> tuple[str, ExitCode]:
    error: object = failure.args[0]
    if not isinstance(error, KafkaError):
        return f"Kafka: {error}", ExitCode.REFUSED
    reason = str(failure) if isinstance(failure, NotDelivered) else error.str() or error.name()
    if error.code() in _AWAY:
        return IN_ENGLISH.sentence(Finding("no_answer", reason=reason)), ExitCode.UNREACHABLE
    if is_forbidden(error):
        finding = Finding("forbidden", reason=reason)
    elif error.code() in {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC}:
        finding = Finding("topic_unknown", reason=reason)
    else:
        finding = Finding("refused", reason=reason)
    return IN_ENGLISH.sentence(finding), ExitCode.REFUSED


def _judge_system(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"{error.strerror}: another program, perhaps another worker, uses that port; choose a different one "
            "(lead-qualifier worker --web-port 0, or lead-qualifier console --port 0, picks a free one)"
        )
    return str(error)
