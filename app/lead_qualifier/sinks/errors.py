"""Why a sink cannot start, and in which ways an endpoint puts off an event."""

from __future__ import annotations

from lead_qualifier.consumer import RetryLater


class SinkError(Exception):
    """Base class of what is wrong with a sink's configuration. The message is for a person and shows no secrets."""


class MissingSecret(SinkError):
    """A variable that the file names is not set or not valid. The message names it and says what it must hold."""


class BadSecret(SinkError, ValueError):
    """Not a secret to sign with. The message says what it must be."""


class EndpointUnavailable(RetryLater):
    """The endpoint does not appear to work. Counts for the circuit breaker."""


class EndpointBusy(RetryLater):
    """The endpoint works and asks for fewer requests, which is no reason to give up an event."""

    def __init__(self, seconds: float | None, reason: str) -> None:
        """As RetryLater."""
        super().__init__(seconds, reason, counts=False)
