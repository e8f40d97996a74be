"""The load of a phase: a thread that streams scores and changes of some cells, and changes models in another."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from typing import Any

from tests.chaos.background_thread import BackgroundThread
from tests.chaos.cells import Cell
from tests.chaos.cluster import Cluster
from tests.support.messages import encode

_TICK_SECONDS = 0.05


class ChaosLoad:
    """`skew`: by how many minutes upstream clocks go wrong now."""

    def __init__(
        self,
        cluster: Cluster,
        streaming: Sequence[Cell],
        commands: Sequence[dict[str, Any]],
        *,
        seed: int,
        per_second: int,
    ) -> None:
        """`commands` are given in their order, at times of the first twenty seconds."""
        self._cluster = cluster
        self._streaming = streaming
        self._per_second = per_second
        self._random = random.Random(seed)
        times = sorted(self._random.uniform(0, 20) for _ in commands)
        self._commands = list(zip(times, commands, strict=True))
        self._thread = BackgroundThread("load", self._run)
        self._extra = 0
        self.skew = 0.0

    def start(self) -> None:
        self._thread.start()

    def burst(self, count: int) -> None:
        """So many records more, at once."""
        self._extra += count

    def finish(self) -> None:
        """What is left of the commands, then no more."""
        self._thread.end()
        while self._commands:
            self._order(self._commands.pop(0)[1])

    def _run(self, ending: threading.Event) -> None:
        began = time.monotonic()
        while not ending.is_set():
            tick = time.monotonic()
            self._send(self._due())
            while self._commands and tick - began >= self._commands[0][0]:
                self._order(self._commands.pop(0)[1])
            ending.wait(max(0.0, _TICK_SECONDS - (time.monotonic() - tick)))

    def _due(self) -> int:
        extra, self._extra = self._extra, 0
        return int(self._per_second * _TICK_SECONDS) + extra

    def _send(self, count: int) -> None:
        share = -(-count // len(self._streaming))
        for cell in self._streaming:
            for topic, key, value in cell.stream(share, skew=self.skew):
                self._cluster.send_bytes(topic, key, value)

    def _order(self, command: dict[str, Any]) -> None:
        self._cluster.send_bytes("qualification-commands", command["qualification_model_id"].encode(), encode(command))
