from __future__ import annotations

from lead_qualifier.consumer import RetryPolicy


def test_waits_grow_to_the_longest_and_end_with_the_attempts() -> None:
    retry = RetryPolicy(attempts=3, first=1, factor=2, longest=3, jitter=0)
    assert [retry.delay(n) for n in (1, 2, 3, 1000)] == [1, 2, 3, 3]
    assert [retry.exhausted(n) for n in (2, 3)] == [False, True]
    assert 0.8 <= RetryPolicy(jitter=0.2).delay(1) <= 1.2
