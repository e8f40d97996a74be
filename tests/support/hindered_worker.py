"""A worker that hangs at a step of its engine, by a clock that may be wrong:
`python -m tests.support.hindered_worker FOLDER [SECONDS_AHEAD]`.

It hangs while FOLDER has a file named after the step; the file's number says how often it passes the step before. A
sweep takes one bucket of keys at a time.
"""

from __future__ import annotations

import functools
import sys
import time
from collections import Counter
from pathlib import Path

from lead_qualifier.engine import Engine, known_keys
from lead_qualifier.engine.fault_points import FaultPoint
from lead_qualifier.services import process
from lead_qualifier.services.logs import configure_logs
from lead_qualifier.services.worker.run import Worker
from lead_qualifier.settings import load_settings


def main() -> None:
    folder, ahead = Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 0.0
    passed: Counter[FaultPoint] = Counter()

    def hook(step: FaultPoint) -> None:
        file = folder / step.value
        if file.exists() and passed[step] < int(file.read_text()):
            passed[step] += 1
            return
        while file.exists():
            time.sleep(0.05)

    # the process has no setting for a clock
    vars(process)["Engine"] = functools.partial(Engine, wall=lambda: time.time() + ahead)
    known_keys.SWEEP_SECONDS = 0.0
    settings = load_settings()
    configure_logs(settings.log_format)
    Worker(settings, settings.connection(), hook=hook).run()


if __name__ == "__main__":
    main()
