"""Failures become one message and an exit code."""

from __future__ import annotations

import errno
import re
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, KafkaException

from lead_qualifier.cli import program
from lead_qualifier.cli.exit_codes import EXPECTED, MEANINGS, ExitCode, NoBrokerFound, Refused, judge
from lead_qualifier.cli.program import assemble
from lead_qualifier.client.errors import CommandUnanswered
from lead_qualifier.kafka.errors import BrokerUnreachable, TopicMissing
from lead_qualifier.messages.errors import BadDefinitionFile, Problem
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.services.errors import TopicsUnfit
from lead_qualifier.services.process import EXIT_FAILED
from lead_qualifier.settings import InvalidSettings


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (Refused("no"), 1),
        (BadDefinitionFile("m.yaml", [Problem(3, "criteria.0.threshold", Finding("not_finite"))]), 1),
        (TopicsUnfit([]), 1),
        (TopicMissing("lead-state"), 1),
        (InvalidSettings("x"), 2),
        (BrokerUnreachable("kafka:9092", seconds=1, reason="refused"), 3),
        (NoBrokerFound("none"), 3),
        (CommandUnanswered("nobody"), 4),
        (KafkaException(KafkaError(KafkaError._ALL_BROKERS_DOWN)), 3),
        (KafkaException(KafkaError(KafkaError._MSG_TIMED_OUT)), 3),
        (KafkaException(KafkaError(KafkaError.SASL_AUTHENTICATION_FAILED)), 3),
        (KafkaException(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)), 1),
        (KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART)), 1),
        (OSError(errno.EADDRINUSE, "Address already in use"), 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_expected_failure_has_its_code(failure: BaseException, code: int) -> None:
    assert isinstance(failure, EXPECTED)
    assert judge(failure)[1] == code


def test_every_code_has_a_meaning() -> None:
    assert set(MEANINGS) == set(ExitCode)


def test_a_missing_topic_says_how_to_create_it() -> None:
    for failure in (TopicMissing("lead-state"), KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART))):
        assert "lead-qualifier topics create" in judge(failure)[0]


def test_a_port_that_is_taken_says_how_to_choose_another() -> None:
    assert "--web-port" in judge(OSError(errno.EADDRINUSE, "Address already in use"))[0]


def test_the_lists_for_people_have_every_code() -> None:
    readme = " ".join((Path(__file__).parents[3] / "README.md").read_text().split())
    _, found, listed = readme.partition("Exit codes: ")
    assert found
    assert [int(code) for code in re.findall(r"(\d+) ", listed.partition(".")[0])] == list(ExitCode)
    told = assemble(()).info.epilog or ""
    assert all(f"{code.value} " in told for code in ExitCode if code is not ExitCode.INTERRUPTED)
    assert ExitCode.FAILED == EXIT_FAILED


def test_a_command_that_is_interrupted_while_it_starts_ends_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(_first: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(program, "_named", interrupted)
    with pytest.raises(SystemExit) as ended:
        program.run()
    assert ended.value.code == ExitCode.INTERRUPTED
