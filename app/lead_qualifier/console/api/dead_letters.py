"""Dead letters: found, looked into, and sent back as the command line does."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Protocol, cast

from lead_qualifier.client.dead_letters import DeadLetter, Filter, ReplayPlan, ReplayStatus
from lead_qualifier.console.api.commands import broker_problems
from lead_qualifier.console.api.cursors import letter_cursor_of, letter_position_of, page_of
from lead_qualifier.console.api.dead_letter_forms import (
    Content,
    DeadLetterDetails,
    DeadLetterList,
    DeadLetterSummary,
    HeaderContent,
    SentBack,
    SentLetter,
    Status,
)
from lead_qualifier.console.api.dead_letter_values import ShownContent, as_text, shown_header, shown_value
from lead_qualifier.console.errors import ApiError
from lead_qualifier.console.read_model.dead_letters import DeadLetterReader, HeldLetter
from lead_qualifier.kafka.errors import TopicMissing
from lead_qualifier.messages.topics import Topic
from lead_qualifier.services.console_topology import CONSOLE

MOST_LETTERS = 200
SOURCES: Mapping[str, Topic] = MappingProxyType({one.name: one for one in CONSOLE.dead_letters})
"""The topics of dead letters, by their names without prefix."""

_ID = re.compile(r"([a-z-]{1,100}):([0-9]{1,9}):([0-9]{1,18})")


class DeadLetterNotFound(ApiError):
    """There is no such dead letter."""

    status = HTTPStatus.NOT_FOUND
    code = "dead_letter_not_found"

    def __init__(self) -> None:
        super().__init__("No dead letter with this id is held: it has expired, or its lead was erased.")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterQuery:
    """Which dead letters are looked for; None: any. `source`: the topic of dead letters, without prefix."""

    source: str | None = None
    topic: str | None = None
    """Where they came from, with or without the prefix."""
    reason: str | None = None
    """Text in the reason."""
    key: str | None = None


class Letters(Protocol):
    """The dead letters on one topic, as client.dead_letters.DeadLetters has them."""

    def find(self, wanted: Filter) -> Iterator[DeadLetter]:
        """Those that match."""

    def plan(self, letters: Iterable[DeadLetter], *, again: bool) -> ReplayPlan:
        """Which of them are to be sent."""

    def send_back(self, letters: Sequence[DeadLetter], sent: Callable[[DeadLetter], None]) -> list[tuple[str, str]]:
        """Send them; returns id and reason of those that did not arrive."""


class DeadLetterQueue:
    """What API and pages do with dead letters. Any thread may use it."""

    def __init__(self, reader: DeadLetterReader, letters: Callable[[Topic], Letters], *, topic_prefix: str) -> None:
        """`letters`: the dead letters on a topic, as they are in Kafka."""
        self._reader = reader
        self._letters = letters
        self._prefix = topic_prefix
        self._sending = threading.Lock()

    def search(self, query: DeadLetterQuery, *, cursor: str | None = None, limit: int = 50) -> DeadLetterList:
        """A page of dead letters, the newest first. Raises InvalidParameter."""
        wanted = Filter(topic=query.topic, reason=query.reason, key=query.key)
        source = None if query.source is None else self._prefix + query.source
        before = None if cursor is None else letter_position_of(cursor)
        found = self._reader.newest(wanted, source=source, before=before, limit=limit + 1)
        shown, more = page_of(found, limit, lambda one: letter_cursor_of(one.position))
        letters = [DeadLetterSummary(**self._summary(one)) for one in shown]
        return DeadLetterList(dead_letters=letters, next_cursor=more)

    def show(self, letter_id: str, *, reveal: bool) -> DeadLetterDetails:
        """One of them. `reveal`: with what it holds. Raises DeadLetterNotFound."""
        place = _place(letter_id)
        if place is None:
            raise DeadLetterNotFound
        held = self._reader.one(self._prefix + place[0], *place[1:])
        if held is None:
            raise DeadLetterNotFound
        letter = held.letter
        value = None if letter.value is None else shown_value(letter.value, masked=not reveal)
        return DeadLetterDetails(
            **self._summary(held),
            masked=not reveal,
            value=None if value is None else _content(value, held.size or 0),
            whole=held.is_whole,
            sendable=not letter.truncated,
            headers=[
                HeaderContent(
                    name=name,
                    content=None
                    if content is None
                    else _content(shown_header(name, content, masked=not reveal), len(content)),
                )
                for name, content in letter.headers
            ],
        )

    def send_back(self, ids: Sequence[str], *, again: bool) -> SentBack:
        """Send dead letters back to where they came from, each at most once unless `again`.

        Raises BrokerAway, BrokerRefused; some may have been sent then, and are left out the next time.
        """
        wanted: dict[str, set[str]] = {}
        for one in ids:
            if (place := _place(one)) is not None:
                wanted.setdefault(place[0], set()).add(f"{place[1]}:{place[2]}")
        became: dict[str, SentLetter] = {}
        with self._sending, broker_problems():  # else two people could send one twice
            for source, positions in wanted.items():
                became |= self._send(source, positions, again=again)
        return SentBack(
            dead_letters=[became.get(one, SentLetter(id=one, status="not_found")) for one in dict.fromkeys(ids)]
        )

    def _send(self, source: str, positions: Iterable[str], *, again: bool) -> dict[str, SentLetter]:
        letters = self._letters(SOURCES[source])
        try:
            found = list(letters.find(Filter(ids=frozenset(positions))))
        except TopicMissing:
            return {}
        plan = letters.plan(found, again=again)
        became = {
            f"{source}:{one.id}": SentLetter(id=f"{source}:{one.id}", status=cast("Status", status.value))
            for status, some in plan.items()
            if status is not ReplayStatus.PENDING
            for one in some
        }

        def sent(letter: DeadLetter) -> None:
            became[f"{source}:{letter.id}"] = SentLetter(id=f"{source}:{letter.id}", status="sent")

        for name, why in letters.send_back(plan[ReplayStatus.PENDING], sent):
            became[f"{source}:{name}"] = SentLetter(id=f"{source}:{name}", status="not_delivered", detail=why)
        return became

    def _summary(self, held: HeldLetter) -> dict[str, Any]:
        letter = held.letter
        key: dict[str, str] = {}
        if letter.key is not None:
            kind, text = as_text(letter.key)
            key["key" if kind == "text" else "key_base64"] = text
        return {
            "id": f"{held.source.removeprefix(self._prefix)}:{letter.id}",
            "at": letter.at,
            "topic": letter.topic,
            "topic_partition": letter.topic_partition,
            "topic_offset": letter.topic_offset,
            "reason": letter.reason,
            **key,
        }


def _content(shown: ShownContent, size: int) -> Content:
    return Content(kind=shown.kind, text=shown.text, size=size)


def _place(letter_id: str) -> tuple[str, int, int] | None:
    found = _ID.fullmatch(letter_id)
    if found is None or found[1] not in SOURCES or int(found[2]) >= 1 << 31:
        return None
    return found[1], int(found[2]), int(found[3])
