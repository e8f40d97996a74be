"""Lists of the console's API, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx


def pages(client: httpx.Client, path: str, **query: Any) -> Iterator[httpx.Response]:
    """The answers with the first page and each next one, until one names no cursor."""
    cursor: dict[str, str] = {}
    while True:
        answer = client.get(path, params={**query, **cursor})
        yield answer
        page = answer.json()
        if "next_cursor" not in page:
            return
        cursor = {"cursor": page["next_cursor"]}
