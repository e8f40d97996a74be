"""What a handler raises to say what becomes of an event, and what ends a consumer."""

from __future__ import annotations


class ConsumerError(Exception):
    """Base class of the exceptions below."""


class RetryLater(ConsumerError):
    """Try this event again later. Events with the same key wait until then."""

    def __init__(self, seconds: float | None = None, reason: str = "", *, counts: bool = True) -> None:
        """`seconds`: how long to wait; None: as the RetryPolicy says. `counts`: whether this attempt counts towards
        RetryPolicy.attempts; pass False if the event is not to blame. `reason`: as in PermanentFailure.
        """
        super().__init__(reason or "retry later")
        self.seconds = seconds
        self.reason = reason
        self.counts = counts


class PermanentFailure(ConsumerError):
    """Another attempt would not help: the event becomes a dead letter immediately.

    A person reads the reason, and it is stored with the dead letter. Name fields and codes, never a lead's data.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class EndpointGone(ConsumerError):
    """The system that the handler writes to accepts nothing any more: the consumer ends with this error.

    The event is not committed, so a consumer that starts later handles it again.
    """


class UnhandledEvent(ConsumerError):
    """An event cannot be handled and there is no dead-letter topic. Its offset is not committed."""


class NoSuchTopic(ConsumerError):
    """A topic does not exist. The message says what to do."""
