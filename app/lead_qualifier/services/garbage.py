"""Keeps Python's garbage collector from taking a tenth of the time, and from making some events wait."""

from __future__ import annotations

import gc

#: New container objects before the youngest generation is collected (Python's default, 700, is a few dozen events). As
#: by default, every tenth collection goes on to the older ones.
_YOUNG = 50_000


def relieve_collector() -> None:
    """Call it once, when the program is loaded and wired, before it works.

    What exists by then stays, and is never collected. What an event makes is dropped with its cycle and refers to
    itself nowhere, so that reference counting frees it; state is held as bytes. Reference cycles come from errors and
    from the event loop.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 10, 10)
