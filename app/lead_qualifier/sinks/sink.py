"""A sink of either kind, as it is run or checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lead_qualifier.consumer import Event
from lead_qualifier.sinks.answers import Answer, Verdict
from lead_qualifier.sinks.forms import seconds
from lead_qualifier.sinks.http import HttpClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Sink:
    """What a file says, ready to be used."""

    kind: str
    """webhook or dataverse: part of the consumer group's name."""
    id: str
    topics: tuple[str, ...]
    send: Callable[[Event], Verdict]
    check: Callable[[], Answer]
    """One harmless request. Raises NoAnswer, and what the sink itself may raise."""
    client: HttpClient
    attempts: int
    until: float
    first: float
    longest: float
    failures: int
    open_for: float
    concurrency: int


def client_of(form: Mapping[str, Any], folder: Path) -> HttpClient:
    """The client that a file describes; `folder` is the file's. Raises OSError, ssl.SSLError."""
    ca_file = form.get("ca_file")
    return HttpClient(
        timeout=seconds(form.get("timeout", "10s")),
        ca_file=None if ca_file is None else folder / ca_file,
        connections=form.get("concurrency", 8),
    )


def sink_of(
    kind: str,
    form: Mapping[str, Any],
    *,
    topics: tuple[str, ...],
    send: Callable[[Event], Verdict],
    check: Callable[[], Answer],
    client: HttpClient,
) -> Sink:
    """The sink, with what the file says of retries and the breaker, or else the defaults."""
    retry, circuit = form.get("retry", {}), form.get("circuit", {})
    return Sink(
        kind=kind,
        id=form["id"],
        topics=topics,
        send=send,
        check=check,
        client=client,
        attempts=retry.get("attempts", 12),
        until=seconds(retry.get("until", "3d")),
        first=seconds(retry.get("first", "1s")),
        longest=seconds(retry.get("longest", "2m")),
        failures=circuit.get("failures", 5),
        open_for=seconds(circuit.get("open_for", "30s")),
        concurrency=form.get("concurrency", 8),
    )
