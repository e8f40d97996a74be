"""The worker as it is, with a meter at its engine's steps: `python -m bench.worker_process EXPECTED_EVENTS`."""

from __future__ import annotations

import sys

from bench.meter import Meter
from lead_qualifier.engine import FaultPoint
from lead_qualifier.messages.topics import LEAD_CHANGED, LEAD_SCORE_CHANGED
from lead_qualifier.services.logs import configure_logs
from lead_qualifier.services.worker.run import Worker
from lead_qualifier.settings import load_settings


def main() -> None:
    settings = load_settings()
    configure_logs(settings.log_format)
    meter = Meter(int(sys.argv[1]))
    inputs = {topic.full_name(settings.topic_prefix) for topic in (LEAD_SCORE_CHANGED, LEAD_CHANGED)}

    def hook(step: FaultPoint) -> None:
        if step is FaultPoint.OPEN_DONE:
            meter.ready()
        elif step is FaultPoint.CYCLE_APPLIED:
            positions = [p.checkpoint for p in worker.engine.open_partitions() if p.checkpoint is not None]
            meter.decided(sum(offset for p in positions for topic, offset in p.next.items() if topic in inputs))

    worker = Worker(settings, settings.connection(), hook=hook)
    worker.run()


if __name__ == "__main__":
    main()
