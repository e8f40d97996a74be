from __future__ import annotations

from typing import Any

from lead_qualifier.engine.faust.fetch_pace import FetchPace


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Fetcher:
    """aiokafka's, as far as it is asked for its next fetch."""

    def __init__(self) -> None:
        self._fetch_max_wait_ms = 0
        self._records: dict[str, Any] = {}
        self.asked = 0

    def _get_actions_per_node(self, _assignment: object) -> tuple[Any, ...]:
        self.asked += 1
        return [("node", "fetch")], {}, 0.2, False, []


def settled(interval: float = 0.1) -> tuple[FetchPace, Clock]:
    clock = Clock()
    pace = FetchPace(interval, monotonic=clock)
    pace.settled = True
    return pace, clock


def test_the_first_record_is_fetched_at_once_and_the_others_before_the_cycle_begins() -> None:
    pace, clock = settled()
    assert pace.left() == 0.0
    pace.drained(1, 100)
    assert 0.08 < pace.left() < 0.09
    clock.now += 0.09
    assert pace.left() == 0.0
    pace.drained(9, 900)
    assert pace.left() == 0.0, "what comes until the cycle begins is in it"
    clock.now += 0.03
    pace.drained(1, 100)
    assert pace.left() > 0.08, "the first of the next cycle"


def test_many_records_are_followed_by_the_next_at_once() -> None:
    for many in ((20_000, 100), (1, 1_000_000)):
        pace, _ = settled()
        pace.drained(*many)
        assert pace.left() == 0.0


def test_nothing_waits_without_an_interval_or_before_all_is_sought() -> None:
    pace, _ = settled(0.0)
    pace.drained(1, 100)
    assert pace.left() == 0.0
    pace, _ = settled()
    pace.drained(1, 100)
    pace.settled = False
    assert pace.left() == 0.0


def test_in_a_long_interval_many_records_are_noticed_soon() -> None:
    pace, _ = settled(10.0)
    pace.drained(1, 100)
    assert 0.0 < pace.left() <= 0.1


def test_the_fetcher_keeps_to_it() -> None:
    pace, clock = settled()
    fetcher = Fetcher()
    pace.install(fetcher)
    assert fetcher._get_actions_per_node(None)[0] == [("node", "fetch")]
    pace.drained(1, 100)
    requests, resets, timeout, *_ = fetcher._get_actions_per_node(None)
    assert (requests, resets, fetcher.asked) == ([], {}, 1)
    assert 0.08 < timeout < 0.09, "then it looks again"
    clock.now += 0.09
    assert fetcher._get_actions_per_node(None)[0] == [("node", "fetch")]


def test_the_broker_holds_a_fetch_for_long_only_if_it_leaves_nothing_out() -> None:
    pace, _ = settled()
    fetcher = Fetcher()
    pace.install(fetcher)
    assert fetcher._get_actions_per_node(None) == ([("node", "fetch")], {}, 1.0, False, [])
    assert fetcher._fetch_max_wait_ms == 500
    fetcher._records["of a partition"] = "not drained yet"
    assert fetcher._get_actions_per_node(None) == ([("node", "fetch")], {}, 0.2, False, [])
    assert fetcher._fetch_max_wait_ms == 50
    fetcher._records.clear()
    pace.settled = False
    fetcher._get_actions_per_node(None)
    assert fetcher._fetch_max_wait_ms == 50
