"""How long a server asks us to stay away: the header Retry-After, as seconds or as a date (RFC 9110, 10.2.3)."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST = 3600.0
"""Seconds that we stay away at most, whatever is asked: who asks for years has made a mistake."""


def retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds to stay away; None where the header is missing or says nothing that can be read."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return min(LONGEST, float(text[:9]))
    if not text or text[0].isdigit() or text[0] == "-":
        return None
    try:
        until = parsedate_to_datetime(text)
        if until.tzinfo is None:  # `-0000`: the date is in UTC all the same
            until = until.replace(tzinfo=UTC)
        return min(LONGEST, max(0.0, (until - now).total_seconds()))
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
