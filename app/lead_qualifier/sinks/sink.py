"""A sink of either kind, ready to be run or checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lead_qualifier.consumer import Event, RetryPolicy
from lead_qualifier.http.blocking_client import BlockingHttpClient
from lead_qualifier.http.client import Answer
from lead_qualifier.sinks.answers import Delivered
from lead_qualifier.sinks.forms import carried, seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Sink:
    """What a sink's file describes."""

    kind: str
    """webhook or dataverse: part of the consumer group's name."""
    id: str
    topics: tuple[str, ...]
    send: Callable[[Event], Delivered]
    """Raises HttpError, RetryLater, PermanentFailure, EndpointGone."""
    check: Callable[[], Answer]
    """One harmless request. Raises HttpError."""
    client: BlockingHttpClient
    retry: RetryPolicy
    give_up_after: float
    """Seconds from an event's first failure."""
    circuit_failures: int
    circuit_open_seconds: float
    concurrency: int


def client_of(form: Mapping[str, Any], folder: Path) -> BlockingHttpClient:
    """The client that a file describes; `folder` is the file's. Raises OSError, ssl.SSLError."""
    ca_file = form.get("ca_file")
    return BlockingHttpClient(
        timeout=seconds(form.get("timeout", "10s")),
        ca_file=None if ca_file is None else folder / ca_file,
        connections=form.get("concurrency", 8),
    )


def sink_of(
    kind: str,
    form: Mapping[str, Any],
    *,
    send: Callable[[Event], Delivered],
    check: Callable[[], Answer],
    client: BlockingHttpClient,
) -> Sink:
    """The sink, with retries and circuit breaker as its file says, or with the defaults."""
    retry, circuit = form.get("retry", {}), form.get("circuit", {})
    return Sink(
        kind=kind,
        id=form["id"],
        topics=carried(form),
        send=send,
        check=check,
        client=client,
        retry=RetryPolicy(
            attempts=retry.get("attempts", 12),
            first=seconds(retry.get("first", "1s")),
            longest=seconds(retry.get("longest", "2m")),
        ),
        give_up_after=seconds(retry.get("until", "3d")),
        circuit_failures=circuit.get("failures", 5),
        circuit_open_seconds=seconds(circuit.get("open_for", "30s")),
        concurrency=form.get("concurrency", 8),
    )
