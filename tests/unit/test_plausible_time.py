"""No input of any process may be dated where nothing can be, and what once was is mended by the next message."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lead_qualifier.engine import Application, ProcessorContext, Record, Rejected
from lead_qualifier.messages.errors import BadMessage
from lead_qualifier.messages.plausible_time import PlausibleTime
from lead_qualifier.services import downstream
from lead_qualifier.services.topology import DOWNSTREAM, WORKER
from lead_qualifier.services.wiring import Wiring
from lead_qualifier.services.worker import run as worker_process
from lead_qualifier.settings import load_settings
from tests.support.messages import encode
from tools.schemas.examples import example as example_of

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
#: Written and read by us alone: what stands there came in through another input.
INTERNAL = {"lead-handovers", "assignment-queue"}
_IDS = ("lead_id", "seller_id", "scoring_model_id", "qualification_model_id", "definition_id", "feature")


def inputs() -> Iterator[tuple[Application, str]]:
    settings = load_settings(partitions=1, time_tolerance=timedelta(hours=2))
    services = [worker_process.build(Wiring(WORKER, settings, {}))]
    services += [downstream.build(Wiring(row, settings, {})) for row in DOWNSTREAM.values()]
    for service in services:
        for application in service.applications:
            yield from ((application, topic) for topic in application.topics if topic not in INTERNAL)


INPUTS = [pytest.param(application, topic, id=f"{application.name}<-{topic}") for application, topic in inputs()]


def example(topic: str, at: datetime) -> tuple[bytes, bytes]:
    """Key and value of a good message that is dated so."""
    value = example_of(topic)
    value["issued_at" if "issued_at" in value else "occurred_at"] = at.isoformat()
    return next(value[name] for name in _IDS if name in value).encode(), encode(value)


def refusal(application: Application, topic: str, at: datetime, *, record_ms: int = NOW_MS) -> str | None:
    key, value = example(topic, at)
    context = ProcessorContext(application, 0, {}, now_ms=NOW_MS)
    context.record = record = Record(topic, 0, 0, record_ms, key, value, ())
    try:
        application.processor.process(record, context)
    except Rejected as rejected:
        assert not context.changes()
        return str(rejected)
    return None


@pytest.mark.parametrize(("application", "topic"), INPUTS)
def test_an_input_dated_further_ahead_than_tolerated_is_a_dead_letter_that_says_so(
    application: Application, topic: str
) -> None:
    assert refusal(application, topic, NOW + timedelta(hours=2)) is None
    reason = refusal(application, topic, NOW + timedelta(hours=2, seconds=1))
    assert reason is not None
    assert "more than 2h ahead of the record's time in Kafka, and at most 2h is accepted" in reason
    assert "LEAD_QUALIFIER_TIME_TOLERANCE" in reason


@pytest.mark.parametrize(("application", "topic"), INPUTS)
@pytest.mark.parametrize(
    ("at", "side"),
    [
        ("0001-01-01T00:00:00+14:00", "before 1970"),
        ("1969-12-31T23:59:59Z", "before 1970"),
        ("2201-01-01T00:00:00Z", "after 2200"),
        ("9999-12-31T23:59:59-23:00", "after 2200"),
    ],
)
def test_an_input_dated_outside_1970_to_2200_is_a_dead_letter_that_says_so(
    application: Application, topic: str, at: str, side: str
) -> None:
    assert side in (refusal(application, topic, datetime.fromisoformat(at)) or "")


@pytest.mark.parametrize(("application", "topic"), INPUTS)
def test_a_record_whose_producer_has_no_clock_goes_by_the_workers(application: Application, topic: str) -> None:
    for record_ms in (-1, 0, 86_400_000, 2**62):
        assert refusal(application, topic, NOW, record_ms=record_ms) is None
        assert "ahead" in (refusal(application, topic, NOW + timedelta(hours=3), record_ms=record_ms) or "")


ERASED = [one for one in INPUTS if one.values[1] == "lead-changed"]


@pytest.mark.parametrize(("application", "topic"), ERASED)
def test_until_when_an_erasure_is_remembered_hangs_on_its_records_time(application: Application, topic: str) -> None:
    remembered = set()
    for minutes in (0, 1, 59):
        context = ProcessorContext(application, 0, {}, now_ms=NOW_MS + minutes * 60_000)
        context.record = record = Record(topic, 0, 7, NOW_MS, b"L-1", None, ())
        application.processor.process(record, context)
        remembered.add(context.changes()[0]["value"])
    assert len(remembered) == 1


def test_times_are_compared_with_each_records_own_whatever_was_checked_before() -> None:
    times = PlausibleTime(timedelta(hours=1))
    for ahead in (0, 59, -60 * 24 * 400, 60, 0):
        times.check(NOW + timedelta(minutes=ahead), NOW_MS, 0)
    earlier = NOW_MS - 7_200_000
    with pytest.raises(BadMessage):
        times.check(NOW, earlier, NOW_MS)
    times.check(NOW - timedelta(hours=1), earlier, NOW_MS)
    with pytest.raises(BadMessage):
        times.check(NOW + timedelta(hours=1, microseconds=1), NOW_MS, 0)


def worker() -> Application:
    return next(application for application, topic in inputs() if topic == "lead-score-changed")


def decided(application: Application, entries: dict[bytes, bytes], topic: str, **message: Any) -> dict[str, Any]:
    """The lead's state after one message of now, as it is stored."""
    context = ProcessorContext(application, 0, entries, now_ms=NOW_MS)
    value = {"event_id": "e", "lead_id": "L", "occurred_at": NOW.isoformat(), **message}
    context.record = record = Record(topic, 0, 0, NOW_MS, b"L", encode(value), ())
    application.processor.process(record, context)
    entries.update((change["key"], change["value"] or b"") for change in context.changes())
    held: dict[str, Any] = json.loads(entries[b"L"])
    return held


