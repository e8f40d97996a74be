"""The demo's world: the same every time, and what it sends is valid but for what is meant to be broken."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from lead_qualifier.demo.simulated_world import Sent, World, keep, load
from lead_qualifier.messages.decode import ErasedLead, decode_lead_changed, decode_lead_score_changed
from lead_qualifier.messages.errors import BadMessage
from lead_qualifier.messages.topics import LEAD_CHANGED, LEAD_SCORE_CHANGED

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def records(world: World, count: int) -> list[Sent]:
    return [world.next(START + timedelta(seconds=world.happened)) for _ in range(count)]


@pytest.fixture(scope="module")
def sent() -> list[Sent]:
    return records(World(), 20_000)


def test_the_same_seed_sends_the_same() -> None:
    assert records(World(), 500) == records(World(), 500)
    assert records(World(), 500) != records(World(seed=1), 500)


def test_a_world_that_was_kept_goes_on_where_it_stopped(tmp_path: Path) -> None:
    file = tmp_path / "demo" / "world.json"
    whole = World()
    expected = records(whole, 700)
    first = load(file)
    begun = records(first, 301)
    keep(first, file)
    assert begun + records(load(file), 399) == expected


def test_a_file_that_is_no_world_begins_a_new_one(tmp_path: Path) -> None:
    file = tmp_path / "world.json"
    file.write_text("{")
    assert load(file) == World()


def test_what_it_sends_is_valid_but_for_a_few_broken_ones(sent: list[Sent]) -> None:
    kinds: Counter[str] = Counter()
    for record in sent:
        try:
            if record.topic == LEAD_SCORE_CHANGED.name:
                decode_lead_score_changed(record.key, record.value, record.headers)
                kinds["score"] += 1
            else:
                assert record.topic == LEAD_CHANGED.name
                changed = decode_lead_changed(record.key, record.value, record.headers)
                kinds["erased" if isinstance(changed, ErasedLead) else "changed"] += 1
        except BadMessage as bad:
            kinds["bad"] += 1
            kinds[f"bad: {bad}"] += 1
    assert 0.002 < kinds["bad"] / len(sent) < 0.01
    assert sum(kind.startswith("bad: ") for kind in kinds) >= 7  # as many ways to go wrong
    assert kinds["erased"] > 0
    assert kinds["changed"] > 1000


def test_it_has_late_and_repeated_scores_visits_decay_and_closed_leads(sent: list[Sent]) -> None:
    newest: dict[tuple[str, str], str] = {}
    found: Counter[str] = Counter()
    before = None
    for record in sent:
        if record.topic == LEAD_CHANGED.name and record.value is not None:
            found[msgspec.json.decode(record.value).get("status", "as it was")] += 1
        if record.topic != LEAD_SCORE_CHANGED.name:
            continue
        found["repeated"] += record == before
        before = record
        try:
            score = decode_lead_score_changed(record.key, record.value, record.headers)
        except BadMessage:
            continue
        place = (score["lead_id"], score["scoring_model_id"])
        at = score["occurred_at"].isoformat()
        found["late"] += at < newest.get(place, "")
        newest[place] = max(at, newest.get(place, ""))
        previous = score.get("previous_score")
        if previous is not None:
            found["rises" if score["score"] > previous else "falls"] += 1
    assert found["late"] > 100
    assert found["repeated"] > 50
    assert found["rises"] > 2 * found["falls"] > 0
    assert found["disqualified"] > 50
    assert found["qualified"] > 20


def test_there_are_a_few_thousand_leads_and_new_ones_take_the_place_of_closed_ones() -> None:
    world = World(population=200)
    records(world, 10_000)
    assert len(world.people) == 200
    assert world.arrived > 220
