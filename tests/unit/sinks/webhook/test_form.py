"""The file of a webhook: every mistake by name, with what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from lead_qualifier.consumer import RetryPolicy
from lead_qualifier.messages.errors import BadDefinitionFile
from lead_qualifier.sinks.errors import MissingSecret
from lead_qualifier.sinks.forms import read
from lead_qualifier.sinks.webhook.build import webhook
from lead_qualifier.sinks.webhook.form import WEBHOOK
from tests.support.problems import in_english

GOOD: dict[str, Any] = {
    "id": "crm",
    "url": "https://crm.example.com/leads?tenant=a",
    "topics": ["lead-qualified", "lead-assigned"],
    "secret_env": "CRM_SECRET",
}
WHOLE = GOOD | {
    "previous_secret_env": "CRM_SECRET_BEFORE",
    "mode": "structured",
    "headers": {"X-Tenant": "acme"},
    "headers_env": {"Authorization": "CRM_TOKEN"},
    "qualification_models": ["enterprise"],
    "timeout": "5s",
    "retry": {"attempts": 3, "until": "1h", "first": "2s", "longest": "1m"},
    "circuit": {"failures": 2, "open_for": "10s"},
    "concurrency": 4,
}


@pytest.mark.parametrize("form", [GOOD, WHOLE, GOOD | {"url": "http://localhost:1/"}, GOOD | {"url": "http://[::1]/"}])
def test_what_is_right_is_taken(form: dict[str, Any]) -> None:
    assert WEBHOOK.problems_of(form) == []


@pytest.mark.parametrize(
    ("wrong", "where", "says"),
    [
        ({"url": "http://crm.example.com"}, ("url",), "use https"),
        ({"url": "http://127.0.0.1.example.com"}, ("url",), "use https"),
        ({"url": "ftp://crm.example.com"}, ("url",), "such as https://"),
        ({"url": "crm.example.com"}, ("url",), "such as https://"),
        ({"url": "https://a:b@crm.example.com"}, ("url",), "headers_env"),
        ({"url": "https://crm.example.com/#x"}, ("url",), "after #"),
        ({"url": "https://crm.example.com/a b"}, ("url",), "%20"),
        ({"url": "https://crm.example.com:99999"}, ("url",), "is not a URL"),
        ({"topics": ["lead-qualifed"]}, ("topics", 0), "did you mean lead-qualified?"),
        ({"topics": ["lead-state"]}, ("topics", 0), "not a topic that this sink can send"),
        ({"topics": ["lead-qualified", "lead-qualified"]}, ("topics", 1), "twice"),
        ({"topics": []}, ("topics",), "must not be empty"),
        ({"secret": "x"}, ("secret",), "is unknown"),
        ({"previous_secret_env": "CRM_SECRET"}, ("previous_secret_env",), "same variable"),
        ({"mode": "batch"}, ("mode",), "binary"),
        ({"headers": {"Content-Type": "x"}}, ("headers", "Content-Type"), "sets itself"),
        ({"headers": {"ce-id": "x"}}, ("headers", "ce-id"), "sets itself"),
        ({"headers": {"a b": "x"}}, ("headers", "a b"), "not a header name"),
        ({"headers": {"X": "a\r\nEvil: b"}}, ("headers", "X"), "printable ASCII"),
        ({"headers": {"X": "a"}, "headers_env": {"x": "Y"}}, ("headers_env", "x"), "twice"),
        ({"timeout": "fast"}, ("timeout",), "is not of the form"),
        ({"retry": {"attempts": 0}}, ("retry", "attempts"), "1"),
        ({"retry": {"first": "5m"}}, ("retry", "first"), "longest"),
        ({"retry": {"first": "5s", "longest": "1s"}}, ("retry", "longest"), "longest"),
        ({"circuit": {"failures": 0}}, ("circuit", "failures"), "1"),
        ({"concurrency": 0}, ("concurrency",), "1"),
        ({"id": "a/b"}, ("id",), "is not of the form"),
    ],
)
def test_a_mistake_is_named_with_its_place(wrong: dict[str, Any], where: tuple[Any, ...], says: str) -> None:
    problems = dict(in_english(WEBHOOK.problems_of(GOOD | wrong)))
    assert says in problems[where]


def test_plain_http_is_taken_where_it_is_asked_for() -> None:
    assert WEBHOOK.problems_of(GOOD | {"url": "http://crm.internal/", "allow_plain": True}) == []


def test_a_file_says_the_line(tmp_path: Path) -> None:
    file = tmp_path / "crm.yaml"
    file.write_text("id: crm\nurl: https://crm.example.com\ntopics: [leads]\nsecret_env: CRM_SECRET\n")
    with pytest.raises(BadDefinitionFile, match=r"crm.yaml:3: topics.0: is not a topic"):
        read(file, WEBHOOK)
    file.write_text("")
    with pytest.raises(BadDefinitionFile, match=r"docs/how-to/sinks.md"):
        read(file, WEBHOOK)


@pytest.mark.parametrize(
    ("secret", "says"),
    [("", "CRM_SECRET .* is not set"), ("whsec_short", "CRM_SECRET .* whsec_"), ("whsec_c2hvcnQ=", "24 to 64 bytes")],
)
def test_a_secret_that_is_missing_or_unfit_is_named_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: str, says: str
) -> None:
    monkeypatch.setenv("CRM_SECRET", secret)
    file = tmp_path / "crm.yaml"
    file.write_text(yaml.safe_dump(GOOD))
    with pytest.raises(MissingSecret, match=says) as missing:
        webhook(file, application_id="a")
    assert not secret or secret not in str(missing.value)


def test_what_the_file_says_is_what_the_sink_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CRM_SECRET", "CRM_SECRET_BEFORE"):
        monkeypatch.setenv(name, "whsec_" + "QUFB" * 8)
    monkeypatch.setenv("CRM_TOKEN", "Bearer hidden")
    file = tmp_path / "crm.yaml"
    file.write_text(yaml.safe_dump(WHOLE))
    sink = webhook(file, application_id="a")
    sink.client.close()
    assert sink.retry == RetryPolicy(attempts=3, first=2, longest=60)
    assert sink.give_up_after == 3600
    assert (sink.circuit_failures, sink.circuit_open_seconds, sink.concurrency) == (2, 10, 4)
    assert sink.topics == ("lead-qualified", "lead-assigned")
