"""A producer that goes on in the background while workers come and go."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self

from tests.support.installation import Installation
from tests.support.messages import apply, command, feature, scoring_model
from tests.support.models import MODELS
from tests.support.workload import SCORING_MODELS, Workload

#: Settings of an installation under load: as users have it. A transaction for each few events, as other tests want it,
#: takes twice the CPU.
AS_USERS = {"commit_interval": "100"}


def publish_all(here: Installation) -> None:
    """Announce all scoring models as live, turn lead management on, and publish all models."""
    here.announce(*(scoring_model(name, "live") for name in SCORING_MODELS))
    here.order(feature("enable"))
    for definition in MODELS:
        here.order(apply(definition), command("publish", definition["id"]))


class Load:
    """Sends scores of a workload, and now and then a change, at a steady rate for the time of the `with`.

    No lead gets both in one such time: order between topics is not promised.
    """

    def __init__(self, here: Installation, workload: Workload, *, per_second: int, tick: float = 0.02) -> None:
        """`tick`: after how many seconds the next scores are sent, with one change."""
        self._here = here
        self._workload = workload
        self._per_second = per_second
        self._tick = tick
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        leads = workload.random.sample(workload.leads, len(workload.leads))
        self._scored, self._changed = leads[: len(leads) // 2], leads[len(leads) // 2 :]
        self.sent = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(30)

    def _run(self) -> None:
        tick = self._tick
        while not self._stop.is_set():
            began = time.monotonic()
            for key, value in self._workload.scores(int(self._per_second * tick), among=self._scored):
                self._here.send_bytes("lead-score-changed", key, value)
                self.sent += 1
            for key, value in self._workload.changes(1, among=self._changed):
                self._here.send_bytes("lead-changed", key, value)
                self.sent += 1
            self._stop.wait(max(0.0, tick - (time.monotonic() - began)))
