"""Numbers as people write them: 70 rather than 70.0."""

from __future__ import annotations


def number(value: float) -> str:
    """With ten digits at most, for what was calculated."""
    return f"{value:.10g}"


def as_written(value: float) -> str:
    """With every digit, for what somebody wrote."""
    return str(int(value)) if value == int(value) and abs(value) < 2**53 else repr(value)
