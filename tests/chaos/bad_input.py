"""Input that is unfit, or comes at a bad moment, beside the load: header names that are not UTF-8, states that grow too
large, times that cannot be, and leads that are erased while what qualified them is on its way.
"""

from __future__ import annotations

import contextlib
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from confluent_kafka import OFFSET_END, Consumer, KafkaException, TopicPartition

from tests.chaos.background_thread import BackgroundThread
from tests.chaos.cells import Cell
from tests.chaos.cluster import FLIGHT, Cluster
from tests.support import messages
from tests.support.messages import encode
from tests.support.raw_batches import RawRecord, Refused
from tests.support.workload import UNKNOWN_SCORING_MODEL

_PAUSE_SECONDS = 0.4
_NAMES = (b"x-\xff\xfe", b"\xc3", b"tr\xe4ce")
_IMPOSSIBLE = (
    "9999-12-31T23:59:59-23:00",
    "0001-01-01T00:00:00+14:00",
    "1969-12-31T23:59:59Z",
    "2201-01-01T00:00:00Z",
)
#: Two of these do not fit into one lead's state, one does.
_LARGE_CHARACTERS = 650_000


class BadInput:
    """`counts`: what was sent, by kind. The leads of its own that it needs belong to the cells that are given."""

    def __init__(self, cluster: Cluster, cells: Sequence[Cell], *, seed: int) -> None:
        self.counts: Counter[str] = Counter()
        self._cluster = cluster
        self._cells = cells
        self._seed = seed
        self._random = random.Random(f"bad_input {seed}")
        self._thread = BackgroundThread("bad_input", self._run)
        self._flights: dict[str, int] = {}
        self._number = 0
        self._states = Consumer(
            {
                "bootstrap.servers": cluster.bootstrap,
                "group.id": f"{cluster.prefix}bad_input",  # never joined
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                **cluster.CLIENT,
            }
        )

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> None:
        self._thread.end()
        self._states.close()

    def _run(self, ending: threading.Event) -> None:
        name = f"{self._cluster.prefix}lead-state"
        self._states.assign([TopicPartition(name, one, OFFSET_END) for one in range(self._cluster.partitions)])
        kinds: tuple[Callable[[], str], ...] = (self._bad_header, self._bad_time, self._flight, self._flight)
        self._oversize()
        while not ending.wait(_PAUSE_SECONDS):
            self._erase_those_who_have_arrived()
            with contextlib.suppress(OSError, KafkaException, Refused):  # the broker is away
                self.counts[self._random.choice(kinds)()] += 1

    def _lead(self, what: str) -> str:
        self._number += 1
        return f"{self._random.choice(self._cells).name}-{what}-{self._seed}-{self._number}"

    def _message(self, topic: str, **more: Any) -> RawRecord:
        lead, minutes = self._lead("unfit"), self._cells[0].workload.minutes
        message = {
            "lead-score-changed": lambda: messages.score(lead, UNKNOWN_SCORING_MODEL, 99, minutes),
            "lead-changed": lambda: messages.change(lead, minutes, sales_ready=True),
            "lead-merged": lambda: messages.merged(lead, f"{lead}-survivor", minutes),
            "lead-sales-response": lambda: messages.sales_response(lead, "rejected", minutes),
        }[topic]()
        return RawRecord(key=lead.encode(), value=encode(message | more))

    def _topic(self) -> str:
        return self._random.choice(("lead-score-changed", "lead-changed", "lead-merged", "lead-sales-response"))

    def _bad_header(self) -> str:
        topic = self._topic()
        sound = self._message(topic)
        record = RawRecord(key=sound.key, value=sound.value, headers=[(self._random.choice(_NAMES), b"1")])
        self._cluster.send_raw(topic, record)
        return "header names that are not UTF-8"

    def _bad_time(self) -> str:
        topic = self._topic()
        ahead = (datetime.now(UTC) + timedelta(hours=3)).isoformat()
        record = self._message(topic, occurred_at=self._random.choice((*_IMPOSSIBLE, ahead)))
        self._cluster.send_bytes(topic, record.key, record.value)
        return "times that cannot be"

    def _oversize(self) -> None:
        """One record makes the state too large: it alone is a dead letter, whatever else comes of the lead."""
        lead, minutes = self._lead("large"), self._cells[0].workload.minutes
        for name in ("first", "second", "third"):
            text = self._random.randbytes(_LARGE_CHARACTERS // 2).hex()
            change = messages.change(lead, minutes, attributes={name: text})
            self._cluster.send_bytes("lead-changed", lead.encode(), encode(change))
            for number in range(10):
                score = messages.score(lead, UNKNOWN_SCORING_MODEL, number, minutes + number)
                self._cluster.send_bytes("lead-score-changed", lead.encode(), encode(score))
        self.counts["states that would grow too large"] += 2

    def _flight(self) -> str:
        """Scores by which a lead qualifies; it is erased as soon as they are decided."""
        cell = self._random.choice(self._cells)
        self._number += 1
        lead = f"{cell.name}-{FLIGHT}-{self._seed}-{self._number}"
        names = cell.scoring_models()
        for name in names:
            score = messages.score(lead, name, 100, cell.workload.minutes)
            self._cluster.send_bytes("lead-score-changed", lead.encode(), encode(score))
        self._flights[lead] = len(names)
        return "leads to be erased in flight"

    def _erase_those_who_have_arrived(self) -> None:
        until = time.monotonic() + _PAUSE_SECONDS
        while time.monotonic() < until:
            for got in self._states.consume(500, 0.05):
                if got.error() is not None or got.value() is None:
                    continue
                lead = (got.key() or b"").decode(errors="replace")
                if lead in self._flights and len(json.loads(got.value() or b"{}")["scores"]) == self._flights[lead]:
                    del self._flights[lead]
                    self._cluster.send_bytes("lead-changed", lead.encode(), None)
                    self.counts["leads erased in flight"] += 1
