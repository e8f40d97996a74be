"""The demo's scoring engines and CRM, which send events from a process of their own."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from confluent_kafka import KafkaError, KafkaException

from lead_qualifier.demo import simulated_world as worlds
from lead_qualifier.kafka.producer import Producer
from lead_qualifier.settings import load_settings

_TELL_SECONDS = 0.25
_KEEP_SECONDS = 2.0
_HEAD_START = 600
"""Records sent at once in a new world, so that there are leads to look at."""


def main() -> int:
    """Send until told to stop, or `--events` records. Standard output tells how many it has sent, a line each time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world", type=Path, required=True, help="file that keeps the world between two runs")
    parser.add_argument("--rate", type=float, required=True, help="records a second; 0: as fast as possible")
    parser.add_argument("--events", type=int, help="how many to send; without it: until stopped")
    options = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return Sender(options.world, stop).run(options.rate, options.events)


class Sender:
    """Sends a world's records at a pace."""

    def __init__(self, file: Path, stop: threading.Event) -> None:
        settings = load_settings()
        self._prefix = settings.topic_prefix
        # In order, which begins sooner than an idempotent producer.
        self._producer = Producer(settings.connection(), in_order=True, linger_ms=5)
        self._file = file
        self._world = worlds.load(file)
        self._stop = stop
        self._sent = 0
        self._failed = 0

    def run(self, rate: float, events: int | None) -> int:
        """The exit code: 1 if records were not delivered."""
        ahead = _HEAD_START if self._world.sent == 0 else 0
        begun = time.monotonic()
        tell_at = keep_at = begun
        while not self._stop.is_set() and (events is None or self._sent < events):
            due = events if rate == 0 else ahead + int((time.monotonic() - begun) * rate)
            while self._sent < (due if due is not None else self._sent + 1000) and self._sent != events:
                self._send()
                if self._sent % 1000 == 0 and self._stop.is_set():
                    break
            self._producer.poll(0)
            now = time.monotonic()
            if now >= tell_at:
                tell_at = now + _TELL_SECONDS
                self._tell()
            if now >= keep_at:
                keep_at = now + _KEEP_SECONDS
                self._keep()
            self._stop.wait(0.02 if rate else 0)
        self._keep()
        self._tell()
        return 1 if self._failed else 0

    def _send(self) -> None:
        record = self._world.next(datetime.now(UTC))
        self._producer.send(
            self._prefix + record.topic,
            record.key,
            record.value,
            headers=record.headers,
            delivered=self._delivered,
        )
        self._sent += 1

    def _keep(self) -> None:
        """Keep the world once all it has sent is certain: after a crash it repeats itself, and leaves nothing out."""
        try:
            self._producer.flush(10)
        except KafkaException as error:
            self._failed += 1
            sys.stderr.write(f"not delivered: {error.args[0].str()}\n")
        worlds.keep(self._world, self._file)

    def _tell(self) -> None:
        sys.stdout.write(f"{self._sent}\n")
        sys.stdout.flush()

    def _delivered(self, error: KafkaError | None) -> None:
        if error is not None:
            self._failed += 1
            sys.stderr.write(f"not delivered: {error.str()}\n")


if __name__ == "__main__":
    sys.exit(main())
