"""What the packages about qualified leads raise to one another."""

from __future__ import annotations


class DownstreamError(Exception):
    """Base class."""


class BudgetExhausted(DownstreamError):
    """There are too many cases to check."""
