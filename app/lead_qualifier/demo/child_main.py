"""Runs a module for as long as its parent lives: `python -m lead_qualifier.demo.child_main MODULE`.

The parent holds the other end of standard input. Its first line says with which arguments and environment to begin;
what takes time to import is imported before that comes. When the other end closes, however the parent ended, this
process is told to stop: nothing of the demo outlives it.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import signal
import sys
import threading

#: What a module needs that takes long to import.
_HEAVY = {
    "lead_qualifier": ("lead_qualifier.cli.worker", "lead_qualifier.services.worker.run"),
    "lead_qualifier.console": ("lead_qualifier.console.run",),
    "lead_qualifier.demo.producer": ("lead_qualifier.demo.producer",),
}


def main() -> None:
    """Become that module."""
    module = sys.argv[1]
    for name in _HEAVY.get(module, ()):
        importlib.import_module(name)
    line = sys.stdin.readline()
    if not line:
        return  # the parent has gone already
    order = json.loads(line)
    os.environ.update(order["environment"])
    sys.argv = [module, *order["arguments"]]
    threading.Thread(target=_stop_with_parent, name="parent", daemon=True).start()
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _stop_with_parent() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
