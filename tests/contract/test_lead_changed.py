"""lead-changed: an absent field keeps its value, null clears, no value erases; everything else is refused."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import UNSET

from lead_qualifier.messages.decode import ChangedLead, ErasedLead, decode_lead_changed
from lead_qualifier.messages.errors import BadMessage
from lead_qualifier.qualification.leads import LeadChange

KEY = b"L-1001"
AT = datetime(2026, 11, 23, 9, 41, 7, tzinfo=UTC)
REASONS = (
    "new",
    "contacted",
    "qualified",
    "lost",
    "cannot_contact",
    "no_longer_interested",
    "canceled",
    "marketing_qualified",
)


def value(**fields: Any) -> bytes:
    return json.dumps({"event_id": "e-1", "lead_id": "L-1001", "occurred_at": "2026-11-23T09:41:07Z"} | fields).encode()


def change(**fields: Any) -> LeadChange:
    read = decode_lead_changed(KEY, value(**fields))
    assert isinstance(read, ChangedLead)
    return read.change


def refused(value: bytes | None, key: bytes | None = KEY) -> BadMessage:
    with pytest.raises(BadMessage) as caught:
        decode_lead_changed(key, value)
    return caught.value


def test_an_absent_field_is_unset() -> None:
    assert decode_lead_changed(KEY, value()) == ChangedLead("L-1001", "e-1", LeadChange(occurred_at=AT))
    assert change().status is UNSET


def test_every_field_is_read() -> None:
    fields: dict[str, Any] = {
        "status": "open",
        "status_reason": "contacted",
        "sales_ready": False,
        "owner_id": "U-4",
        "contact_id": "C-7",
        "attributes": {"country": "DE", "revenue": 1200000, "rate": 0.5, "vip": True},
    }
    assert change(**fields, tenant="ignored") == LeadChange(occurred_at=AT, **fields)


@pytest.mark.parametrize("status", ["open", "qualified", "disqualified"])
@pytest.mark.parametrize("reason", REASONS)
def test_any_status_goes_with_any_status_reason(status: str, reason: str) -> None:
    assert change(status=status, status_reason=reason).status_reason == reason


def test_null_clears_owner_contact_or_one_attribute() -> None:
    read = change(owner_id=None, contact_id=None, attributes={"country": None})
    assert (read.owner_id, read.contact_id, read.attributes) == (None, None, {"country": None})


@pytest.mark.parametrize(
    "field", ["event_id", "lead_id", "occurred_at", "status", "status_reason", "sales_ready", "attributes"]
)
def test_null_is_bad_input_elsewhere(field: str) -> None:
    message = refused(value(**{field: None}))
    assert message.field == field
    assert message.reason.endswith("found null")


@pytest.mark.parametrize(
    ("field", "given", "reason"),
    [
        ("status", "closed", "status must be one of open, qualified, disqualified, found another text"),
        ("status", "Open", "status must be one of open, qualified, disqualified, found another text"),
        ("status", 0, "status must be one of open, qualified, disqualified, found a number"),
        (
            "status_reason",
            "won",
            f"status_reason must be one of {', '.join(REASONS)}, found another text",
        ),
        ("sales_ready", "true", "sales_ready must be true or false, found text"),
        ("sales_ready", 1, "sales_ready must be true or false, found a number"),
        ("owner_id", "", "owner_id must not be empty"),
        ("contact_id", 7, "contact_id must be text, found a number"),
        ("attributes", [], "attributes must be a JSON object, found an array"),
        (
            "attributes",
            {"tags": ["a"]},
            "attributes.tags must be text, a finite number, true, false or null, found an array",
        ),
        (
            "attributes",
            {"address": {"city": "Ulm"}},
            "attributes.address must be text, a finite number, true, false or null, found an object",
        ),
        (
            "attributes",
            {"rate": float("nan")},
            "attributes.rate must be text, a finite number, true, false or null, found NaN",
        ),
        (
            "attributes",
            {"rate": 10**400},
            "attributes.rate must be text, a finite number, true, false or null, found a number that is too large",
        ),
    ],
)
def test_a_wrong_value_is_refused_by_name(field: str, given: Any, reason: str) -> None:
    assert refused(value(**{field: given})).reason == reason


@pytest.mark.parametrize(
    ("given", "held"),
    [(1, 1), (1.0, 1.0), (True, True), (2**63 - 1, 2**63 - 1), (2**63, float(2**63)), (10**30, 1e30), ("", "")],
)
def test_attributes_keep_their_types(given: Any, held: Any) -> None:
    attributes = change(attributes={"x": given}).attributes
    assert isinstance(attributes, dict)
    assert (attributes["x"], type(attributes["x"])) == (held, type(held))


def test_only_a_record_without_value_erases() -> None:
    assert decode_lead_changed(KEY, None) == ErasedLead("L-1001")
    assert refused(b"").reason == "the value is empty: it must be a JSON object"
    assert refused(b"null").reason == "the value must be a JSON object, found null"


@pytest.mark.parametrize("key", [None, b""])
def test_nothing_is_erased_without_a_key(key: bytes | None) -> None:
    assert refused(None, key).reason.startswith("the record has no key")


def test_nothing_is_erased_by_a_key_that_no_lead_can_have() -> None:
    assert refused(None, b"\xffposition").reason.startswith("the record's key is not UTF-8")


def test_a_key_other_than_the_lead_id_is_refused() -> None:
    assert refused(value(), b"L-1").field == "lead_id"
