"""How findings become sentences."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lead_qualifier.definitions.lifecycle import fault
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.wording.sentences import IN_ENGLISH


def test_findings_are_equal_if_they_say_the_same() -> None:
    one, same = Finding("replaced", id="m", version=2), Finding("replaced", version=2, id="m")
    assert one == same
    assert len({one, same, Finding("replaced", id="m", version=3), Finding("published", id="m", version=2)}) == 3


def test_an_id_is_quoted_where_a_command_is_shown() -> None:
    said = IN_ENGLISH.sentence(Finding("live_refuses_delete", kind="model", id="big deals"))
    assert said == "big deals is live: stop it first (lead-qualifier model stop 'big deals')"


def test_numbers_are_written_as_people_write_them() -> None:
    said = IN_ENGLISH.sentence(Finding("drop_above_threshold", threshold=70.0))
    assert said.startswith("must not be above the threshold, 70: ")
    said = IN_ENGLISH.sentence(
        Finding(
            "threshold_above_maximum",
            field="criteria.0",
            threshold=70.0,
            maximum=62.5,
            scoring_model="engagement",
            status="live",
        )
    )
    assert said.startswith("criteria.0.threshold: 70 is above 62.5, the maximum of scoring model engagement,")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (True, "yes"),
        (False, "no"),
        (70.0, "70"),
        (0.5, "0.5"),
        (datetime(2026, 3, 1, tzinfo=UTC), "2026-03-01T00:00:00+00:00"),
    ],
)
def test_a_value_is_written_as_people_write_it(value: object, written: str) -> None:
    assert IN_ENGLISH.value(value) == written


def test_each_fault_takes_one_line() -> None:
    faults = (
        fault("a", Finding("named_again", name="b\nc")),
        fault("", Finding("empty")),
        fault("b", Finding("id_differs", id="x")),
    )
    assert IN_ENGLISH.sentence(Finding("invalid_definition", faults=faults)).split("\n") == [
        "a: names b\\nc again: remove it",
        "must not be empty",
        "b: must be x, as the command says",
    ]


def test_reasons_are_said_one_after_the_other() -> None:
    reasons = (
        Finding("lead_management_off", feature="lead-management"),
        Finding("scoring_model_unknown", id="engagement"),
    )
    said = IN_ENGLISH.sentence(Finding("cannot_publish", id="enterprise", reasons=reasons))
    assert said.startswith("enterprise cannot be published: lead management is off: ")
    assert "; scoring model engagement is unknown: " in said
