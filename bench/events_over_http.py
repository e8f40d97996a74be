"""`python -m bench.events_over_http`: events per second through the console's API, next to a producer of one's own.

Both wait for the broker after each batch.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec

from bench.on_kafka import Say, on_kafka
from bench.topics import Topics
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.producer import Producer
from lead_qualifier.messages.http_cloud_events import BATCH
from lead_qualifier.messages.topics import LEAD_SCORE_CHANGED
from tests.support.console_process import ConsoleProcess

PARTITIONS = 8
Send = Callable[[int], None]
"""Sends the batch with this number, and returns when the broker has it."""


def main() -> int:
    """The exit code: 0 if every event arrived."""
    options = _options()
    return on_kafka("events", lambda connection, folder, say: _run(connection, options, folder, say))


def _run(connection: Connection, options: argparse.Namespace, folder: Path, say: Say) -> int:
    prefix = f"events-{time.time_ns() % 10**9}."
    with Topics(connection, prefix, partitions=PARTITIONS):
        given = {"KAFKA_BOOTSTRAP_SERVERS": connection.bootstrap_servers, "LEAD_QUALIFIER_TOPIC_PREFIX": prefix}
        console = ConsoleProcess(given, folder)
        try:
            for _ in range(options.rounds):
                direct = _measure("producer", _producer(connection, prefix, options), options, say)
                http = _measure("HTTP", _client(console.client, options), options, say)
                say(f"HTTP has {http / direct:.0%} of the producer's throughput")
        finally:
            console.terminate()
    return 0


def _measure(name: str, send: Send, options: argparse.Namespace, say: Say) -> float:
    """Events per second."""
    send(0)
    begun = time.monotonic()
    with ThreadPoolExecutor(options.senders) as senders:
        list(senders.map(send, range(options.batches)))
    rate: float = options.batches * options.events / (time.monotonic() - begun)
    say(f"{name}: {rate:,.0f} events per second")
    return rate


def _producer(connection: Connection, prefix: str, options: argparse.Namespace) -> Send:
    topic = LEAD_SCORE_CHANGED.full_name(prefix)
    producer = Producer(connection, in_order=True, linger_ms=2)

    def send(batch: int) -> None:
        waiting = [options.events]

        def delivered(error: object) -> None:
            assert error is None
            waiting[0] -= 1

        for message in _messages(batch, options.events):
            value = msgspec.json.encode(message)
            producer.send(topic, message["lead_id"].encode(), value, delivered=delivered)
        while waiting[0]:
            producer.poll(0.01)

    return send


def _client(client: httpx.Client, options: argparse.Namespace) -> Send:
    def send(batch: int) -> None:
        events = [
            {
                "specversion": "1.0",
                "id": message["event_id"],
                "source": "/bench",
                "type": "lead-qualifier.lead-score-changed",
                "data": message,
            }
            for message in _messages(batch, options.events)
        ]
        answer = client.post("/api/v1/events", content=msgspec.json.encode(events), headers={"content-type": BATCH})
        assert answer.status_code == 202, answer.text

    return send


def _messages(batch: int, count: int) -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    return [
        {
            "event_id": f"e-{batch}-{number}",
            "lead_id": f"L-{(batch * count + number) % 100_000:07}",
            "scoring_model_id": "engagement",
            "score": number % 101,
            "occurred_at": now,
        }
        for number in range(count)
    ]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.events_over_http", description=__doc__)
    parser.add_argument("--batches", type=int, default=400)
    parser.add_argument("--events", type=int, default=500, help="in each batch")
    parser.add_argument("--senders", type=int, default=4, help="threads that send batches")
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
