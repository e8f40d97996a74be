"""How long a server asks to be left alone: the header Retry-After, as seconds or a date (RFC 9110, 10.2.3)."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST = 3600.0
"""The longest wait in seconds, whatever the server asks: a server that asks for years has made a mistake."""


def retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds to wait; None if the header is missing or unreadable."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return min(LONGEST, float(text[:9]))
    if not text or text[0].isdigit() or text[0] == "-":
        return None
    try:
        until = parsedate_to_datetime(text)
        if until.tzinfo is None:  # `-0000`: the date is in UTC nevertheless
            until = until.replace(tzinfo=UTC)
        return min(LONGEST, max(0.0, (until - now).total_seconds()))
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
