"""Errors that come by the hundred are logged once a minute, and none goes uncounted."""

from __future__ import annotations

from confluent_kafka import KafkaError
from structlog.testing import capture_logs

from lead_qualifier.engine.repeated_errors import RepeatedErrors

DOWN, TIMED_OUT = KafkaError(KafkaError._ALL_BROKERS_DOWN), KafkaError(KafkaError._TRANSPORT)


def test_each_code_is_logged_at_once_then_once_a_minute() -> None:
    now = 0.0
    told = RepeatedErrors("producer_error", clock=lambda: now)
    with capture_logs() as lines:
        for second in range(130):
            now = float(second)
            for _ in range(10):
                told(DOWN)
            if second == 30:
                told(TIMED_OUT)
    assert [(line["code"], line["times"]) for line in lines] == [
        ("_ALL_BROKERS_DOWN", 1),
        ("_TRANSPORT", 1),
        ("_ALL_BROKERS_DOWN", 600),
        ("_ALL_BROKERS_DOWN", 600),
    ]
    assert {line["event"] for line in lines} == {"producer_error"}


def test_after_a_quiet_minute_the_next_one_is_logged_at_once() -> None:
    now = 0.0
    told = RepeatedErrors("producer_error", clock=lambda: now)
    with capture_logs() as lines:
        told(DOWN)
        told(DOWN)
        now = 3600.0
        told(DOWN)
    assert [line["times"] for line in lines] == [1, 2]
