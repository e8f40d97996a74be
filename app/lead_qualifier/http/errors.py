"""Why a request to another system gave nothing to work with."""

from __future__ import annotations


class HttpError(Exception):
    """Base class. The message is for a person and contains no secrets."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        """`retry_after`: how many seconds the other system asked to be left alone; None if it did not say."""
        super().__init__(reason)
        self.retry_after = retry_after


class NoAnswer(HttpError):
    """No answer arrived. Whether the endpoint received the request is unknown."""


class NoToken(HttpError):
    """No access token was obtained."""
