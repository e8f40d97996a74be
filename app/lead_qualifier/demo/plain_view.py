"""The demo without a terminal: plain lines."""

from __future__ import annotations

import sys
import time
from typing import Any

from lead_qualifier.client.evidence import changes_finding, criteria_finding, model_finding
from lead_qualifier.demo.progress import Progress
from lead_qualifier.wording.printable import printable
from lead_qualifier.wording.sentences import IN_ENGLISH

_EVERY_SECONDS = 5.0
_LEADS_AT_ONCE = 5


class PlainView:
    """Prints a line for each qualified lead, and one with figures every few seconds."""

    def __init__(self) -> None:
        self._figures_at = time.monotonic() + _EVERY_SECONDS
        self._followed = False

    def say(self, line: str) -> None:
        """Print one line."""
        sys.stdout.write(printable(line) + "\n")
        sys.stdout.flush()

    def begin(
        self, console: str, broker: str, logs: str, environment: list[str], commands: list[tuple[str, str]]
    ) -> None:
        """Print logs and commands; `console` and `broker` were printed before."""
        self.say(logs)
        self.say("Try in a second terminal:")
        for line in environment:
            self.say(f"  {line}")
        for what, command in commands:
            self.say(f"  {what}: {command}")

    def show(self, progress: Progress, new: list[dict[str, Any]]) -> None:
        """Print what is new."""
        for event in new[:_LEADS_AT_ONCE]:
            by, criteria, changes = map(
                IN_ENGLISH.sentence,
                (model_finding(event), criteria_finding(event["criteria"]), changes_finding(event["changes"])),
            )
            self.say(f"qualified {event['lead_id']} by {by}: {criteria}; {changes}")
        if len(new) > _LEADS_AT_ONCE:
            self.say(f"... and {len(new) - _LEADS_AT_ONCE} more")
        if time.monotonic() >= self._figures_at:
            self._figures_at = time.monotonic() + _EVERY_SECONDS
            self.say(figures_text(progress))
            self.say(progress.downstream.figures())
        if progress.downstream.followed is not None and not self._followed:
            self._followed = True
            who, *steps = progress.downstream.lines()
            self.say(f"followed {who}: {'; '.join(steps)}")

    def end(self) -> None:
        """Nothing to clean up."""


def figures_text(progress: Progress) -> str:
    """All figures in one line."""
    outcomes = ", ".join(f"{outcome} {count:,}" for outcome, count in progress.outcomes().items())
    return (
        f"{progress.rate:,.0f} events/s, produced {progress.produced:,}, decided {progress.decided:,}, "
        f"waiting {progress.figures.lag:,}, dead letters {progress.figures.dead_letters:,}; "
        + (outcomes or "no outcomes yet")
        + (f"; {progress.notice}" if progress.notice else "")
    )
