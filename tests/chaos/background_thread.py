"""A thread that works in the background of a run, and whose failure fails the run."""

from __future__ import annotations

import threading
from collections.abc import Callable


class BackgroundThread:
    """`do` is given the event that asks it to end. Whatever it raises is raised by `end`, where the run can see it."""

    def __init__(self, name: str, do: Callable[[threading.Event], None]) -> None:
        self._do = do
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name)
        self._error: Exception | None = None

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._ending.set()
        self._thread.join(120)
        assert not self._thread.is_alive(), f"{self._thread.name} does not end"
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._do(self._ending)
        except Exception as error:  # noqa: BLE001  raised again by `end`
            self._error = error
