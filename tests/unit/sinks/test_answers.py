"""What each answer of a webhook's endpoint means for the event."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_qualifier.sinks.answers import Again, Answer, Done, Gone, Never, judge

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_2xx_is_delivered(status: int) -> None:
    assert judge(Answer(status), NOW) == Done()


def test_2xx_is_delivered_though_its_body_never_ends() -> None:
    assert judge(Answer(200, complete=False), NOW) == Done()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 406, 411, 412, 413, 415, 422, 451, 499])
def test_4xx_is_a_dead_letter_that_says_the_status(status: int) -> None:
    verdict = judge(Answer(status), NOW)
    assert isinstance(verdict, Never)
    assert f"HTTP {status}" in verdict.reason


@pytest.mark.parametrize(
    ("status", "fault", "busy"),
    [
        *((status, True, False) for status in (301, 307, 408, 500, 502, 503, 504)),
        *((status, False, False) for status in (409, 425)),
        (429, False, True),
    ],
)
def test_what_passes_is_tried_again(status: int, fault: bool, busy: bool) -> None:
    verdict = judge(Answer(status), NOW)
    assert isinstance(verdict, Again)
    assert (verdict.fault, verdict.busy, verdict.wait) == (fault, busy, None)
    assert f"HTTP {status}" in verdict.reason


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("header", ["20", "Wed, 25 Nov 2026 12:00:20 GMT"])
def test_retry_after_says_when(status: int, header: str) -> None:
    verdict = judge(Answer(status, {"retry-after": header}), NOW)
    assert isinstance(verdict, Again)
    assert verdict.wait == 20


def test_410_ends_the_sink() -> None:
    assert isinstance(judge(Answer(410), NOW), Gone)


@given(st.integers(100, 999), st.text(max_size=30))
def test_every_status_means_something(status: int, header: str) -> None:
    verdict = judge(Answer(status, {"retry-after": header}), NOW)
    assert isinstance(verdict, Done) == (200 <= status < 300)
