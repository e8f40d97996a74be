"""A tracer makes each record or timer that leads to something a span of its trace."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from lead_qualifier.kafka.records import Headers, Record


class Step(NamedTuple):
    """A step of a trace."""

    headers: Headers
    """The headers of what follows from it."""
    span: Any = None
    """Given back to the tracer once the step is committed; None if the step is not recorded."""


class Tracer(Protocol):
    """Called in the cycle's thread. No method may wait or raise: an exception would count as a fault of the record."""

    def record(self, record: Record, trace: Headers) -> Step:
        """A record is being processed. `trace`: the trace in its headers; if that is empty, the record begins one."""

    def timer(self, key: bytes | None, trace: Headers) -> Step:
        """A timer that belongs to this trace has fired. `key`: the key of what follows."""

    def committed(self, spans: Iterable[Any], rejected: Iterable[tuple[Record, str]]) -> None:
        """What follows from these steps is committed, and so are dead letters. `rejected`: the records of dead letters,
        each with the class of its reason.
        """
