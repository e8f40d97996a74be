"""`python -m bench.restore`: how long a worker needs to bring back its leads, and how much memory each takes."""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from confluent_kafka import Producer

from bench.on_kafka import Say, on_kafka
from bench.topics import Topics
from lead_qualifier.engine import Application, Input, partition_of
from lead_qualifier.engine import checkpoint as positions
from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY, Checkpoint
from lead_qualifier.engine.inspection import inspect
from lead_qualifier.engine.partition import Partition
from lead_qualifier.engine.restoration import Restorer
from lead_qualifier.engine.state_verification import StateVerifier
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.messages.topics import LEAD_CHANGED, LEAD_DEAD_LETTERS, LEAD_SCORE_CHANGED, LEAD_STATE
from lead_qualifier.qualification.leads import Lead, Mark, Score
from lead_qualifier.services.worker.lead_processor import LeadProcessor, decode_lead, encode_lead
from lead_qualifier.settings import load_settings

LEADS = 1_000_000
PARTITIONS = 8
GROUP = "bench-restore"
_SEED = 20260105
_START = datetime(2026, 1, 5, 8, tzinfo=UTC)
_CHUNK = 20_000
#: So many leads are written twice, as it is before compaction, and so many of these are erased afterwards.
_REWRITTEN, _ERASED = 0.1, 0.01


class Restored(msgspec.Struct, frozen=True):
    """What was restored in a fresh process. `bytes_per_lead`: growth of its resident memory, all included."""

    leads: int
    seconds: float
    cpu_seconds: float
    bytes_per_lead: float
    peak_mib: float
    inspection_seconds: float
    """CPU time of looking through all of them for what cannot be read; it runs beside the work."""


def leads(count: int) -> Iterator[tuple[bytes, bytes]]:
    """Key and state of leads as they are in the middle of a working life, the same ones in every run."""
    chance = random.Random(_SEED)

    def moment() -> datetime:
        return _START + timedelta(milliseconds=chance.randrange(10**10))

    for number in range(count):
        lead = Lead(scores={"engagement": Score(float(chance.randrange(101)), moment())})
        if chance.random() < 0.7:
            lead.scores["demographic"] = Score(chance.uniform(0, 100), moment())
        if chance.random() < 0.5:
            lead.known, lead.changed_at = True, moment()
            lead.owner_id, lead.contact_id = f"U-{chance.randrange(200)}", f"C-{number:07}"
            lead.attributes = {"country": chance.choice(("DE", "AT", "CH")), "revenue": chance.randrange(10**7)}
        if chance.random() < 0.25:
            at = moment()
            lead.status_reason, lead.sales_ready = "marketing_qualified", True
            lead.marks = {"enterprise": Mark(1, 1, at, f"{chance.getrandbits(128):032x}")}
            lead.qualified_at, lead.qualified_flags = at, ("status_reason", "sales_ready")
        yield b"L-%07d" % number, encode_lead(lead)


def write(connection: Connection, prefix: str, count: int, *, partitions: int) -> dict[bytes, bytes]:
    """Fill lead-state as workers do, older states and erased leads in between; returns what must be restored."""
    producer = Producer(
        connection.confluent_producer(
            **{"linger.ms": 20, "compression.type": "lz4", "queue.buffering.max.messages": 500_000}
        )
    )
    chance = random.Random(_SEED)
    topic = LEAD_STATE.full_name(prefix)
    held: dict[bytes, bytes] = {}
    waiting: dict[int, list[dict[str, Any]]] = {number: [] for number in range(partitions)}

    def put(key: bytes, value: bytes | None) -> None:
        number = partition_of(key, partitions)
        waiting[number].append({"key": key, "value": value})
        if len(waiting[number]) >= _CHUNK:
            send(number)

    def send(number: int) -> None:
        if producer.produce_batch(topic, waiting[number], partition=number) != len(waiting[number]):
            raise RuntimeError("the local queue was full")
        waiting[number] = []
        if producer.flush(60):
            raise RuntimeError("the broker did not take the leads in 60 s")

    for key, value in leads(count):
        put(key, value)
        held[key] = value
        dice = chance.random()
        if dice < _ERASED:
            put(key, None)
            del held[key]
        elif dice < _REWRITTEN:
            put(key, value)
    for number in range(partitions):
        position = Checkpoint(GROUP, dict.fromkeys(_inputs(prefix), 0), clock=number)
        put_position = {"key": CHECKPOINT_KEY, "value": positions.encode(position)}
        waiting[number].append(put_position)
        send(number)
    return held


