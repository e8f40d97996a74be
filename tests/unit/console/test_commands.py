"""What a person orders is answered with its outcome, or with a problem that says what to do."""

from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from lead_qualifier.client.commands import CommandClient, Outcome
from lead_qualifier.client.errors import CommandUnanswered
from lead_qualifier.console.api.commands import (
    BrokerAway,
    BrokerRefused,
    CommandRefused,
    Commands,
    NoAnswer,
    NoService,
)
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import NotAllowed, TopicMissing

CLIENT = CommandClient(Connection(bootstrap_servers="127.0.0.1:1"), topic_prefix="", issued_by="nobody", timeout=1)


def outcome(accepted: bool = True, reason: str = "published") -> Outcome:
    return Outcome(accepted, "as the service says it", (), {"reason": reason, "revision": 7})


def test_the_outcome_comes_once_it_is_shown() -> None:
    shown = iter((False, False, True))
    sent: list[CommandClient] = []

    def send(client: CommandClient) -> Outcome:
        sent.append(client)
        return outcome()

    run = Commands(CLIENT).run(send, issued_by="Anna", command_id="c-1", shown=lambda _: next(shown))
    assert run.event["revision"] == 7
    assert [(one._issued_by, one._command_id) for one in sent] == [("Anna", "c-1")]
    assert list(shown) == []
    assert (CLIENT._issued_by, CLIENT._command_id) == ("nobody", None)


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("stale_revision", 412),
        ("unknown_model", 404),
        ("invalid_model", 422),
        ("too_large", 413),
        ("lead_management_off", 409),
        ("a_code_of_tomorrow", 409),
    ],
)
def test_a_refusal_keeps_its_code(reason: str, status: int) -> None:
    with pytest.raises(CommandRefused, match="as the service says it") as refused:
        Commands(CLIENT).run(lambda _: outcome(False, reason), issued_by="Anna", shown=lambda _: False)
    assert (refused.value.code, refused.value.status) == (reason, status)


@pytest.mark.parametrize(
    ("failure", "problem"),
    [
        (CommandUnanswered("no worker answered within 1 s"), NoAnswer),
        (NotAllowed("Write on topic qualification-commands"), BrokerRefused),
        (TopicMissing("qualification-commands"), NoService),
        (KafkaException(KafkaError(KafkaError._ALL_BROKERS_DOWN)), BrokerAway),
    ],
)
def test_what_goes_wrong_on_the_way_is_told(failure: Exception, problem: type[Exception]) -> None:
    def send(_: CommandClient) -> Any:
        raise failure

    with pytest.raises(problem):
        Commands(CLIENT).run(send, issued_by="Anna", shown=lambda _: True)
