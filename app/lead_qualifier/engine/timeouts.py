"""Calls that may never return, made in a thread which is left behind when one takes too long."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

from lead_qualifier.engine.errors import CallTimeout


class CallWithTimeout:
    """Makes one call at a time. Used by one thread."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: SimpleQueue[Callable[[], object]] | None = None
        self._results: SimpleQueue[BaseException | None] = SimpleQueue()

    def __call__(self, call: Callable[[], object], seconds: float) -> None:
        """Raises what the call raises, or CallTimeout after this many seconds."""
        if self._calls is None:
            self._calls, self._results = SimpleQueue(), SimpleQueue()
            threading.Thread(target=_serve, args=(self._calls, self._results), name=self._name, daemon=True).start()
        self._calls.put(call)
        try:
            error = self._results.get(timeout=seconds)
        except Empty:
            self._calls = None
            raise CallTimeout(f"{self._name} has not returned for {seconds:.0f} s") from None
        if error is not None:
            raise error


def _serve(calls: SimpleQueue[Callable[[], object]], results: SimpleQueue[BaseException | None]) -> None:
    while True:
        call = calls.get()
        try:
            call()
        except BaseException as error:  # noqa: BLE001  raised where the call was asked for
            results.put(error)
        else:
            results.put(None)
        del call
