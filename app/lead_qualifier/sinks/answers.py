"""What an answer of an endpoint, or that there was none, means for the event that was sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from lead_qualifier.sinks.retry_after import retry_after


@dataclass(frozen=True, slots=True)
class Answer:
    """What an endpoint answered. `headers` by their names in lower case."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    """Cut where it was longer than we read."""
    complete: bool = True
    """Whether the body is there to its end."""


class NoAnswer(Exception):
    """No answer came; the message says why, for a person. Whether the endpoint got the request nobody knows."""


@dataclass(frozen=True, slots=True)
class Done:
    """The event is where it belongs."""

    outcome: str = "delivered"
    """Or `nothing_to_do`, `filtered`, or `overruled`: somebody has changed the row since, and that stands."""


@dataclass(frozen=True, slots=True)
class Again:
    """Try this event again."""

    reason: str
    wait: float | None = None
    """So many seconds later at the earliest, since the endpoint said so."""
    fault: bool = True
    """The endpoint does not work, as far as one can see: counts for the circuit breaker."""
    busy: bool = False
    """The endpoint works and asks for less: no event is given up for that."""


@dataclass(frozen=True, slots=True)
class Never:
    """Trying this event again does not help."""

    reason: str


@dataclass(frozen=True, slots=True)
class Gone:
    """The endpoint wants nothing of us any more."""

    reason: str


Verdict = Done | Again | Never | Gone

_AGAIN_BY_ITSELF = {
    409: "it handles another request of this event",
    425: "it does not take early data",
}


def judge(answer: Answer, now: datetime) -> Verdict:
    """What an answer to a webhook means. Of its body nothing counts: who answers 2xx has taken the event."""
    status = answer.status
    wait = retry_after(answer.headers.get("retry-after"), now)
    if 200 <= status < 300:
        return Done()
    if 300 <= status < 400:
        return Again(f"HTTP {status}: redirects are not followed, set url to where it leads")
    if status == 410:
        return Gone("HTTP 410: the endpoint wants no events any more")
    if status == 429:
        return Again("HTTP 429: too many requests", wait, fault=False, busy=True)
    if status in _AGAIN_BY_ITSELF:
        return Again(f"HTTP {status}: {_AGAIN_BY_ITSELF[status]}", wait, fault=False)
    if status == 408:
        return Again("HTTP 408: the endpoint waited too long for the request", wait)
    if 400 <= status < 500:
        return Never(f"HTTP {status}: the endpoint refuses the event")
    return Again(f"HTTP {status}", wait)
