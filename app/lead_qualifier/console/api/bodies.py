"""Reads the bodies of requests that programs send, up to a limit."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request

from lead_qualifier.console.errors import ApiError


async def body_of(request: Request, most: int, too_large: Callable[[], ApiError]) -> bytes:
    """The body of a request. Raises the error that `too_large` makes if it has more than so many bytes."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > most:
        raise too_large()
    body = await beginning_of(request, most)
    if len(body) > most:
        raise too_large()
    return body


async def beginning_of(request: Request, most: int) -> bytes:
    """The body of a request. Reading stops as soon as it has more than `most` bytes."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            break
    return bytes(body)
