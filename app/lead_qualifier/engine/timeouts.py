"""Calls that may never return, made in a thread which is left behind when one takes too long."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue


class CallTimeout(Exception):
    """The call goes on, perhaps for ever: what it uses must be given up."""


class Bounded:
    """Makes one call at a time. Used by one thread."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: SimpleQueue[Callable[[], object]] | None = None
        self._answers: SimpleQueue[BaseException | None] = SimpleQueue()

    def __call__(self, call: Callable[[], object], seconds: float) -> None:
        """Raises what the call raises, or NeverReturned after so many seconds."""
        if self._calls is None:
            self._calls, self._answers = SimpleQueue(), SimpleQueue()
            threading.Thread(target=_serve, args=(self._calls, self._answers), name=self._name, daemon=True).start()
        self._calls.put(call)
        try:
            error = self._answers.get(timeout=seconds)
        except Empty:
            self._calls = None
            raise CallTimeout(f"{self._name} has not returned for {seconds:.0f} s") from None
        if error is not None:
            raise error


def _serve(calls: SimpleQueue[Callable[[], object]], answers: SimpleQueue[BaseException | None]) -> None:
    while True:
        call = calls.get()
        try:
            call()
        except BaseException as error:  # noqa: BLE001  raised where the call was asked for
            answers.put(error)
        else:
            answers.put(None)
        del call
