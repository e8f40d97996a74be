"""The demo's sales: the same answer to the same qualification, and better ones to better leads."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from lead_qualifier.demo.sales import answer_to
from lead_qualifier.messages.decode import decode_sales_response
from lead_qualifier.messages.topics import LEAD_SALES_RESPONSE

NOW = datetime(2026, 3, 2, 8, 0, 5, tzinfo=UTC)


def qualified(number: int, score: float) -> dict[str, Any]:
    return {
        "event_id": f"e-{number}",
        "lead_id": f"L-{number:05d}",
        "qualification_model_id": "enterprise",
        "criteria": [{"scoring_model_id": "engagement", "threshold": 70.0, "score": score, "met": True}],
    }


def answers(score: float) -> Counter[str]:
    """What sales says of a thousand leads, each answer checked as workers check it."""
    said: Counter[str] = Counter()
    for number in range(1000):
        sent = answer_to(qualified(number, score), NOW)
        assert sent == answer_to(qualified(number, score), NOW)
        if sent is None:
            said["nothing"] += 1
            continue
        assert sent.topic == LEAD_SALES_RESPONSE.name
        message = decode_sales_response(sent.key, sent.value, sent.headers)
        assert ("reason" in message) == (message["response"] == "rejected")
        said[message["response"]] += 1
        said[f"because of {message.get('reason')}"] += 1
    return said


def test_most_leads_are_answered_and_better_ones_are_accepted_more_often() -> None:
    poor, good = answers(71), answers(98)
    assert 100 < poor["nothing"] == good["nothing"] < 200
    assert 0.2 < poor["accepted"] / (1000 - poor["nothing"]) < 0.45
    assert 0.75 < good["accepted"] / (1000 - good["nothing"]) < 0.95
    assert sum(one.startswith("because") for one in poor) == 5  # four reasons, and none where it accepts


def test_a_lead_that_qualifies_by_its_grade_is_answered() -> None:
    event = qualified(1, 80) | {"criteria": [{"scoring_model_id": "fit", "grades": ["A"], "grade": "A", "met": True}]}
    assert answer_to(event, NOW) is not None
