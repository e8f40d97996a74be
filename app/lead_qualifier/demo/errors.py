"""Why the demo cannot go on."""

from __future__ import annotations


class DemoError(Exception):
    """Base class. The message says why, and where to look."""


class DemoFailed(DemoError):
    """A process of the demo ended, or made no progress."""


class NotPrepared(DemoError):
    """A command that sets up the demo was refused."""
