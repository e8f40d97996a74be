"""How many streams of events are open at once, in all and of each person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from lead_qualifier.console.api.errors import TooManyStreams, TooManyStreamsOfPerson

MOST_STREAMS = 200
MOST_OF_PERSON = 10


class StreamPlaces:
    """All of it runs in one event loop. Each process counts on its own."""

    def __init__(self, *, most: int = MOST_STREAMS) -> None:
        """`most`: streams, in all."""
        self._most = most
        self._taken: Counter[str] = Counter()

    @contextmanager
    def taken_by(self, subject: str) -> Iterator[None]:
        """Around a stream of a person. Raises TooManyStreamsOfPerson, TooManyStreams if there is no place for it."""
        if self._taken[subject] >= MOST_OF_PERSON:
            raise TooManyStreamsOfPerson(MOST_OF_PERSON)
        if self._taken.total() >= self._most:
            raise TooManyStreams
        self._taken[subject] += 1
        try:
            yield
        finally:
            self._taken[subject] -= 1
            self._taken += Counter()  # forgets who has none
