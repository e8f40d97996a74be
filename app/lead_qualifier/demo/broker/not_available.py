"""Why a kind of broker cannot be had on this machine."""

from __future__ import annotations


class NotAvailable(Exception):
    """This kind of broker cannot be had here; the message says why and what would change it."""
