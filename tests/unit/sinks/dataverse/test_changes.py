"""What each event changes on the row, and which row that is."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_qualifier.consumer import PermanentFailure
from lead_qualifier.sinks.dataverse.changes import (
    MARKETING_QUALIFIED,
    STATUS_REASONS,
    Mapping,
    changed_since,
    changes_of,
    row_of,
)
from lead_qualifier.sinks.dataverse.form import COLUMNS
from tests.support.sink_events import BOTH, LEAD, SELLER, erased, event

PLAIN = Mapping(columns=COLUMNS, status_reasons={**STATUS_REASONS, "marketing_qualified": MARKETING_QUALIFIED})
OURS = {"status_reason": "our_reason", "sales_ready": "our_ready"}
KEYED = Mapping(columns=OURS, status_reasons={"marketing_qualified": 100}, lead_key="our_id")


@pytest.mark.parametrize(
    ("changes", "columns"),
    [
        (BOTH, {"statuscode": 823270000, "msdyncrm_salesready": True}),
        ({"status_reason": BOTH["status_reason"]}, {"statuscode": 823270000}),
        ({"sales_ready": BOTH["sales_ready"]}, {"msdyncrm_salesready": True}),
        ({}, {}),
    ],
)
def test_only_what_changed_is_written(changes: dict[str, Any], columns: dict[str, Any]) -> None:
    assert changes_of(event(changes=changes), PLAIN) == columns


TAKEN_BACK = {
    "status_reason": {"from": "marketing_qualified", "to": "new"},
    "sales_ready": {"from": True, "to": False},
}


def test_what_a_rejection_takes_back_is_written_unless_somebody_has_changed_it_since() -> None:
    one = event("lead-recycled", changes=TAKEN_BACK)
    assert changes_of(one, PLAIN) == {"statuscode": 1, "msdyncrm_salesready": False}
    row = {"statuscode": 823270000, "msdyncrm_salesready": True}
    assert changed_since(one, row, PLAIN) == set()
    assert changed_since(one, row | {"statuscode": 2}, PLAIN) == {"statuscode"}


def test_a_status_reason_without_a_known_value_is_named() -> None:
    mapping = Mapping(columns=OURS, status_reasons={"marketing_qualified": 100})
    with pytest.raises(PermanentFailure, match="status reason new is unknown: name it in status_reasons"):
        changes_of(event("lead-recycled", changes=TAKEN_BACK), mapping)


def test_columns_and_values_may_have_other_names() -> None:
    assert changes_of(event(changes=BOTH), KEYED) == {"our_reason": 100, "our_ready": True}


@pytest.mark.parametrize(
    ("owner", "columns"),
    [
        ({"kind": "seller", "id": SELLER.upper()}, {"ownerid@odata.bind": f"/systemusers({SELLER})"}),
        ({"kind": "team", "id": SELLER}, {"ownerid@odata.bind": f"/teams({SELLER})"}),
        ({"kind": "queue", "id": "inbound"}, {}),
    ],
)
def test_an_assigned_lead_gets_its_owner(owner: dict[str, str], columns: dict[str, Any]) -> None:
    assert changes_of(event("lead-assigned", owner=owner), PLAIN) == columns


def test_an_owner_whom_the_crm_has_named_itself_is_not_written_back() -> None:
    owner = {"kind": "seller", "id": SELLER}
    assert changes_of(event("lead-assigned", owner=owner, result={"code": 9}), PLAIN) == {}
    assert changes_of(event("lead-assigned", owner=owner, result={"code": 2}), PLAIN) != {}


def test_a_notice_that_the_owner_departed_writes_nothing() -> None:
    owner = {"kind": "seller", "id": SELLER}
    assert changes_of(event("lead-assigned", owner=owner, owner_departed="inactive"), PLAIN) == {}


def test_a_lead_that_nobody_got_and_one_that_was_erased_change_nothing() -> None:
    assert changes_of(event("lead-assigned", result={"code": 6}), PLAIN) == {}
    assert changes_of(erased(), PLAIN) == {}


@pytest.mark.parametrize(
    ("topic", "data", "says"),
    [
        ("lead-qualified", {}, "no changes"),
        ("lead-qualified", {"changes": [1]}, "no changes"),
        ("lead-qualified", {"changes": {"status_reason": "marketing_qualified"}}, "status_reason"),
        ("lead-qualified", {"changes": {"status_reason": {"to": "lost"}}}, "status_reason"),
        ("lead-qualified", {"changes": {"sales_ready": {"to": 1}}}, "sales_ready"),
        ("lead-recycled", {"changes": BOTH}, "status_reason"),
        ("lead-assigned", {"owner": {"kind": "seller", "id": "anna"}}, "no GUID"),
        ("lead-assigned", {"owner": {"kind": "seller"}}, "no GUID"),
        ("lead-assigned", {"owner": {"kind": "robot", "id": SELLER}}, "owner.kind"),
        ("lead-assigned", {"owner": "anna"}, "owner is not"),
    ],
)
def test_what_dataverse_cannot_take_is_told_without_data(topic: str, data: dict[str, Any], says: str) -> None:
    with pytest.raises(PermanentFailure, match=says) as refused:
        changes_of(event(topic, **data), PLAIN)
    assert "anna" not in str(refused.value)


@pytest.mark.parametrize(
    ("decided_on", "held", "changed"),
    [
        ("new", 1, False),
        ("new", 2, True),
        ("new", None, True),
        ("new", 100000001, True),
        ("contacted", 2, False),
        ("marketing_qualified", 823270000, False),
        ("nurturing", 100000001, False),  # a value that no known word has
        ("nurturing", 2, True),
    ],
)
def test_a_status_reason_has_changed_if_the_row_does_not_hold_what_the_decision_was_made_on(
    decided_on: str, held: int | None, changed: bool
) -> None:
    one = event(changes={"status_reason": {"from": decided_on, "to": "marketing_qualified"}})
    assert changed_since(one, {"statuscode": held}, PLAIN) == ({"statuscode"} if changed else set())


def test_values_of_further_status_reasons_can_be_named() -> None:
    mapping = Mapping(columns=OURS, status_reasons={"marketing_qualified": 100, "nurturing": 7})
    one = event(changes={"status_reason": {"from": "nurturing", "to": "marketing_qualified"}})
    assert changed_since(one, {"our_reason": 7}, mapping) == set()
    assert changed_since(one, {"our_reason": 8}, mapping) == {"our_reason"}


def test_what_an_event_does_not_say_it_was_decided_on_counts_as_unchanged() -> None:
    one = event(changes={"status_reason": {"to": "marketing_qualified"}, "sales_ready": {"to": True}})
    assert changed_since(one, {"statuscode": 2, "msdyncrm_salesready": None}, PLAIN) == set()
    owned = event("lead-assigned", owner={"kind": "seller", "id": SELLER})
    assert changed_since(owned, {"_ownerid_value": LEAD}, PLAIN) == set()


def test_the_row_is_named_by_its_id_or_by_an_alternate_key() -> None:
    assert row_of(LEAD.upper(), PLAIN) == f"leads({LEAD})"
    assert row_of("L'1/ü&", KEYED) == "leads(our_id='L%27%271%2F%C3%BC%26')"


@pytest.mark.parametrize("lead_id", ["L-1", LEAD + "1", f"{LEAD}\n", "", f"{LEAD})/x("])
def test_an_id_that_is_no_guid_needs_an_alternate_key(lead_id: str) -> None:
    with pytest.raises(PermanentFailure, match="lead_key"):
        row_of(lead_id, PLAIN)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_no_id_breaks_out_of_its_quotes(lead_id: str) -> None:
    path = row_of(lead_id, KEYED)
    inside = path.removeprefix("leads(our_id='").removesuffix("')")
    assert not set("'()/?#&\\ ") & set(inside)
    assert unquote(inside).replace("''", "'") == lead_id
