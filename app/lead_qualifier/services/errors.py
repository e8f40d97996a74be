"""Why a process of this program does not start."""

from __future__ import annotations

from collections.abc import Iterable

from lead_qualifier.kafka.errors import BrokerUnreachable


class ServiceError(Exception):
    """Base class of this package's exceptions."""


class BrokerNotReady(ServiceError, BrokerUnreachable):
    """The broker was not there, or not ready, when the time for the start was over."""

    def __init__(self, bootstrap_servers: str, seconds: float, problem: str) -> None:
        super().__init__(bootstrap_servers, seconds=seconds, reason=problem)
        self.args = (f"waited {seconds:g} s: {problem}",)


class TopicsUnfit(ServiceError):
    """Topics are missing or do not fit; each line of the message names one and says what to do."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("\n".join(self.lines))


class OtherInstallation(ServiceError):
    """The consumer group serves another installation; the message names both and says what to do."""
