"""What became of a record, for metrics and logs of your own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["handled", "duplicate", "retried", "dead_letter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOutcome:
    """The outcome of one attempt to handle a record."""

    outcome: Outcome
    """handled: the handler returned. duplicate: skipped, because it was handled before. retried: it will be tried again
    after `delay`. dead_letter: it was written to the dead-letter topic.
    """
    topic: str
    """Without the prefix."""
    partition: int
    offset: int
    attempt: int
    seconds: float = 0.0
    """How long the handler took, if it was called."""
    delay: float = 0.0
    """Seconds until the next attempt."""
    reason: str = ""
    """Why it is retried or became a dead letter."""


Observer = Callable[[RecordOutcome], None]
"""Called in the handler threads. It should return quickly and must not raise."""
