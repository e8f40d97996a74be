"""Answers for sales that this process has sent recently, which the projection may not show yet."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from lead_qualifier.console.api.sales_forms import SalesAnswered

_MOST = 1_000


@dataclass(slots=True)
class RecentAnswer:
    """`tried`: may have reached the broker; `sent`: has reached it."""

    tried: SalesAnswered | None = None
    sent: SalesAnswered | None = None
    alone: threading.Lock = field(default_factory=threading.Lock)


class RecentAnswers:
    """By lead and id of the event. Any thread may use it."""

    def __init__(self) -> None:
        self._looking = threading.Lock()
        self._answers: OrderedDict[tuple[str, str], RecentAnswer] = OrderedDict()

    @contextmanager
    def alone(self, lead_id: str, event_id: str) -> Iterator[RecentAnswer]:
        """What is known about this answer. Other threads with the same answer wait."""
        with self._looking:
            answer = self._answers.setdefault((lead_id, event_id), RecentAnswer())
            self._answers.move_to_end((lead_id, event_id))
            if len(self._answers) > _MOST:
                self._answers.popitem(last=False)
        with answer.alone:
            yield answer
