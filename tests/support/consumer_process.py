"""A member of a consumer group in a process of its own, which a test may freeze: it takes down what it handles.

`python -m tests.support.consumer_process BOOTSTRAP PREFIX GROUP FILE`; its log goes to standard error.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import structlog

from lead_qualifier.consumer import Event, consume
from lead_qualifier.kafka.connection import Connection
from tests.support.subscriptions import SHORT_SESSION


def main(bootstrap: str, prefix: str, group: str, file: str) -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    with Path(file).open("a") as taken:

        def handle(event: Event) -> None:
            time.sleep(0.02)
            taken.write(json.dumps({"event_id": event.event_id, "at": time.time()}) + "\n")
            taken.flush()

        consume(
            Connection(bootstrap_servers=bootstrap),
            topics=["lead-qualified"],
            group=group,
            handler=handle,
            topic_prefix=prefix,
            concurrency=2,
            buffered=50,
            settings=SHORT_SESSION,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
