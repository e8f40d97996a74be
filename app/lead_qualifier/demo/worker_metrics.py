"""The worker's figures, from its `/metrics`, and whether it is ready."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What a worker has done since it started."""

    events: Counter[str] = field(default_factory=Counter)
    """Records decided, by topic."""
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By model and outcome."""
    dead_letters: int = 0
    lag: int = 0
    """Records waiting to be decided."""


def read_figures(port: int) -> Figures | None:
    """The figures of the worker at that port of this machine; None when it does not answer."""
    text = _get(port, "/metrics")
    if text is None:
        return None
    events: Counter[str] = Counter()
    outcomes: Counter[tuple[str, str]] = Counter()
    dead_letters = lag = 0
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            match sample.name:
                case "lead_qualifier_events_total":
                    events[sample.labels["topic"]] += int(sample.value)
                case "lead_qualifier_outcomes_total":
                    outcomes[sample.labels["model"], sample.labels["outcome"]] += int(sample.value)
                case "lead_qualifier_dead_letters_total":
                    dead_letters += int(sample.value)
                case "lead_qualifier_lag_records":
                    lag += int(sample.value)
    return Figures(events, outcomes, dead_letters, lag)


def is_ready(port: int) -> bool:
    """Does the worker there decide all of its partitions?"""
    return _get(port, "/health/ready") is not None


def _get(port: int, path: str) -> str | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=_SECONDS) as answer:
            return str(answer.read().decode())
    except (urllib.error.URLError, OSError):
        return None
