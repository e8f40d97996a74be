"""Audience and fast track in model files: what is accepted and kept, and what is refused with which advice."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from lead_qualifier.messages.model_definition import definition_of
from lead_qualifier.messages.model_reading import model_of, problems_of
from lead_qualifier.qualification.models import QualificationModel
from tests.support.problems import in_english

DEFINITION: dict[str, Any] = {
    "id": "enterprise",
    "match": "all",
    "criteria": [{"scoring_model": "engagement", "threshold": 70}],
    "actions": {"sales_ready": True},
}
DACH = {"attribute": "country", "one_of": ["DE", "AT", "CH"]}
ASKS = {"attribute": "demo_requested", "equals": True}


def test_conditions_survive_reading_storing_and_writing_unchanged() -> None:
    audience = {"all": [DACH, {"not": {"attribute": "segment", "equals": "student"}}]}
    model = model_of(DEFINITION | {"audience": audience, "fast_track": ASKS})
    stored = msgspec.json.decode(msgspec.json.encode(model), type=QualificationModel)
    assert stored == model
    assert definition_of(stored)["audience"] == audience
    assert definition_of(stored)["fast_track"] == ASKS
    assert model_of(definition_of(stored)) == model


def test_a_model_without_conditions_is_stored_as_by_older_releases() -> None:
    assert not {"audience", "fast_track"} & msgspec.to_builtins(model_of(DEFINITION)).keys()


@pytest.mark.parametrize(
    "fields",
    [
        {"audience": DACH},
        {"fast_track": ASKS},
        {"audience": DACH, "fast_track": {"all": [ASKS, DACH]}},
        {"audience": DACH, "fast_track": DACH},  # who comes in takes the fast track
        {"audience": {"field": "status_reason", "not_equals": "contacted"}},
        {"audience": {"field": "sales_ready", "equals": False}},
        {"fast_track": {"field": "status_reason", "equals": "marketing_qualified"}},  # the action is another flag
        {"audience": {"field": "sales_ready", "equals": True}, "requalification": {"policy": "on_recross"}},
        {"fast_track": {"any": [ASKS, {"field": "owner_id", "exists": True}]}},
    ],
    ids=str,
)
def test_what_somebody_can_meet_is_accepted(fields: dict[str, Any]) -> None:
    assert problems_of(DEFINITION | fields) == []


CLOSED = "can never be met by an open lead, and only open leads count: change or remove part of it"
MARKED = "is met only by leads that have what the actions set already, so it would never qualify anyone: change it"


@pytest.mark.parametrize(
    ("fields", "where", "says"),
    [
        (
            {"audience": {"attribute": "country", "equal": "DE"}},
            ("audience", "equal"),
            "is unknown: did you mean equals?",
        ),
        (
            {"audience": {"attribute": "country", "equals": None}},
            ("audience", "equals"),
            "must be text, a finite number, true or false, found null",
        ),
        ({"audience": {"equals": "DE"}}, ("audience",), "must name what it tests: a field or an attribute"),
        ({"audience": {"all": []}}, ("audience", "all"), "must not be empty"),
        ({"audience": {"any": 5}}, ("audience", "any"), "must be a list, found a number"),
        ({"audience": []}, ("audience",), "must be a mapping, such as {field: value}, found a list"),
        (
            {"fast_track": {"attribute": "country", "same_as": "country"}},
            ("fast_track", "same_as"),
            "compares a seller's attribute with the lead's: it has no meaning here",
        ),
        (
            {"audience": {"attribute": "a", "above": 5, "below": 4}},
            ("audience",),
            "can never be met: no value of a meets all its conditions; change or remove part of it",
        ),
        ({"audience": {"field": "status", "equals": "disqualified"}}, ("audience",), CLOSED),
        ({"audience": {"field": "status_reason", "equals": "qualified"}}, ("audience",), CLOSED),
        ({"fast_track": {"field": "status", "equals": "qualified"}}, ("fast_track",), CLOSED),
        (
            {"audience": {"field": "status", "equals": "open"}},
            ("audience",),
            "is met by every lead that can qualify: leave it out, or change it",
        ),
        ({"audience": {"field": "sales_ready", "equals": True}}, ("audience",), MARKED),
        ({"fast_track": {"field": "sales_ready", "equals": True}}, ("fast_track",), MARKED),
        (
            {"audience": DACH, "fast_track": {"attribute": "country", "equals": "FR"}},
            ("fast_track",),
            "can never be met by a lead in the audience, and only the audience can qualify: change one of the two",
        ),
        (
            {"fast_track": {"field": "status", "one_of": ["open", "qualified"]}},
            ("fast_track",),
            "is met by every open lead, so it never becomes true for one: name what makes a lead qualify at once",
        ),
    ],
)
def test_what_nobody_or_everybody_meets_is_refused(fields: dict[str, Any], where: tuple[str, ...], says: str) -> None:
    assert in_english(problems_of(DEFINITION | fields)) == [(where, says)]