AHEAD = "9999-12-31T23:59:59-23:00"


@pytest.mark.parametrize("held_at", [AHEAD, "2027-06-01T00:00:00Z"])
def test_a_score_held_with_a_date_ahead_gives_way_to_the_next(held_at: str) -> None:
    entries = {b"L": encode({"scores": {"engagement": {"value": 99.0, "at": held_at}}})}
    held = decided(worker(), entries, "lead-score-changed", scoring_model_id="engagement", score=20)
    assert held["scores"] == {"engagement": {"value": 20.0, "at": "2026-11-28T09:00:00Z"}}


def test_a_lead_held_with_a_date_ahead_takes_the_next_change_of_the_crm() -> None:
    state = {
        "status_reason": "marketing_qualified",
        "sales_ready": True,
        "known": True,
        "changed_at": AHEAD,
        "qualified_at": AHEAD,
        "qualified_flags": ["status_reason", "sales_ready"],
        "marks": {"enterprise": {"version": 1, "number": 1, "at": AHEAD, "trigger": "t", "rejected": AHEAD}},
    }
    entries = {b"L": encode(state)}
    held = decided(worker(), entries, "lead-changed", status_reason="contacted", sales_ready=False)
    assert held["status_reason"] == "contacted"
    assert held["changed_at"] == "2026-11-28T09:00:00Z"
    assert held["marks"]["enterprise"]["cleared"]


def test_a_lead_held_with_a_date_ahead_takes_a_merge_and_a_rejection() -> None:
    mark = {"version": 1, "number": 1, "at": AHEAD, "trigger": "t"}
    entries = {b"L": encode({"known": True, "merged_into": "M", "merged_at": AHEAD, "marks": {"enterprise": mark}})}
    assert decided(worker(), entries, "lead-merged", survivor_id="S")["merged_into"] == "S"
    entries = {b"L": encode({"known": True, "marks": {"enterprise": mark}})}
    held = decided(worker(), entries, "lead-sales-response", response="rejected")
    assert held["marks"]["enterprise"]["rejected"] == "2026-11-28T09:00:00Z"


def test_a_handover_with_a_date_ahead_does_not_displace_what_is_held() -> None:
    application = worker()
    entries = {b"L": encode({"scores": {"engagement": {"value": 20.0, "at": "2026-11-28T08:00:00Z"}}})}
    context = ProcessorContext(application, 0, entries, now_ms=NOW_MS)
    value = {"event_id": "m", "loser_id": "X", "scores": {"engagement": {"value": 99.0, "at": AHEAD}}}
    context.record = record = Record("lead-handovers", 0, 0, NOW_MS, b"L", encode(value), ())
    application.processor.process(record, context)
    (change,) = context.changes()
    assert json.loads(change["value"] or b"")["scores"]["engagement"]["value"] == 20
