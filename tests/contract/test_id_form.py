"""Ids in another form than the setting requires are refused with the form that is expected."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lead_qualifier.cli.exit_codes import Refused
from lead_qualifier.cli.session import check_lead_id
from lead_qualifier.consumer.event import decode as decode_event
from lead_qualifier.kafka.records import Record
from lead_qualifier.messages.assignment import decode_seller_changed
from lead_qualifier.messages.decode import (
    decode_lead_changed,
    decode_lead_merged,
    decode_lead_score_changed,
    decode_sales_response,
    decode_score,
)
from lead_qualifier.messages.decode_downstream import decode_activity_completed, decode_lead_qualified
from lead_qualifier.messages.errors import BadMessage, BadMessageClass
from lead_qualifier.messages.id_form import IdNormalisation, require_id_form
from tests.support.program import ROOT

GUID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
TIME = "2026-11-23T09:30:00Z"
SCORE = {"event_id": "e", "scoring_model_id": "engagement", "score": 83, "occurred_at": TIME}
OTHER_FORMS = {
    GUID.upper(): "capital letters",
    f"{{{GUID}}}": "one in braces",
    GUID.replace("-", ""): "one without hyphens",
    f"{GUID}\n": "text that is not a GUID",
    "L-1": "text that is not a GUID",
}
EXAMPLES = {
    "lead-changed.contacted": decode_lead_changed,
    "lead-merged.duplicate": decode_lead_merged,
    "lead-sales-response.rejected": decode_sales_response,
    "activity-completed.reply": decode_activity_completed,
    "lead-qualified.live": decode_lead_qualified,
}
NFC, NFD = (unicodedata.normalize(form, "Müller") for form in ("NFC", "NFD"))


@pytest.fixture(autouse=True)
def _any_form_afterwards() -> Iterator[None]:
    yield
    require_id_form(IdNormalisation.NONE)


def value(message: dict[str, Any], **fields: Any) -> bytes:
    return json.dumps(message | fields, ensure_ascii=False).encode()


def test_any_form_is_read_by_default() -> None:
    for lead_id in (*OTHER_FORMS, NFC, NFD):
        assert decode_lead_score_changed(lead_id.encode(), value(SCORE, lead_id=lead_id))["lead_id"] == lead_id


@pytest.mark.parametrize("decode", [decode_score, decode_lead_score_changed])
@pytest.mark.parametrize(("lead_id", "found"), OTHER_FORMS.items())
def test_a_lead_whose_guid_has_another_form_is_refused(
    decode: Callable[[bytes, bytes], object], lead_id: str, found: str
) -> None:
    require_id_form(IdNormalisation.GUID)
    decode(GUID.encode(), value(SCORE, lead_id=GUID))
    with pytest.raises(BadMessage, match="lead_id must be a GUID in lower case") as refused:
        decode(lead_id.encode(), value(SCORE, lead_id=lead_id))
    assert refused.value.kind is BadMessageClass.ID_FORM
    assert f"found {found}" in refused.value.reason
    assert "LEAD_QUALIFIER_ID_NORMALISATION=guid" in refused.value.reason


@pytest.mark.parametrize("decode", [decode_score, decode_lead_score_changed])
def test_composed_characters_are_required_with_nfc(decode: Callable[[bytes, bytes], object]) -> None:
    require_id_form(IdNormalisation.NFC)
    decode(NFC.encode(), value(SCORE, lead_id=NFC))
    with pytest.raises(BadMessage, match=r"lead_id must be in Unicode normalization form C \(NFC\)"):
        decode(NFD.encode(), value(SCORE, lead_id=NFD))


def test_an_erasure_of_an_id_in_another_form_is_refused() -> None:
    require_id_form(IdNormalisation.GUID)
    decode_lead_changed(GUID.encode(), None)
    with pytest.raises(BadMessage, match="lead_id must be a GUID"):
        decode_lead_changed(GUID.upper().encode(), None)


def example(name: str) -> dict[str, Any]:
    message: dict[str, Any] = json.loads((ROOT / "schemas" / "examples" / f"{name}.json").read_text())
    return message


@pytest.mark.parametrize(("name", "decode"), EXAMPLES.items())
def test_every_input_about_a_lead_is_checked(name: str, decode: Callable[[bytes, bytes], object]) -> None:
    message = example(name)
    decode(message["lead_id"].encode(), value(message))
    require_id_form(IdNormalisation.GUID)
    with pytest.raises(BadMessage, match="lead_id must be a GUID"):
        decode(message["lead_id"].encode(), value(message))


def test_a_survivor_is_checked() -> None:
    require_id_form(IdNormalisation.GUID)
    with pytest.raises(BadMessage, match="survivor_id must be a GUID"):
        decode_lead_merged(GUID.encode(), value(example("lead-merged.duplicate"), lead_id=GUID, survivor_id="L-2"))


def test_owners_and_sellers_may_have_ids_that_are_not_guids() -> None:
    require_id_form(IdNormalisation.GUID)
    change = {"event_id": "e", "lead_id": GUID, "occurred_at": TIME}
    decode_lead_changed(GUID.encode(), value(change, owner_id="ada@example.com", contact_id=GUID))
    with pytest.raises(BadMessage, match="owner_id must be a GUID in lower case"):
        decode_lead_changed(GUID.encode(), value(change, owner_id=GUID.upper()))
    assert decode_seller_changed(b"S-1", None) == "S-1"
    with pytest.raises(BadMessage, match="seller_id must be a GUID in lower case"):
        decode_seller_changed(GUID.upper().encode(), None)


def test_sinks_refuse_events_about_such_leads() -> None:
    require_id_form(IdNormalisation.GUID)

    def event(topic: str, key: str, content: bytes | None) -> object:
        return decode_event(Record(topic, 0, 0, 0, key.encode(), content, ()))

    for key, content in (("L-1", value(SCORE, lead_id="L-1")), ("L-1", None)):
        with pytest.raises(BadMessage, match="lead_id must be a GUID"):
            event("lead-changed", key, content)
    event("lead-changed", GUID, None)
    event("seller-changed", "S-1", None)


def test_the_command_line_refuses_a_lead_with_the_same_sentence() -> None:
    check_lead_id("L-1")
    require_id_form(IdNormalisation.GUID)
    check_lead_id(GUID)
    with pytest.raises(Refused, match="lead_id must be a GUID in lower case, with hyphens and without braces"):
        check_lead_id("L-1")
