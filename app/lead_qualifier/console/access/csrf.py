"""Whether a change comes from the console's own pages: its origin, and the token of the session."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl

from lead_qualifier.console.access.asgi import Message, Receive
from lead_qualifier.console.access.errors import ForeignOrigin, FormTooLarge, WrongCsrfToken

FIELD = "csrf"
"""The hidden field of forms."""
HEADER = b"x-csrf-token"

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FORM = "application/x-www-form-urlencoded"
#: Of a record that Kafka takes by default, when most of its letters are escaped.
_MOST_BYTES = 4 << 20
_MOST_FIELDS = 10_000


def is_change(method: str) -> bool:
    """Whether requests with this method may change something."""
    return method not in _SAFE


def check_origin(headers: Mapping[bytes, str], own: str) -> None:
    """Raises ForeignOrigin if the browser says that a page of another origin than `own` sent the request."""
    if headers.get(b"sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise ForeignOrigin
    if headers.get(b"origin", own) != own:
        raise ForeignOrigin


async def check_token(token: str, headers: Mapping[bytes, str], receive: Receive) -> Receive:
    """Look for the token in the header, else in the form that is sent.

    Returns what receives the body in place of `receive`, which may be read already. Raises WrongCsrfToken and
    FormTooLarge.
    """
    given = headers.get(HEADER)
    if given is None and headers.get(b"content-type", "").partition(";")[0].strip().lower() == _FORM:
        body = await _whole(receive)
        given = _field(body)
        receive = _again(body, receive)
    if given is None or not hmac.compare_digest(given.encode(), token.encode()):
        raise WrongCsrfToken
    return receive


async def _whole(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > _MOST_BYTES:
            raise FormTooLarge(f"A form may have {_MOST_BYTES} bytes at most.")
        if message["type"] != "http.request" or not message.get("more_body", False):
            return bytes(body)


def _field(body: bytes) -> str | None:
    try:
        fields = parse_qsl(body.decode("latin-1"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return None
    return next((value for name, value in fields if name == FIELD), None)


def _again(body: bytes, receive: Receive) -> Receive:
    """What receives this body, and then what `receive` does."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def first_the_body() -> Message:
        return waiting.pop() if waiting else await receive()

    return first_the_body
