"""Errors of Kafka say what to do in the words of this program."""

from __future__ import annotations

from pathlib import Path

import pytest

from lead_qualifier.kafka.errors import (
    BrokerUnreachable,
    KafkaClientError,
    LoginRefused,
    NotAllowed,
    ReadIncomplete,
    TopicMissing,
    UnusableConnection,
    UnusableFile,
)
from lead_qualifier.services.errors import BrokerNotReady
from lead_qualifier.wording.sentences import IN_ENGLISH

UNREACHABLE = BrokerUnreachable("kafka:9092", seconds=3, reason="Connection refused")


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (UNREACHABLE, "KAFKA_BOOTSTRAP_SERVERS"),
        (UNREACHABLE, "lead-qualifier demo"),
        (LoginRefused("kafka:9092", "bad password"), "KAFKA_SASL_PASSWORD"),
        (UnusableConnection("no such mechanism"), "KAFKA_SASL_"),
        (UnusableFile("ssl_ca_file", Path("ca.pem"), "is empty"), "KAFKA_SSL_CA_FILE: ca.pem is empty"),
        (NotAllowed("Read on topic lead-state"), "Read on topic lead-state; have the ACL added (`lead-qualifier acls"),
        (TopicMissing("lead-state"), "lead-qualifier topics create"),
        (ReadIncomplete("lead-state-0 could not be read"), "lead-state-0 could not be read"),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, Exception) else None,
)
def test_an_error_comes_with_what_to_do_about_it(error: KafkaClientError, remedy: str) -> None:
    assert remedy in IN_ENGLISH.failure(error)


@pytest.mark.parametrize(
    "error",
    [
        UNREACHABLE,
        BrokerNotReady("kafka:9092", 0.5, "no controller"),
        LoginRefused("kafka:9092", "bad password"),
        UnusableConnection("no such mechanism"),
        NotAllowed("Read on topic lead-state", "Read on group workers"),
        TopicMissing("lead-state"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_sentence_begins_with_the_message_of_the_error(error: KafkaClientError) -> None:
    assert IN_ENGLISH.failure(error).startswith(str(error))


def test_kafka_itself_names_no_setting_and_no_command() -> None:
    sources = (Path(__file__).parents[3] / "app" / "lead_qualifier" / "kafka").rglob("*.py")
    texts = {source.name: source.read_text() for source in sources}
    assert texts
    words = ("KAFKA_", "LEAD_QUALIFIER_", "lead-qualifier acls", "lead-qualifier topics", "lead-qualifier demo")
    assert {name for name, text in texts.items() if any(word in text for word in words)} == set()
