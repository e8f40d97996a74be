"""The time from a record's timestamp to the commit, as Prometheus gets it."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry

from lead_qualifier.engine import Record
from lead_qualifier.services.end_to_end import EndToEnd

NOW = 1_800_000_000_000


def written(*times_ms: int) -> Sequence[Record]:
    return [Record("t", 0, offset, at, None, None, ()) for offset, at in enumerate(times_ms)]


def figures(*batches: Sequence[Record]) -> tuple[dict[str, float], float]:
    """How many records were not slower than each edge, and the sum of all."""
    registry = CollectorRegistry()
    EndToEnd(registry).committed("worker", batches, NOW)
    (family,) = registry.collect()
    buckets = {s.labels["le"]: s.value for s in family.samples if s.name.endswith("_bucket")}
    return buckets, next(s.value for s in family.samples if s.name.endswith("_sum"))


def test_each_record_of_a_small_batch_counts_in_its_bucket() -> None:
    buckets, total = figures(written(NOW - 7), written(NOW - 2_000, NOW - 90_000), written())
    assert (buckets["0.005"], buckets["0.01"], buckets["2.5"], buckets["300.0"], buckets["+Inf"]) == (0, 1, 2, 3, 3)
    assert total == 92.007


def test_a_clock_ahead_counts_as_no_time_and_a_record_without_time_does_not_count() -> None:
    buckets, total = figures(written(NOW + 60_000, 0, -1, 5))
    assert (buckets["0.005"], buckets["+Inf"], total) == (1, 1, 0)


def test_all_records_of_a_large_batch_count_by_a_few_of_them() -> None:
    buckets, total = figures(written(*range(NOW - 10_000, NOW)))
    assert buckets["+Inf"] == 10_000
    assert abs(buckets["5.0"] - 5_000) < 200
    assert abs(total / 10_000 - 5.0) < 0.1
