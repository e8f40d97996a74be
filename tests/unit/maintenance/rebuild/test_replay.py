"""One partition decided anew: records, rules and holds in the order of their times."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from lead_qualifier.definitions.qualification_models.snapshot import rules_from
from lead_qualifier.engine import Record
from lead_qualifier.engine.checkpoint import Checkpoint, Sweep
from lead_qualifier.engine.partitioning import bucket_of
from lead_qualifier.maintenance.rebuild.replay import Replay, in_order
from lead_qualifier.qualification.criteria import Criterion
from lead_qualifier.qualification.leads import Lead, Mark
from lead_qualifier.qualification.merging import holds_nothing
from lead_qualifier.qualification.models import QualificationModel
from lead_qualifier.qualification.rules import RuledModel, Rules
from lead_qualifier.qualification.utc import to_milliseconds
from tests.unit.qualification.given import minute, model

SCORES, CHANGES = "lead-score-changed", "lead-changed"
ONE = model(criteria={"engagement": 70})


def published(definition: QualificationModel = ONE, revision: int = 4, version: int = 1) -> Rules:
    ruled = RuledModel(
        definition=definition,
        version=version,
        live=True,
        published_revision=revision,
        publish_command_id=f"publish-{version}",
        published_at=minute(0),
    )
    return Rules(
        revision=revision,
        lead_management=True,
        live_scoring_models=frozenset({"engagement"}),
        models={definition.id: ruled},
    )


def score(at_ms: int, lead: str, value: float, *, offset: int = 0, event_id: str = "") -> Record:
    message = {
        "event_id": event_id or f"e-{at_ms}",
        "lead_id": lead,
        "scoring_model_id": "engagement",
        "score": value,
        "occurred_at": minute(at_ms),
    }
    return Record(SCORES, 0, offset, at_ms, lead.encode(), msgspec.json.encode(message), ())


def change(at_ms: int, lead: str, **fields: Any) -> Record:
    message = {"event_id": f"c-{at_ms}", "lead_id": lead, "occurred_at": minute(at_ms), **fields}
    return Record(CHANGES, 0, 0, at_ms, lead.encode(), msgspec.json.encode(message), ())


def replayed(records: Iterable[Record], *rules: tuple[int, Rules], until: int = 10**6) -> Replay:
    replay = Replay(0, topic_prefix="", partitions=1, rules=list(rules))
    for record in records:
        replay.process(record, record.timestamp_ms)
    replay.finish(until)
    return replay


def lead(replay: Replay, key: str) -> Lead:
    return msgspec.json.decode(replay.leads[key.encode()], type=Lead)


BEGIN = 1_700_000_000_000
NEVER, ANCIENT, AHEAD_OF_ALL = -1, -95_617_584_000_000, 2**62


def written(topic: str, *times: int) -> list[Record]:
    """Times that a clock can have shown are counted from BEGIN."""
    return [
        Record(topic, 0, offset, BEGIN + at if 0 <= at < AHEAD_OF_ALL else at, b"a", None, ())
        for offset, at in enumerate(times)
    ]


def order(*topics: list[Record]) -> list[tuple[str, int, int]]:
    """By topic, offset and time."""
    return [(one.topic, one.offset, at - BEGIN) for at, one in in_order(*topics, now_ms=BEGIN + 1000)]


def test_topics_are_merged_by_time_and_each_keeps_its_order() -> None:
    assert order(written(CHANGES, 5, 6), written(SCORES, 5, 2, 9)) == [
        (CHANGES, 0, 5),
        (SCORES, 0, 5),
        (SCORES, 1, 5),
        (CHANGES, 1, 6),
        (SCORES, 2, 9),
    ]


@pytest.mark.parametrize("none", [NEVER, 0 - BEGIN, ANCIENT, AHEAD_OF_ALL], ids=str)
def test_a_record_without_a_time_has_that_of_its_neighbours(none: int) -> None:
    assert order(written(CHANGES, 4, 8), written(SCORES, none, none, 5, none, 9, none)) == [
        (CHANGES, 0, 4),
        (SCORES, 0, 5),
        (SCORES, 1, 5),
        (SCORES, 2, 5),
        (SCORES, 3, 5),
        (CHANGES, 1, 8),
        (SCORES, 4, 9),
        (SCORES, 5, 9),
    ]


def test_records_of_a_topic_without_any_times_come_last() -> None:
    assert order(written(CHANGES, NEVER, NEVER), written(SCORES, 5)) == [
        (SCORES, 0, 5),
        (CHANGES, 0, 1000),
        (CHANGES, 1, 1000),
    ]


def test_a_score_is_decided_by_the_rules_of_its_time() -> None:
    stopped = rules_from({})
    replay = replayed(
        [score(5, "early", 80), score(20, "late", 80), score(40, "after", 80)],
        (10, published(model(criteria={"engagement": 70}, existing_leads="ignore"))),
        (30, stopped),
    )
    assert [lead(replay, key).marks.keys() for key in ("early", "late", "after")] == [set(), {"enterprise"}, set()]
    assert set(replay.qualified.values()) == {"late"}


def test_a_publish_sweeps_the_leads_that_are_known_by_then() -> None:
    replay = replayed([score(5, "known", 80), score(6, "low", 10)], (10, published()), until=10)
    assert lead(replay, "known").marks["enterprise"].trigger == "publish-1"
    assert not lead(replay, "low").marks
    assert replay.counts["swept"] == 2
    assert replay.revision == 4


@pytest.mark.parametrize(("hold", "qualified"), [(9, True), (11, False)])
def test_a_score_expires_by_the_time_that_is_replayed(hold: int, qualified: bool) -> None:
    criteria = (Criterion("engagement", 70, max_age=timedelta(minutes=10)),)
    patient = model(criteria=criteria, hold=timedelta(minutes=hold), existing_leads="ignore")
    begin, end = (to_milliseconds(minute(number)) for number in (0, 60))
    value = msgspec.json.encode(
        {"event_id": "e", "lead_id": "a", "scoring_model_id": "engagement", "score": 80, "occurred_at": minute(0)}
    )
    record = Record(SCORES, 0, 0, begin, b"a", value, ())
    replay = replayed([record], (begin - 1, published(patient)), until=end)
    assert bool(lead(replay, "a").marks) is qualified
    assert not lead(replay, "a").holds


def test_an_erased_lead_leaves_nothing() -> None:
    erased = Record(CHANGES, 0, 1, 20, b"a", None, ())
    replay = replayed([score(15, "a", 80), erased], (10, published()))
    assert holds_nothing(lead(replay, "a"))
    assert len(replay.qualified) == 1
    replay.finish(20 + 7 * 24 * 3600 * 1000)
    assert replay.leads == {}


def test_a_hold_ends_when_its_time_has_come_by_the_records_times() -> None:
    holding = published(model(criteria={"engagement": 70}, hold=timedelta(seconds=1)))
    records = [score(100, "stays", 80), score(150, "falls", 80), score(900, "falls", 60), score(1200, "x", 1)]
    replay = replayed(records, (10, holding), until=1200)
    assert lead(replay, "stays").marks.keys() == {"enterprise"}
    assert not lead(replay, "falls").marks
    assert not lead(replay, "falls").holds
    assert lead(replayed(records[:1], (10, holding), until=1099), "stays").holds, "not before its time"


def test_what_cannot_be_read_is_counted_and_the_rest_goes_on() -> None:
    replay = replayed([Record(SCORES, 0, 3, 1, b"a", b"{", ()), score(2, "a", 80, offset=4)], (0, published()))
    assert (replay.processed, replay.rejected, replay.next) == (2, 1, {SCORES: 5})
    assert set(replay.qualified.values()) == {"a"}


def test_the_same_records_give_the_same_state_and_ids() -> None:
    records = [score(at, f"L-{at % 7}", at * 37 % 101) for at in range(1, 300)]
    records += [change(at, f"L-{at % 7}", status_reason="contacted", sales_ready=False) for at in range(300, 320)]
    records += [score(at, f"L-{at % 7}", at * 37 % 101) for at in range(320, 500)]
    one, other = (replayed(records, (50, published()), (330, published(version=2, revision=9))) for _ in range(2))
    assert one.leads == other.leads
    assert one.qualified == other.qualified
    assert len(one.qualified) > 7


def test_an_erased_lead_that_comes_back_starts_afresh() -> None:
    erased = Record(CHANGES, 0, 1, 20, b"a", None, ())
    replay = replayed([score(15, "a", 80), erased, change(30, "a", owner_id="U-1")], (10, published()))
    back = lead(replay, "a")
    assert (back.scores, back.marks, back.owner_id) == ({}, {}, "U-1")


@pytest.mark.parametrize(("began", "left"), [({}, True), ({"begun_ms": 21}, True), ({"begun_ms": 20}, False)], ids=str)
def test_a_hand_over_that_began_before_an_erasure_is_dropped(began: dict[str, int], left: bool) -> None:
    handover = {"event_id": "m", "loser_id": "loser", "scores": {"engagement": {"value": 60.0, "at": minute(900)}}}
    replay = Replay(0, topic_prefix="", partitions=1, rules=[(10, published())])
    replay.process(score(15, "survivor", 80), 15)
    replay.process(Record(CHANGES, 0, 1, 20, b"survivor", None, ()), 20)
    replay.process(Record("lead-handovers", 0, 0, 901, b"survivor", msgspec.json.encode(handover | began), ()), 901)
    replay.finish(10**6)
    assert holds_nothing(lead(replay, "survivor")) is not left


def test_a_merged_lead_is_closed_and_its_survivor_takes_over() -> None:
    merge = {"event_id": "m", "lead_id": "loser", "survivor_id": "survivor", "occurred_at": minute(20)}
    handover = {"event_id": "m", "loser_id": "loser", "scores": {"engagement": {"value": 80.0, "at": minute(15)}}}
    replay = replayed(
        [
            score(15, "loser", 60),
            Record("lead-merged", 0, 0, 20, b"loser", msgspec.json.encode(merge), ()),
            Record("lead-handovers", 0, 0, 21, b"survivor", msgspec.json.encode(handover), ()),
            score(30, "loser", 99),
        ],
        (10, published()),
    )
    assert lead(replay, "loser").merged_into == "survivor"
    assert lead(replay, "survivor").scores["engagement"].value == 80
    assert replay.qualified == {}, "a merge evaluates nobody, and the loser is closed"


KEYS = sorted((f"L-{number}" for number in range(12)), key=lambda key: bucket_of(key.encode()))
AHEAD = KEYS[6:]
"""Whom a walk that stands before the seventh has not come to."""


def in_mid_sweep(*records: Record, rules: list[tuple[int, Rules]], live: Checkpoint, **held: Any) -> Replay:
    state = {key.encode(): msgspec.json.encode(lead) for key, lead in held.get("held", {}).items()}
    replay = Replay(0, topic_prefix="", partitions=1, rules=rules, live=live, held=state)
    for record in records:
        replay.process(record, record.timestamp_ms)
    replay.finish(1000)
    return replay


def walking(swept: int, revision: int) -> Checkpoint:
    return Checkpoint(
        application="a", next={}, revision=revision, swept=swept, sweep=Sweep(revision, bucket_of(AHEAD[0].encode()))
    )


def test_an_unfinished_sweep_continues_where_the_workers_were() -> None:
    scores = [score(at, key, 80) for at, key in enumerate(KEYS, 1)]
    late = score(50, AHEAD[0], 90)
    live = walking(swept=2, revision=4)
    replay = in_mid_sweep(*scores, late, rules=[(30, published(revision=4))], live=live)
    marked = {key for key in KEYS if lead(replay, key).marks}
    assert marked == {*KEYS[:6], AHEAD[0]}
    assert lead(replay, AHEAD[0]).marks["enterprise"].trigger == "e-50", "its own score qualified it"
    assert replay.sweep_progress == (2, live.sweep)


def test_a_restarted_sweep_qualifies_nobody_twice() -> None:
    scores = [score(at, key, 80) for at, key in enumerate(KEYS, 1)]
    reached = Lead(marks={"enterprise": Mark(1, 1, minute(0), "publish-1")})
    first, second = published(), published(model("other", criteria={"demographic": 1}), revision=6)
    both = rules_of(first, second)
    live = walking(swept=2, revision=6)
    replay = in_mid_sweep(*scores, rules=[(30, first), (40, both)], live=live, held={AHEAD[2]: reached})
    assert {key for key in KEYS if lead(replay, key).marks} == {*KEYS[:6], AHEAD[2]}


def test_a_sweep_that_the_workers_have_finished_is_finished() -> None:
    live = Checkpoint(application="a", next={}, revision=9, swept=4)
    scores = [score(at, key, 80) for at, key in enumerate(KEYS, 1)]
    replay = in_mid_sweep(*scores, rules=[(30, published(revision=4))], live=live)
    assert all(lead(replay, key).marks for key in KEYS)
    assert replay.sweep_progress == (4, None)


def rules_of(*several: Rules) -> Rules:
    newest = max(several, key=lambda one: one.revision)
    return Rules(
        revision=newest.revision,
        lead_management=True,
        live_scoring_models=newest.live_scoring_models,
        models={name: one for rules in several for name, one in rules.models.items()},
    )
