"""Why a broker cannot be used on this machine."""

from __future__ import annotations


class BrokerError(Exception):
    """Base class. The message says why, and what would change it."""


class NotAvailable(BrokerError):
    """This kind of broker is not available here."""


class DidNotStart(BrokerError):
    """The broker ended, or did not answer in time; the message has the end of its log and where the rest is."""


class NoBroker(BrokerError):
    """None was given and none could be started; the message has the reason for each kind."""
