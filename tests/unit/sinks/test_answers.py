"""What each answer of a webhook's endpoint means for the event."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_qualifier.consumer import ConsumerError, EndpointGone, PermanentFailure, RetryLater
from lead_qualifier.http.client import Answer
from lead_qualifier.sinks.answers import raise_for_status
from lead_qualifier.sinks.errors import EndpointBusy, EndpointUnavailable

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)


def retry_of(answer: Answer) -> RetryLater:
    with pytest.raises(RetryLater) as raised:
        raise_for_status(answer, NOW)
    return raised.value


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_2xx_is_delivered(status: int) -> None:
    raise_for_status(Answer(status), NOW)


def test_2xx_is_delivered_though_its_body_never_ends() -> None:
    raise_for_status(Answer(200, complete=False), NOW)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 406, 411, 412, 413, 415, 422, 451, 499])
def test_4xx_is_a_dead_letter_that_says_the_status(status: int) -> None:
    with pytest.raises(PermanentFailure, match=f"HTTP {status}"):
        raise_for_status(Answer(status), NOW)


@pytest.mark.parametrize(
    ("status", "kind", "counts"),
    [
        *((status, EndpointUnavailable, True) for status in (301, 307, 408, 500, 502, 503, 504)),
        *((status, RetryLater, True) for status in (409, 425)),
        (429, EndpointBusy, False),
    ],
)
def test_what_passes_is_retried(status: int, kind: type[RetryLater], counts: bool) -> None:
    failure = retry_of(Answer(status))
    assert type(failure) is kind
    assert (failure.counts, failure.seconds) == (counts, None)
    assert f"HTTP {status}" in failure.reason


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("header", ["20", "Wed, 25 Nov 2026 12:00:20 GMT"])
def test_retry_after_says_when(status: int, header: str) -> None:
    assert retry_of(Answer(status, {"retry-after": header})).seconds == 20


def test_410_ends_the_sink() -> None:
    with pytest.raises(EndpointGone):
        raise_for_status(Answer(410), NOW)


@given(st.integers(100, 999), st.text(max_size=30))
def test_every_status_means_something(status: int, header: str) -> None:
    try:
        raise_for_status(Answer(status, {"retry-after": header}), NOW)
    except ConsumerError:
        delivered = False
    else:
        delivered = True
    assert delivered == (200 <= status < 300)
