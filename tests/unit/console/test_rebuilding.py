"""When a projection must read everything again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from lead_qualifier.console.read_model.projection import Stored
from lead_qualifier.console.read_model.rebuilding import reason_to_rebuild

DAY = 24 * 3600 * 1000
SOUND: dict[str, Any] = {
    "stored": Stored(topic_ids={"s": "one", "e": "two"}, next={("s", 0): 50, ("e", 0): 7}, caught_up_ms=DAY),
    "lead_state": "s",
    "topic_ids": {"s": "one", "e": "two"},
    "first": {("s", 0): 0, ("e", 0): 5},
    "ends": {("s", 0): 50, ("e", 0): 9},
    "tombstones_kept": timedelta(days=1),
    "now_ms": DAY + 1000,
}


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"topic_ids": {}},
        {"topic_ids": {"s": "one"}, "ends": {("s", 0): 50}},
        {"first": {("s", 0): 0, ("e", 0): 9}},
        {"now_ms": 2 * DAY},
    ],
    ids=["nothing", "a broker without ids", "an optional topic is gone", "events expired", "a day away"],
)
def test_it_goes_on(change: dict[str, Any]) -> None:
    assert reason_to_rebuild(**SOUND | change) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"stored": None}, "no projection of this version"),
        ({"topic_ids": {"s": "other"}}, "the topic s was deleted and created again"),
        ({"topic_ids": {"e": "other"}}, "the topic e was deleted and created again"),
        ({"ends": {("s", 0): 49, ("e", 0): 9}}, "s-0 ends at 49"),
        ({"first": {("s", 0): 51, ("e", 0): 0}}, "s-0 no longer holds records from offset 50"),
        ({"now_ms": 2 * DAY + 1}, "longer ago than s keeps erasures"),
    ],
)
def test_it_begins_again(change: dict[str, Any], reason: str) -> None:
    assert reason in (reason_to_rebuild(**SOUND | change) or "")