def restore(connection: Connection, prefix: str, *, partitions: int) -> list[Partition]:
    """All partitions, complete and with their positions, as the engine opens them."""
    application = _application(prefix, partitions)
    restorer = Restorer(connection)
    verifier = StateVerifier(connection.confluent(), group_id=GROUP)
    verifier.check_partition_counts([application])
    opened: list[Partition] = []

    def ready(done: list[Partition]) -> None:
        for partition, position in zip(done, verifier.verify(done), strict=True):
            partition.checkpoint = position
            opened.append(partition)

    all_of_them = [Partition(application, number) for number in range(partitions)]
    restorer.restore(all_of_them, ready=ready, abandoned=lambda: False)
    return opened


def measure(connection: Connection, prefix: str, *, partitions: int) -> Restored:
    """Restore in this process, which has done nothing else yet."""
    before = _resident_bytes()
    begun, cpu = time.monotonic(), time.process_time()
    opened = restore(connection, prefix, partitions=partitions)
    seconds, cpu_seconds = time.monotonic() - begun, time.process_time() - cpu
    held = sum(len(partition.store) for partition in opened)
    grown = _resident_bytes() - before
    inspected = time.thread_time()
    for partition in opened:
        list(inspect(partition))
        if partition.unreadable_count:
            raise RuntimeError(f"{partition.label} holds what cannot be read: {partition.unreadable}")
    return Restored(
        leads=held,
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        bytes_per_lead=grown / max(1, held),
        peak_mib=_peak_kib() / 1024,
        inspection_seconds=time.thread_time() - inspected,
    )


def main() -> int:
    """The exit code: 0 if all came back."""
    options = _options()
    if options.restore is not None:
        connection = load_settings().connection()
        sys.stdout.buffer.write(msgspec.json.encode(measure(connection, options.restore, partitions=PARTITIONS)))
        return 0
    return on_kafka("restore", lambda connection, _folder, say: _run(connection, options.leads, options.rounds, say))


def _run(connection: Connection, count: int, rounds: int, say: Say) -> int:
    prefix = f"restore-{time.time_ns() % 10**9}."
    with Topics(connection, prefix, partitions=PARTITIONS):
        begun = time.monotonic()
        held = write(connection, prefix, count, partitions=PARTITIONS)
        size = sum(len(key) + len(value) for key, value in held.items()) / max(1, len(held))
        say(
            f"{len(held):,} leads of {size:.0f} bytes (key and state) written in {time.monotonic() - begun:.0f} s, "
            f"with {count - len(held):,} erased ones and {_REWRITTEN - _ERASED:.0%} in an older state before"
        )
        for number in range(rounds):
            found = _fresh_process(connection, prefix)
            say(
                f"round {number + 1}: {found.leads:,} leads on {PARTITIONS} partitions restored in "
                f"{found.seconds:.1f} s ({found.cpu_seconds:.1f} s of CPU), "
                f"{found.bytes_per_lead:.0f} bytes of memory each, {found.peak_mib:,.0f} MiB at most; "
                f"{found.inspection_seconds:.1f} s of CPU to look through them"
            )
            if found.leads != len(held):
                say(f"{len(held):,} were expected")
                return 1
    return 0


def _fresh_process(connection: Connection, prefix: str) -> Restored:
    done = subprocess.run(
        [sys.executable, "-m", "bench.restore", "--restore", prefix],
        env={**os.environ, "KAFKA_BOOTSTRAP_SERVERS": connection.bootstrap_servers},
        stdout=subprocess.PIPE,
        check=True,
    )
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Restored)


def _application(prefix: str, partitions: int) -> Application:
    return Application(
        name="leads",
        inputs=tuple(Input(name) for name in _inputs(prefix)),
        changelog=LEAD_STATE.full_name(prefix),
        dead_letters=LEAD_DEAD_LETTERS.full_name(prefix),
        partitions=partitions,
        processor=LeadProcessor(topic_prefix=prefix, source="/bench", rules=lambda: None),
        encode_state=encode_lead,
        decode_state=decode_lead,
    )


def _inputs(prefix: str) -> tuple[str, ...]:
    return (LEAD_CHANGED.full_name(prefix), LEAD_SCORE_CHANGED.full_name(prefix))


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _peak_kib() -> int:
    import resource  # noqa: PLC0415  beside /proc: not on every system

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.restore", description=__doc__)
    parser.add_argument("--leads", type=int, default=LEADS, help=f"how many (default {LEADS:,})")
    parser.add_argument("--rounds", type=int, default=2, help="how often to restore them (default 2)")
    parser.add_argument("--restore", metavar="PREFIX", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
