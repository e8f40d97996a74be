"""People who click: each opens a page of the console, thinks, and opens the next."""

from __future__ import annotations

import asyncio
import random
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import quote

import httpx

from bench.workload import lead_id

_LINK = re.compile(r'<a[^>]+href="(/[^"#]*)"')
#: Of a page: those in the navigation bar, a search for leads, and a lead. People look at leads most.
_SEARCHES = ("anna", "L-1", "weber gmbh", "no such lead")
_SEED = 20260105
_LEAD = "a lead"


@dataclass(slots=True)
class Clicks:
    """How long answers took, in seconds, by page; and those that failed, by status."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    failed: dict[int, int] = field(default_factory=dict)

    @property
    def all(self) -> list[float]:
        """Every duration."""
        return [one for some in self.seconds.values() for one in some]


class Marketers:
    """So many people beside what the block does. They share a session, as one link signs in one browser."""

    def __init__(self, browser: httpx.Client, *, people: int, think_seconds: float, leads: int, into: Clicks) -> None:
        """`browser`: is signed in. `think_seconds`: the mean time between an answer and the next click."""
        self.clicks = into
        self._address, self._cookies = browser.base_url, browser.cookies
        self._people, self._think, self._leads = people, think_seconds, leads
        self._stop = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._click()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(60)
        if self._error is not None:
            raise self._error

    async def _click(self) -> None:
        limits = httpx.Limits(max_connections=self._people, max_keepalive_connections=self._people)
        async with httpx.AsyncClient(
            base_url=self._address, cookies=self._cookies, timeout=60, follow_redirects=True, limits=limits
        ) as client:
            home = await client.get("/")
            pages = sorted({one for one in _LINK.findall(home.text) if "?" not in one} | {"/", "/leads"})
            people = [asyncio.create_task(self._be(client, pages, number)) for number in range(self._people)]
            await asyncio.to_thread(self._stop.wait)
            for one in people:
                one.cancel()
            ended = await asyncio.gather(*people, return_exceptions=True)
        self._error = next((one for one in ended if isinstance(one, Exception)), None)

    async def _be(self, client: httpx.AsyncClient, pages: Sequence[str], number: int) -> None:
        chance = random.Random(_SEED + number)
        await asyncio.sleep(chance.uniform(0, self._think))  # they do not begin together
        while True:
            name, address = self._next(chance, pages)
            began = time.perf_counter()
            answer = await client.get(address)
            unknown_yet = name == _LEAD and answer.status_code == httpx.codes.NOT_FOUND
            if unknown_yet or answer.status_code == httpx.codes.OK:
                self.clicks.seconds.setdefault(name, []).append(time.perf_counter() - began)
            else:
                self.clicks.failed[answer.status_code] = self.clicks.failed.get(answer.status_code, 0) + 1
            await asyncio.sleep(chance.expovariate(1 / self._think))

    def _next(self, chance: random.Random, pages: Sequence[str]) -> tuple[str, str]:
        kind = chance.random()
        if kind < 0.3:
            return _LEAD, f"/lead?id={quote(lead_id(chance.randrange(self._leads)))}"
        if kind < 0.5:
            return "a search", f"/leads?q={quote(chance.choice(_SEARCHES))}"
        page = chance.choice(pages)
        return page, page
