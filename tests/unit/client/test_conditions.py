"""Conditions in words, and what keeps one from being met."""

from __future__ import annotations

from typing import Any

import pytest

from lead_qualifier.client.conditions import condition_finding, unmet
from lead_qualifier.qualification.conditions import Values, condition_of, holds
from lead_qualifier.wording.sentences import IN_ENGLISH

LEAD = Values(
    {"status": "open", "sales_ready": False}, {"country": "FR", "revenue": 4.5, "city": "Lyon", "asked": "yes"}
)

COUNTRY: dict[str, Any] = {"attribute": "country", "one_of": ["DE", "AT", "CH"]}
REVENUE: dict[str, Any] = {"attribute": "revenue", "at_least": 100000}


@pytest.mark.parametrize(
    ("definition", "text", "lacks"),
    [
        (
            {"attribute": "city", "one_of": [*"abcdefghij", "k", "l", "m"]},
            "city is a, b, c, d, e, f, g, h, i, j or one of 3 more",
            "city is Lyon, wanted a, b, c, d, e, f, g, h, i, j or one of 3 more",
        ),
        (COUNTRY, "country is DE, AT or CH", "country is FR, wanted DE, AT or CH"),
        ({"attribute": "country", "equals": "DE"}, "country is DE", "country is FR, wanted DE"),
        ({"attribute": "country", "not_equals": "FR"}, "country is not FR", "country is FR, wanted not FR"),
        (
            {"attribute": "country", "none_of": ["FR", "IT"]},
            "country is not FR or IT",
            "country is FR, wanted not FR or IT",
        ),
        (REVENUE, "revenue is at least 100000", "revenue is 4.5, wanted at least 100000"),
        ({"attribute": "revenue", "at_most": 4}, "revenue is at most 4", "revenue is 4.5, wanted at most 4"),
        ({"attribute": "revenue", "above": 5}, "revenue is more than 5", "revenue is 4.5, wanted more than 5"),
        ({"attribute": "revenue", "below": 4}, "revenue is less than 4", "revenue is 4.5, wanted less than 4"),
        ({"attribute": "city", "contains": "x"}, "city is text with 'x'", "city is Lyon, wanted text with 'x'"),
        (
            {"attribute": "city", "starts_with": "P"},
            "city is text that starts with 'P'",
            "city is Lyon, wanted text that starts with 'P'",
        ),
        ({"attribute": "asked", "equals": True}, "asked is yes", "asked is yes (text), wanted yes"),
        (
            {"attribute": "revenue", "one_of": ["4.5", True]},
            "revenue is 4.5 or yes",
            "revenue is 4.5 (a number), wanted 4.5 or yes",
        ),
        ({"attribute": "country", "at_least": 5}, "country is at least 5", "country is FR (text), wanted at least 5"),
        ({"attribute": "segment", "exists": True}, "segment has a value", "segment has no value, wanted any value"),
        ({"attribute": "city", "exists": False}, "city has no value", "city is Lyon, wanted no value"),
        ({"field": "sales_ready", "equals": True}, "sales_ready is yes", "sales_ready is no, wanted yes"),
        (
            {"all": [COUNTRY, {"field": "status", "equals": "open"}, REVENUE]},
            "country is DE, AT or CH and status is open and revenue is at least 100000",
            "country is FR, wanted DE, AT or CH; revenue is 4.5, wanted at least 100000",
        ),
        (
            {"any": [COUNTRY, {"all": [REVENUE, {"attribute": "city", "equals": "Lyon"}]}]},
            "country is DE, AT or CH or (revenue is at least 100000 and city is Lyon)",
            "(country is FR, wanted DE, AT or CH; or revenue is 4.5, wanted at least 100000)",
        ),
        (
            {"not": {"attribute": "country", "one_of": ["FR", "IT"]}},
            "not (country is FR or IT)",
            "country is FR, wanted not FR or IT",
        ),
        (
            {"not": {"any": [{"attribute": "revenue", "below": 5}, {"attribute": "city", "exists": True}, COUNTRY]}},
            "not (revenue is less than 5 or city has a value or country is DE, AT or CH)",
            "revenue is 4.5, wanted not less than 5; city is Lyon, wanted no value",
        ),
    ],
)
def test_a_condition_and_what_it_lacks_in_words(definition: dict[str, Any], text: str, lacks: str) -> None:
    condition = condition_of(definition)
    assert not holds(condition, LEAD)
    assert IN_ENGLISH.sentence(condition_finding(condition)) == text
    assert IN_ENGLISH.sentence(unmet(condition, LEAD)) == lacks
