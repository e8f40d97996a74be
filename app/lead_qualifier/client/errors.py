"""What goes wrong for a client of the services, apart from Kafka itself."""

from __future__ import annotations


class ClientError(Exception):
    """Base class of this package's exceptions; the message says what to do."""


class CommandUnanswered(ClientError):
    """No service answered a command in time; it was sent, and is carried out once a service runs."""


class AnnouncedLater(ClientError):
    """The newest announcement of a scoring model is dated in the future: an older one would be ignored as stale."""


class UnreadableState(ClientError):
    """Stored state was written by no version that this one understands."""
