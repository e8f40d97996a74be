"""docs/how-to/sinks.md: its files are right, its code checks our signatures, and it knows every field and metric."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from lead_qualifier.sinks.circuit import State
from lead_qualifier.sinks.dataverse.form import DATAVERSE, DataverseForm
from lead_qualifier.sinks.forms import CircuitForm, RetryForm
from lead_qualifier.sinks.metrics import SinkMetrics
from lead_qualifier.sinks.signing import key_of, signature
from lead_qualifier.sinks.webhook.form import WEBHOOK, WebhookForm

pytestmark = pytest.mark.docs

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "sinks.md").read_text()
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_its_files_are_right() -> None:
    webhook, dataverse = (yaml.safe_load(block) for block in _blocks("yaml"))
    assert WEBHOOK.problems_of(webhook) == []
    assert DATAVERSE.problems_of(dataverse) == []


def test_its_code_knows_our_signature_and_no_other() -> None:
    place: dict[str, Any] = {}
    exec(_blocks("python")[0], place)
    now = int(time.time())

    def known(body: bytes, timestamp: int) -> bool:
        signed = signature([b"x" * 32, key_of(SECRET)], "e-1", datetime.fromtimestamp(timestamp, UTC), b"{}")
        names = {"webhook-id": "e-1", "webhook-timestamp": str(timestamp), "webhook-signature": signed}
        return bool(place["is_ours"](names, body, SECRET))

    assert known(b"{}", now)
    assert not known(b"{ }", now)
    assert not known(b"{}", now - 1000)


@pytest.mark.parametrize("form", [WebhookForm, DataverseForm, RetryForm, CircuitForm])
def test_it_knows_every_field(form: Any) -> None:
    assert [name for name in form.__annotations__ if not re.search(rf"\b{name}\b", PAGE)] == []


def test_it_knows_every_metric() -> None:
    metrics = SinkMetrics("crm")
    metrics.watch(lambda: State.CLOSED, dict)
    own = {family.name for family in metrics.registry.collect() if family.name.startswith("lead_qualifier_sink_")}
    assert len(own) >= 5
    assert [name for name in own if name not in PAGE] == []
