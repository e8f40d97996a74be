"""Up to when a worker counts the age of a score: the trigger, its time in Kafka, the publish, or the clock."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from typing_extensions import override

from lead_qualifier.engine import ProcessorContext, Record
from lead_qualifier.qualification.criteria import Criterion
from lead_qualifier.qualification.rules import Rules
from lead_qualifier.qualification.utc import FIRST, to_milliseconds
from tests.support.lead_cycles import LeadCycles
from tests.support.messages import encode, new_id
from tests.unit.qualification.given import minute, model, rules

HOUR = timedelta(hours=1)
FRESH = (Criterion("engagement", 70.0, max_age=HOUR), Criterion("fit", grades=("A", "B")))
WITHOUT_TIME = -1
NEVER = FIRST
"""The time of a record without one."""


class Worker(LeadCycles):
    """`qualified`: the events, decoded. `outcomes`: those of the last cycle."""

    def __init__(self, current: Rules) -> None:
        super().__init__(current)
        self.qualified: list[dict[str, Any]] = []
        self.outcomes: list[str] = []

    def score(
        self,
        scoring_model: str,
        value: float,
        at: datetime,
        *,
        grade: str | None = None,
        written: datetime | None = None,
        now: datetime | None = None,
    ) -> None:
        """`written`: the record's time; None: when it occurred. `now`: the worker's clock; None: then, too."""
        told = {"event_id": new_id(), "lead_id": "L-1", "scoring_model_id": scoring_model, "score": value}
        told |= {"occurred_at": at.isoformat()} | ({} if grade is None else {"grade": grade})
        written = written or at
        written_ms = WITHOUT_TIME if written is NEVER else to_milliseconds(written)
        record = Record("lead-score-changed", 0, 0, written_ms, b"L-1", encode(told), ())
        self.take(record, to_milliseconds(now or written))

    def timer(self, now: datetime) -> None:
        self.wake(b"L-1", to_milliseconds(now))

    @override
    def commit(self, context: ProcessorContext) -> None:
        super().commit(context)
        self.qualified += [json.loads(one.value or b"") for one in context.outputs]
        self.outcomes = [name[2] for name, _ in context.counts.items() if name[0] == "outcome"]


def worker(**fields: Any) -> Worker:
    return Worker(rules(model(criteria=FRESH, **fields), scoring_models=["engagement", "fit"]))


@pytest.mark.parametrize(
    ("occurred", "written", "outcome"),
    [
        (50, 50, "qualified"),
        (60, 60, "qualified"),
        (61, 61, "criteria_not_met"),
        (50, 61, "criteria_not_met"),  # a late event, which nobody could have decided earlier
        (50, 100_000, "criteria_not_met"),  # a backfill
        (50, 40, "qualified"),  # the sender's clock is ahead
    ],
)
def test_the_age_is_counted_to_the_trigger_or_to_when_it_was_written(
    occurred: float, written: float, outcome: str
) -> None:
    here = worker()
    here.score("engagement", 80, minute(0))
    here.score("fit", 1, minute(occurred), grade="A", written=minute(written))
    assert here.outcomes == [outcome]


def test_an_old_score_that_is_sent_today_does_not_qualify_by_itself() -> None:
    here = worker()
    here.score("fit", 1, minute(-200_000), grade="A", written=minute(0))
    here.score("engagement", 80, minute(-200_000), written=minute(0))
    assert here.outcomes == ["criteria_not_met"]


def test_a_worker_that_is_late_decides_as_one_that_is_not() -> None:
    here = worker()
    here.score("engagement", 80, minute(0))
    here.score("fit", 1, minute(50), grade="A", now=minute(5_000))
    assert here.outcomes == ["qualified"]


def test_a_record_without_a_time_was_written_when_it_is_read() -> None:
    here = worker()
    here.score("engagement", 80, minute(0))
    here.score("fit", 1, minute(50), grade="A", written=NEVER, now=minute(61))
    assert here.outcomes == ["criteria_not_met"]


@pytest.mark.parametrize(("ends", "outcome"), [(60, "qualified"), (60.1, "criteria_not_met")])
def test_at_the_end_of_a_hold_the_worker_s_clock_counts(ends: float, outcome: str) -> None:
    here = worker(hold=timedelta(minutes=30))
    here.score("fit", 1, minute(0), grade="A")
    here.score("engagement", 80, minute(0))
    assert here.outcomes == ["holding"]
    here.timer(minute(ends))
    assert here.outcomes == [outcome]
    assert json.loads(here.entries[b"L-1"]).get("holds") is None


def test_the_event_shows_grades_in_place_of_a_threshold_and_what_has_expired() -> None:
    criteria = (*FRESH, Criterion("engagement_two", 1.0, max_age=HOUR))
    definition = model(criteria=criteria, match="any")
    here = Worker(rules(definition, scoring_models=["fit"]))
    here.score("engagement", 80, minute(0), grade="C")
    here.score("fit", 12, minute(90), grade="B")
    [event] = here.qualified
    assert event["criteria"] == [
        {
            "scoring_model_id": "engagement",
            "threshold": 70,
            "met": False,
            "score": 80,
            "scored_at": "2026-11-23T09:00:00Z",
            "expired": True,
        },
        {
            "scoring_model_id": "fit",
            "grades": ["A", "B"],
            "met": True,
            "score": 12,
            "scored_at": "2026-11-23T10:30:00Z",
            "grade": "B",
        },
        {"scoring_model_id": "engagement_two", "threshold": 1, "met": False},
    ]
    stored = json.loads(here.entries[b"L-1"])["scores"]
    assert stored["fit"] == {"value": 12.0, "at": "2026-11-23T10:30:00Z", "grade": "B"}
    assert stored["engagement"]["grade"] == "C", "a model may ask for it later"


def test_a_score_without_a_grade_is_stored_as_ever() -> None:
    here = worker()
    here.score("engagement", 80, minute(0))
    here.score("fit", 80, minute(0), grade="")
    assert json.loads(here.entries[b"L-1"])["scores"] == {
        name: {"value": 80.0, "at": "2026-11-23T09:00:00Z"} for name in ("engagement", "fit")
    }
