"""Sellers, who waits for one, and why a lead has its seller or none, by the API."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.support.console_records import STRANGE_IDS


def explained(client: httpx.Client, lead_id: str, language: str = "en") -> dict[str, Any]:
    where = f"/api/v1/leads/{quote(lead_id, safe='')}/assignment"
    return dict(client.get(where, headers={"Accept-Language": language}).json())


def test_sellers_come_with_their_capacity_and_whether_they_are_there(client: httpx.Client) -> None:
    sellers = {one["seller_id"]: one for one in client.get("/api/v1/sellers").json()["sellers"]}
    assert list(sellers) == ["S-1", "S-2", "S/3 <i>"]
    full, away, inactive = sellers.values()
    assert (full["assigned"], full["maximum"], full["remaining"], full["available"]) == (1, 1, 0, True)
    assert (away["available"], away["status"], away["time_zone"]) == (False, "active", "Europe/Berlin")
    assert "available_from" not in away  # marked as away: time alone does not tell
    assert (inactive["status"], inactive["available"]) == ("inactive", False)


def test_who_waits_is_told_in_order_with_the_reason(client: httpx.Client) -> None:
    first = client.get("/api/v1/assignments/waiting", params={"limit": 1}).json()
    second = client.get("/api/v1/assignments/waiting", params={"limit": 1, "cursor": first["next_cursor"]}).json()
    assert "next_cursor" not in second
    shown = [(one["lead_id"], one["place"], one["reason"]["code"]) for one in first["leads"] + second["leads"]]
    assert shown == [("M-000", 1, "no_capacity"), (STRANGE_IDS[4], 2, "no_capacity")]
    assert (first["waiting"], first["leads"][0]["name"], first["leads"][0]["rule"]) == (
        2,
        "Muster 0",
        "german-speaking",
    )
    wrong = client.get("/api/v1/assignments/waiting", params={"cursor": "x"})
    assert (wrong.status_code, wrong.json()["parameter"]) == (400, "cursor")


def test_an_assigned_lead_names_its_seller_and_why(client: httpx.Client) -> None:
    told = explained(client, "L-1001", "de")
    assert (told["status"], told["owner_id"], told["owner_name"]) == ("assigned", "S-1", "Ada")
    assert told["reason"]["text"] == "Diese Person hatte von den Verfügbaren am längsten keinen neuen Lead"
    assert "next_result" not in told


def test_a_waiting_lead_tells_what_brings_another_attempt(client: httpx.Client) -> None:
    told = explained(client, "M-000")
    assert (told["status"], told["place"], told["waiting"], told["next_result"]) == ("waits", 1, 2, "no_capacity")
    assert {one["seller_id"]: one["why"] for one in told["considered"]}["S-1"] == "no_capacity"
    assert told["retried_by"][0]["code"] == "when_capacity_given_back"


@pytest.mark.parametrize(
    ("lead_id", "status", "code"),
    [
        ("L-1002", "not_qualified", "not_qualified"),
        ("L-1003", "closed", "closed"),
        ("L-1005", "merged", "merged_and_closed"),
        (STRANGE_IDS[0], "on_its_way", "on_its_way"),
    ],
)
def test_a_lead_that_assignment_does_not_hold_says_why(
    lead_id: str, status: str, code: str, client: httpx.Client
) -> None:
    told = explained(client, lead_id)
    assert (told["status"], told["reason"]["code"]) == (status, code)
    assert "lead-qualifier " not in told["reason"]["text"]


def test_nothing_is_told_of_an_erased_lead(client: httpx.Client) -> None:
    assert explained(client, "L-gone")["code"] == "lead_not_found"
