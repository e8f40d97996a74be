"""How long records take, from the time that they carry to the commit of what follows from them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import HistogramMetricFamily, Metric

from lead_qualifier.engine import Record
from lead_qualifier.messages.plausible_time import has_time

_EDGES_MS = (5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 3_600_000)
_BUCKETS = (*(str(edge / 1000) for edge in _EDGES_MS), "+Inf")
#: Of a larger batch this many records are looked at, at equal distances, each for those around it: the times of a
#: partition's records rise with their offsets.
_SAMPLES = 32


class EndToEnd:
    """Counts in the cycles' threads, a bounded number of records for each batch; read when scraped."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._counts: dict[str, list[int]] = {}
        self._sums_ms: dict[str, int] = {}
        registry.register(self)

    def committed(self, service: str, batches: Iterable[Sequence[Record]], now_ms: int) -> None:
        """What follows from these records was committed. A record without a plausible time is not counted."""
        counts = self._counts.setdefault(service, [0] * len(_BUCKETS))
        sum_ms = 0
        for records in batches:
            step = -(-len(records) // _SAMPLES)
            for at in range(0, len(records), step or 1):
                weight = min(step, len(records) - at)
                written_ms = records[at + weight // 2].timestamp_ms
                if has_time(written_ms):
                    age_ms = max(0, now_ms - written_ms)  # a producer's clock may be ahead of ours
                    counts[bisect_left(_EDGES_MS, age_ms)] += weight
                    sum_ms += age_ms * weight
        self._sums_ms[service] = self._sums_ms.get(service, 0) + sum_ms

    def collect(self) -> Iterable[Metric]:
        """Called by prometheus-client."""
        family = HistogramMetricFamily(
            "lead_qualifier_end_to_end_seconds",
            "Time from a record's timestamp to the commit of what follows from it.",
            labels=["service"],
        )
        for service, counts in list(self._counts.items()):
            total, buckets = 0, []
            for edge, count in zip(_BUCKETS, list(counts), strict=True):
                total += count
                buckets.append((edge, total))
            family.add_metric([service], buckets, self._sums_ms.get(service, 0) / 1000)
        yield family
