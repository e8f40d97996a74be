"""A worker's metrics about leads, besides those of every service. No label carries anything about a lead."""

from __future__ import annotations

from prometheus_client import Counter
from typing_extensions import override

from lead_qualifier.services.metrics import Metrics

#: By what the processor of leads counts: the metric (names end in their unit), its help, its labels.
_COUNTERS: dict[str, tuple[str, str, list[str]]] = {
    "outcome": (
        "outcomes",
        "Outcomes of events, by model and outcome.",
        ["model", "outcome"],
    ),
    "shadow": (
        "shadow",
        "Events by which version means the lead: the live one, the draft in its shadow, both or neither.",
        ["model", "difference"],
    ),
    "lead_changed": ("lead_changes", "What became of lead-changed events.", ["result"]),
    "lead_merged": ("lead_merges", "What became of lead-merged events.", ["result"]),
    "sales_response": ("sales_responses", "What became of lead-sales-response events.", ["result"]),
    "handover": (
        "handovers",
        "Hand-overs of merged leads: sent, taken_over by the survivor, dropped since it was erased.",
        ["result"],
    ),
}


class LeadMetrics(Metrics):
    """The counters of the leads application."""

    def __init__(self) -> None:
        super().__init__()
        self._counters = {
            what: Counter(f"lead_qualifier_{name}", text, labels, registry=self.registry)
            for what, (name, text, labels) in _COUNTERS.items()
        }
        self._swept = Counter(
            "lead_qualifier_swept_leads", "Known leads evaluated because a model was published.", registry=self.registry
        )

    @override
    def count(self, what: object, count: int) -> None:
        """Add what a committed context has counted."""
        match what:
            case (str(counter), *labels) if counter in self._counters:
                self._counters[counter].labels(*labels).inc(count)
            case "swept":
                self._swept.inc(count)
