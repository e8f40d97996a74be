"""Calls that may never return."""

from __future__ import annotations

import threading

import pytest

from lead_qualifier.engine.errors import CallTimeout
from lead_qualifier.engine.timeouts import CallWithTimeout


def test_a_call_that_returns_has_been_made() -> None:
    made: list[int] = []
    bounded = CallWithTimeout("append")
    bounded(lambda: made.append(1), 5)
    bounded(lambda: made.append(2), 5)
    assert made == [1, 2]


def test_what_a_call_raises_is_raised() -> None:
    def fail() -> None:
        raise ValueError("this one")

    bounded = CallWithTimeout("fail")
    with pytest.raises(ValueError, match="this one"):
        bounded(fail, 5)
    bounded(lambda: None, 5)


def test_a_call_that_does_not_return_is_left_behind() -> None:
    let_go, late = threading.Event(), threading.Event()

    def hang() -> None:
        let_go.wait(10)
        late.set()
        raise ValueError("too late")

    bounded = CallWithTimeout("hang")
    with pytest.raises(CallTimeout, match="hang has not returned"):
        bounded(hang, 0.05)
    let_go.set()
    assert late.wait(5)
    bounded(lambda: None, 5)
