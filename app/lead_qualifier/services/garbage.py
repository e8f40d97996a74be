"""What Python's garbage collector is spared: it took a tenth of the time, and its walks made some events wait."""

from __future__ import annotations

import gc

#: Container objects in existence more than at the last look, before the youngest are looked at again (Python's own
#: number, 700, is a few dozen events); then every tenth look goes on to the older ones, as is Python's way.
_YOUNG = 50_000


def relieve_collector() -> None:
    """Call it when the program is loaded and wired, before it works.

    What exists by then stays, and is never walked again. What an event makes is dropped with its cycle and forms no
    rings, so that counting references frees it; state is held as bytes. Rings come from errors and from the event loop.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 10, 10)
