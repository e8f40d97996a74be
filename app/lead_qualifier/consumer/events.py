"""What a consumer tells of its work, for metrics and logs of yours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["handled", "duplicate", "retried", "dead_letter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One thing that happened to one record."""

    outcome: Outcome
    """handled: the handler returned. duplicate: left out, it was handled before. retried: comes again after `delay`.
    dead_letter: it stands in the dead-letter topic.
    """
    topic: str
    """Without the prefix."""
    partition: int
    offset: int
    attempt: int
    seconds: float = 0.0
    """How long the handler took, if it was called."""
    delay: float = 0.0
    """Seconds until it is tried again."""
    reason: str = ""
    """Why it is retried or a dead letter."""


Observer = Callable[[Happening], None]
"""Called in the threads that handle events; it should be quick and may not raise."""
