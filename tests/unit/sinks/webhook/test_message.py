"""Events as HTTP requests: CloudEvents in both modes, idempotency key and signature."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from lead_qualifier.consumer import Event
from lead_qualifier.sinks.signing import key_of
from lead_qualifier.sinks.webhook.message import Mode, encoded, message, ping, signed
from tests.support.sink_events import LEAD, erased, event

SOURCE = "/lead-qualifier/test"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW = datetime(2026, 11, 25, 12, 0, 0, 900_000, tzinfo=UTC)


def test_binary_mode_has_the_attributes_in_headers_and_the_data_as_body() -> None:
    one = event(score=7.5, name="Ännchen")
    headers, body = message(one, "binary", source=SOURCE)
    assert headers == {
        "Idempotency-Key": one.idempotency_key,
        "ce-specversion": "1.0",
        "ce-id": "e-1",
        "ce-source": SOURCE,
        "ce-type": "lead-qualifier.lead-qualified",
        "ce-time": "2026-11-23T09:30:00Z",
        "ce-subject": LEAD,
        "Content-Type": "application/json",
    }
    expected = {"event_id": "e-1", "lead_id": LEAD, "occurred_at": "2026-11-23T09:30:00Z"}
    assert json.loads(body) == expected | {"score": 7.5, "name": "Ännchen"}


def test_structured_mode_has_all_of_it_in_the_body() -> None:
    headers, body = message(event(), "structured", source=SOURCE)
    assert headers == {
        "Idempotency-Key": event().idempotency_key,
        "Content-Type": "application/cloudevents+json; charset=utf-8",
    }
    assert json.loads(body) == {
        "specversion": "1.0",
        "id": "e-1",
        "source": SOURCE,
        "type": "lead-qualifier.lead-qualified",
        "time": "2026-11-23T09:30:00Z",
        "subject": LEAD,
        "datacontenttype": "application/json",
        "data": {"event_id": "e-1", "lead_id": LEAD, "occurred_at": "2026-11-23T09:30:00Z"},
    }


def test_an_event_keeps_the_attributes_that_it_has() -> None:
    its = [("ce_id", b"x-9"), ("ce_source", b"/crm"), ("ce_type", b"crm.lead"), ("ce_time", b"2026-01-01T00:00:00Z")]
    headers, _ = message(event(headers=its), "binary", source=SOURCE)
    assert (headers["ce-id"], headers["ce-source"], headers["ce-type"]) == ("x-9", "/crm", "crm.lead")
    assert headers["ce-time"] == "2026-01-01T00:00:00Z"


@pytest.mark.parametrize("mode", ["binary", "structured"])
def test_an_erased_lead_is_an_event_without_data(mode: Mode) -> None:
    headers, body = message(erased(), mode, source=SOURCE)
    if mode == "binary":
        assert json.loads(body) is None
        assert headers["Content-Type"] == "application/json"
        assert (headers["ce-subject"], headers["ce-type"]) == (LEAD, "lead-qualifier.lead-changed")
    else:
        assert json.loads(body)["subject"] == LEAD
        assert "data" not in json.loads(body)


def test_the_signature_is_of_this_moment_over_the_key_that_receivers_see() -> None:
    key = b"k" * 32
    headers, body = message(event(event_id="a b.ü"), "binary", source=SOURCE)
    complete = signed(headers, body, [key], NOW)
    assert complete["webhook-id"] == complete["Idempotency-Key"]
    assert complete["ce-id"] == "a%20b.%C3%BC"
    assert complete["webhook-timestamp"] == str(int(NOW.timestamp()))
    content = f"{complete['webhook-id']}.{complete['webhook-timestamp']}.".encode() + body
    digest = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    assert complete["webhook-signature"] == f"v1,{digest}"


@pytest.mark.parametrize("mode", ["binary", "structured"])
@pytest.mark.parametrize("one", [event(), event(event_id='ü "1".\n', lead_id="L/ü"), erased(), None], ids=str)
def test_the_library_of_standard_webhooks_verifies_whatever_is_sent(mode: Mode, one: Event | None) -> None:
    now = datetime.now(UTC)
    headers, body = ping(now, mode, source=SOURCE) if one is None else message(one, mode, source=SOURCE)
    sent = signed(headers, body, [key_of(SECRET), b"k" * 32], now)
    found = Webhook(SECRET).verify(body, sent)
    if one is not None:
        assert (found if mode == "binary" else found.get("data")) == (None if one.tombstone else one.data)


def test_events_of_two_leads_with_one_id_have_different_idempotency_keys() -> None:
    keys = [message(event(lead_id=lead), "binary", source=SOURCE)[0]["Idempotency-Key"] for lead in ("A", "B", "A")]
    assert keys[0] == keys[2] != keys[1]


def test_a_ping_says_that_it_is_one() -> None:
    headers, body = ping(NOW, "binary", source=SOURCE)
    assert headers["ce-type"] == "lead-qualifier.ping"
    assert json.loads(body) == {"message": "connection test"}


@given(st.text())
def test_whatever_text_fits_a_header_and_can_be_read_back(text: str) -> None:
    found = encoded(text)
    assert all("!" <= one <= "~" for one in found)
    assert unquote(found) == text.encode("utf-8", "replace").decode()
