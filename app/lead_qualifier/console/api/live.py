"""What is new, for everybody who follows the overview: the projection is read once for all of them."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from lead_qualifier.console.api.overview import Looked, Overviews, overview_of
from lead_qualifier.console.api.qualifications import qualifications_of
from lead_qualifier.console.api.stream_places import StreamPlaces
from lead_qualifier.console.languages import Language
from lead_qualifier.console.read_model.qualification_reader import HeldQualification, QualificationReader
from lead_qualifier.console.read_model.standing import Phase, Standing
from lead_qualifier.kafka.records import PartitionId

log = structlog.get_logger(__name__)

EVENT_STREAM = "text/event-stream"
MOST_NEW = 200
#: How far a stream may fall behind without missing what is new.
_MOST_UPDATES = 30
_TICK_SECONDS = 2.0
#: Proxies and browsers give up connections on which nothing comes.
_HEARTBEAT_SECONDS = 15.0
#: Browsers connect again after that, and the session is checked again.
_LONGEST_SECONDS = 600.0
_RETRY = "retry: 3000\n\n"
_HEARTBEAT = ": nothing new\n\n"


@dataclass(frozen=True, slots=True)
class _Update:
    """What a look found. `messages`: by language, what streams send about `new` and of the overview."""

    number: int
    looked: Looked
    new: tuple[HeldQualification, ...]
    """The oldest first."""
    messages: dict[str, tuple[str, str]] = field(default_factory=dict)


class LiveUpdates:
    """Streams of server-sent events. All of it runs in one event loop, except the reading."""

    def __init__(
        self,
        overviews: Overviews,
        qualifications: QualificationReader,
        standing: Callable[[], Standing],
        *,
        tick: float = _TICK_SECONDS,
        heartbeat: float = _HEARTBEAT_SECONDS,
        longest: float = _LONGEST_SECONDS,
    ) -> None:
        """`tick`, `heartbeat` and `longest`: seconds between looks, of silence, and of a stream."""
        self.places = StreamPlaces()
        self._overviews = overviews
        self._qualifications = qualifications
        self._standing = standing
        self._tick, self._heartbeat, self._longest = tick, heartbeat, longest
        self._streams = self._count = 0
        self._closed = False
        self._looking: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._updates: deque[_Update] = deque(maxlen=_MOST_UPDATES)
        self._seen: tuple[Mapping[PartitionId, int], Standing] | None = None

    def close(self) -> None:
        """End all streams."""
        self._closed = True
        self._notify()
        if self._looking is not None:
            self._looking.cancel()

    async def messages(self, language: Language) -> AsyncGenerator[str, None]:
        """What one stream sends, until it has lasted long enough or all are closed."""
        ends = time.monotonic() + self._longest
        number = 0
        self._streams += 1
        try:
            if self._looking is None or self._looking.done():
                self._seen = None  # nobody has looked for a while
                self._updates.clear()
                self._looking = asyncio.create_task(self._look_on())
            yield _RETRY
            while not self._closed and (left := ends - time.monotonic()) > 0:
                changed = self._changed
                if self._updates and self._updates[-1].number > number:
                    message, number = self._since(number, language), self._updates[-1].number
                    yield message  # which takes as long as the client does
                    continue
                try:
                    await asyncio.wait_for(changed.wait(), min(self._heartbeat, left))
                except TimeoutError:
                    yield _HEARTBEAT
        finally:
            self._streams -= 1

    async def _look_on(self) -> None:
        """Look, and let the streams know, as long as there are any."""
        while self._streams and not self._closed:
            with suppress(SQLAlchemyError):  # the database is away: what follows Kafka says so, and looks again
                update = await asyncio.to_thread(self._look)
                if update is not None:
                    self._updates.append(update)
                    self._notify()
            await asyncio.sleep(self._tick)

    def _look(self) -> _Update | None:
        """What has changed since the last look; None if nothing has."""
        standing = self._standing()
        then = {} if self._seen is None else self._seen[0]
        news = self._qualifications.news(then, limit=MOST_NEW)
        seen = (news.positions, standing)
        if seen == self._seen and not self._overviews.owes_announcement:
            return None
        looked = self._overviews.look(again=True)
        self._seen = seen
        self._count += 1
        new = news.qualifications if standing.phase is Phase.FOLLOWING else []
        return _Update(self._count, looked, tuple(reversed(new)))

    def _since(self, number: int, language: Language) -> str:
        """What a stream sends that has sent the updates up to this number; 0: none yet."""
        missed = [one for one in self._updates if one.number > number] if number else []
        newest = _messages_of(self._updates[-1], language)[1]
        return "".join([*(_messages_of(one, language)[0] for one in missed), newest])

    def _notify(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def _messages_of(update: _Update, language: Language) -> tuple[str, str]:
    """All streams of a language send the same."""
    if language.code not in update.messages:
        looked, wording = update.looked, language.wording
        new = "".join(_event("qualified", one) for one in qualifications_of(update.new, looked.rulebook, wording))
        update.messages[language.code] = new, _event("overview", overview_of(looked, wording))
    return update.messages[language.code]


def _event(name: str, data: BaseModel) -> str:
    return f"event: {name}\ndata: {data.model_dump_json(exclude_none=True)}\n\n"
