"""What follows from a record or a timer belongs to a trace; a tracer makes each of them a span of that trace."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from lead_qualifier.kafka.records import Headers, Record


class Step(NamedTuple):
    """A step of a trace."""

    headers: Headers
    """For what follows from it."""
    span: Any = None
    """What the tracer wants to see again once the step is committed; None if the step is not recorded."""


class Tracer(Protocol):
    """Called in the cycle's thread. Nothing here may wait or raise: what is raised counts as a fault of the record."""

    def record(self, record: Record, trace: Headers) -> Step:
        """A record is being processed. `trace`: that of its headers, or none: then it begins one."""

    def timer(self, key: bytes | None, trace: Headers) -> Step:
        """A timer that belongs to this trace has fired. `key`: of what follows."""

    def committed(self, spans: Iterable[Any], rejected: Iterable[tuple[Record, str]]) -> None:
        """What follows from these steps is committed, and so are the dead letters. `rejected`: their records, each with
        the class of the reason.
        """
