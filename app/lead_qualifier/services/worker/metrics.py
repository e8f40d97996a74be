"""A worker's metrics about leads, besides those of every service. No label carries anything about a lead."""

from __future__ import annotations

from prometheus_client import Counter
from typing_extensions import override

from lead_qualifier.services.metrics import Metrics


class LeadMetrics(Metrics):
    """The counters of the leads application; names end in their unit."""

    def __init__(self) -> None:
        super().__init__()
        self._outcomes = Counter(
            "lead_qualifier_outcomes",
            "What became of an event at a qualification model, by the words of the domain.",
            ["model", "outcome"],
            registry=self.registry,
        )
        self._shadow = Counter(
            "lead_qualifier_shadow",
            "Scores by whose criteria they meet: a live version's, those of the draft in its shadow, both or neither.",
            ["model", "difference"],
            registry=self.registry,
        )
        self._lead_changes = Counter(
            "lead_qualifier_lead_changes", "What became of lead-changed events.", ["result"], registry=self.registry
        )
        self._merges = Counter(
            "lead_qualifier_lead_merges", "What became of lead-merged events.", ["result"], registry=self.registry
        )
        self._responses = Counter(
            "lead_qualifier_sales_responses",
            "What became of lead-sales-response events.",
            ["result"],
            registry=self.registry,
        )
        self._handovers = Counter(
            "lead_qualifier_handovers",
            "Hand-overs of merged leads: sent, taken_over by the survivor, dropped since it was erased.",
            ["result"],
            registry=self.registry,
        )
        self._swept = Counter(
            "lead_qualifier_swept_leads", "Known leads looked at because a model was published.", registry=self.registry
        )

    @override
    def count(self, what: object, count: int) -> None:
        """Add what a committed context has counted."""
        match what:
            case ("outcome", model, outcome):
                self._outcomes.labels(model, outcome).inc(count)
            case ("shadow", model, difference):
                self._shadow.labels(model, difference).inc(count)
            case ("lead_changed", result):
                self._lead_changes.labels(result).inc(count)
            case ("lead_merged", result):
                self._merges.labels(result).inc(count)
            case ("sales_response", result):
                self._responses.labels(result).inc(count)
            case ("handover", result):
                self._handovers.labels(result).inc(count)
            case "swept":
                self._swept.inc(count)
