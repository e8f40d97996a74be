"""The file of a Dataverse sink: every mistake by name, with what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from lead_qualifier.sinks.dataverse.build import dataverse
from lead_qualifier.sinks.dataverse.form import DATAVERSE
from lead_qualifier.sinks.errors import MissingSecret
from tests.support.problems import in_english

GOOD: dict[str, Any] = {
    "id": "dynamics",
    "org": "https://contoso.crm4.dynamics.com/",
    "tenant": "contoso.onmicrosoft.com",
    "client_id": "0b5d7c1e-0000-4000-8000-000000000000",
    "client_secret_env": "DYNAMICS_SECRET",
}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"topics": ["lead-qualified", "lead-assigned"], "lead_key": "our_id", "concurrent_changes": "read_first"},
        {"columns": {"sales_ready": "our_ready"}, "marketing_qualified": 5},
    ],
)
def test_what_is_right_is_taken(more: dict[str, Any]) -> None:
    assert DATAVERSE.problems_of(GOOD | more) == []


@pytest.mark.parametrize(
    ("wrong", "where", "says"),
    [
        ({"org": "http://contoso.crm4.dynamics.com"}, ("org",), "use https"),
        ({"org": "https://contoso.crm4.dynamics.com/api/data"}, ("org",), "without a path"),
        ({"token_url": "https://login.example.com"}, ("token_url",), "either tenant or token_url"),
        ({"tenant": "a/b"}, ("tenant",), "contoso.onmicrosoft.com"),
        ({"topics": ["scores"]}, ("topics", 0), "there are lead-assigned, lead-qualified"),
        ({"lead_key": "our id='x'"}, ("lead_key",), "is not of the form"),
        ({"columns": {"owner": "x"}}, ("columns", "owner"), "is unknown"),
        ({"client_secret": "x"}, ("client_secret",), "is unknown"),
    ],
)
def test_a_mistake_is_named_with_its_place(wrong: dict[str, Any], where: tuple[Any, ...], says: str) -> None:
    assert says in dict(in_english(DATAVERSE.problems_of(GOOD | wrong)))[where]


def test_somewhere_tokens_must_be_had() -> None:
    form = {name: value for name, value in GOOD.items() if name != "tenant"}
    assert "tenant or token_url" in in_english(DATAVERSE.problems_of(form))[0][1]


def test_a_missing_secret_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "dynamics.yaml"
    file.write_text(yaml.safe_dump(GOOD))
    monkeypatch.delenv("DYNAMICS_SECRET", raising=False)
    with pytest.raises(MissingSecret, match="DYNAMICS_SECRET"):
        dataverse(file)
    monkeypatch.setenv("DYNAMICS_SECRET", "s")
    sink = dataverse(file)
    sink.client.close()
    assert sink.topics == ("lead-qualified",)
