"""Everybody who follows the overview gets what is new, from one look at the projection, until the console stops."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from lead_qualifier.console.access.people import Person, Role
from lead_qualifier.console.api.errors import TooManyStreams
from lead_qualifier.console.api.live import LiveUpdates
from lead_qualifier.console.api.overview import Overviews
from lead_qualifier.console.api.stream_places import StreamPlaces
from lead_qualifier.console.languages import LANGUAGES
from lead_qualifier.console.read_model.dead_letters import DeadLetterReader
from lead_qualifier.console.read_model.qualification_reader import News, QualificationReader
from lead_qualifier.console.read_model.rule_entries import RulesReader
from lead_qualifier.console.read_model.standing import Phase, Standing
from tests.support.console_records import QUALIFIED, minutes, qualification, qualified_lead
from tests.support.console_server import ConsoleServer

ENGLISH, GERMAN = LANGUAGES["en"], LANGUAGES["de"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ConsoleServer]:
    with ConsoleServer(tmp_path) as running:
        yield running


class CountingReader(QualificationReader):
    """Counts the looks."""

    looks = 0

    def news(self, *args: Any, **more: Any) -> News:
        self.looks += 1
        return super().news(*args, **more)


def live_of(server: ConsoleServer, **options: Any) -> tuple[LiveUpdates, CountingReader]:
    reader = CountingReader(server.database)
    standing = Standing(phase=Phase.FOLLOWING)
    overviews = Overviews(
        RulesReader(server.database, unknown_leads="open"),
        reader,
        DeadLetterReader(server.database, topic_prefix=""),
        lambda: standing,
    )
    return LiveUpdates(overviews, reader, lambda: standing, **({"tick": 0.05} | options)), reader


def qualify(server: ConsoleServer, lead_id: str) -> None:
    server.log.lead(lead_id, qualified_lead(lead_id, at=10), at=minutes(10))
    server.log.event(QUALIFIED, qualification(lead_id, at=10), at=minutes(10))
    server.project()


async def read_message(stream: AsyncIterator[str], lead_id: str | None = None) -> list[tuple[str, Any]]:
    """The events of the next message that has any; with a lead, of the next that tells of its qualification.

    A look may find the lead's state before its qualification, and tell of that in a message of its own.
    """
    while True:
        message = await asyncio.wait_for(anext(stream), 20)
        parts = [part.split("\n") for part in message.split("\n\n") if part.startswith("event:")]
        events = [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in parts]
        if events and (lead_id is None or lead_id in [data.get("lead_id") for _, data in events]):
            return events


def test_each_stream_gets_the_overview_and_what_is_new_in_its_language(server: ConsoleServer) -> None:
    live, reader = live_of(server)

    async def follow() -> None:
        english, german = live.messages(ENGLISH), live.messages(GERMAN)
        for stream in (english, german):
            [(name, overview)] = await read_message(stream)
            assert (name, overview["newest"][0]["lead_id"]) == ("overview", "L-1001")
        looks = reader.looks
        for lead_id in ("L-21", "L-22"):
            await asyncio.to_thread(qualify, server, lead_id)
            for stream, text in ((english, "engagement 83 ≥ 70 met"), (german, "engagement 83 ≥ 70: erfüllt")):
                [(kind, qualified), (name, overview)] = await read_message(stream, lead_id)
                assert (kind, name) == ("qualified", "overview")
                assert qualified["lead_id"] == overview["newest"][0]["lead_id"] == lead_id
                assert qualified["criteria"][0]["text"] == text
        assert reader.looks > looks
        before = reader.looks
        await asyncio.sleep(0.5)
        assert reader.looks - before <= 12  # for both of them
        await asyncio.gather(english.aclose(), german.aclose())
        await asyncio.sleep(0.2)
        before = reader.looks
        await asyncio.sleep(0.3)
        assert reader.looks == before  # nobody follows

    asyncio.run(follow())


def test_a_slow_stream_misses_nothing_that_is_new(server: ConsoleServer) -> None:
    live, _ = live_of(server)

    async def follow() -> None:
        slow, quick = live.messages(ENGLISH), live.messages(ENGLISH)
        await read_message(slow)
        await read_message(quick)
        for number in range(3):
            await asyncio.to_thread(qualify, server, f"L-2{number}")
            await read_message(quick, f"L-2{number}")
        events = await read_message(slow)
        assert [data.get("lead_id") for _, data in events] == ["L-20", "L-21", "L-22", None]
        assert events[-1][1]["newest"][0]["lead_id"] == "L-22"
        await asyncio.gather(slow.aclose(), quick.aclose())

    asyncio.run(follow())


def test_there_is_a_limit_to_the_silence_and_the_length_of_a_stream(server: ConsoleServer) -> None:
    live, _ = live_of(server, heartbeat=0.1, longest=0.5)

    async def follow() -> None:
        stream = live.messages(ENGLISH)
        assert await anext(stream) == "retry: 3000\n\n"
        rest = [message async for message in stream]
        assert rest.count(": nothing new\n\n") >= 3

    asyncio.run(follow())


def test_there_is_a_limit_to_the_streams_of_all() -> None:
    places = StreamPlaces(most=2)
    with places.taken_by("U-1"), places.taken_by("U-2"), pytest.raises(TooManyStreams), places.taken_by("U-3"):
        pytest.fail("there was a third")
    with places.taken_by("U-3"):
        pass


def test_one_person_with_many_tabs_locks_out_nobody_else(server: ConsoleServer) -> None:
    def open_one(client: httpx.Client, tabs: ExitStack) -> httpx.Response:
        return tabs.enter_context(client.stream("GET", "/api/v1/stream"))

    with server.client() as client, server.client(Person("U-9", "", frozenset({Role.VIEWER}))) as other:
        with ExitStack() as tabs:
            assert [open_one(client, tabs).status_code for _ in range(10)] == [200] * 10
            refused = client.get("/api/v1/stream")
            assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams_of_person")
            assert open_one(other, tabs).status_code == 200
        until = time.monotonic() + 20
        with ExitStack() as tabs:
            while open_one(client, tabs).status_code != 200:
                assert time.monotonic() < until, "closed streams keep their places"
                time.sleep(0.1)


def test_a_console_that_stops_ends_its_streams(server: ConsoleServer) -> None:
    with server.client() as client, client.stream("GET", "/api/v1/stream", timeout=20) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["x-accel-buffering"] == "no"
        assert answer.headers["cache-control"] == "no-store"
        lines = answer.iter_lines()
        assert next(line for line in lines if line.startswith("event:")) == "event: overview"
        begun = time.monotonic()
        stopping = threading.Thread(target=server.__exit__)
        stopping.start()
        with suppress(httpx.RemoteProtocolError):
            list(lines)
        stopping.join(10)
        assert time.monotonic() - begun < 5


def test_without_a_session_there_is_no_stream(server: ConsoleServer) -> None:
    assert httpx.get(f"{server.address}/api/v1/stream").status_code == 401
