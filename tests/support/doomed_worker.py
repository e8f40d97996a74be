"""A worker that kills itself at a step of its engine: `python -m tests.support.doomed_worker STEP FILE`.

It does so the first time it comes to the step while FILE exists.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from lead_qualifier.engine.fault_points import FaultPoint
from lead_qualifier.services.logs import configure_logs
from lead_qualifier.services.worker.run import Worker
from lead_qualifier.settings import load_settings


def main() -> None:
    doom, once = FaultPoint(sys.argv[1]), Path(sys.argv[2])

    def hook(step: FaultPoint) -> None:
        if step is doom and once.exists():
            os.kill(os.getpid(), signal.SIGKILL)

    settings = load_settings()
    configure_logs(settings.log_format)
    Worker(settings, settings.connection(), hook=hook).run()


if __name__ == "__main__":
    main()
