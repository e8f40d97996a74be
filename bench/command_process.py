"""Runs a command as a user calls it, and measures it: the start of the program included."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

import msgspec

from bench.restore import PARTITIONS
from lead_qualifier.kafka.connection import Connection


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command printed as JSON, and what it took. `peak_mib`: the most memory of any command so far."""

    found: dict[str, Any]
    seconds: float
    cpu_seconds: float
    peak_mib: float

    def __str__(self) -> str:
        return f"{self.seconds:.1f} s ({self.cpu_seconds:.1f} s of CPU, {self.peak_mib:,.0f} MiB at most)"


def run(connection: Connection, prefix: str, *arguments: str) -> Ran:
    """Run `lead-qualifier` with these arguments and `--json` on the installation of a prefix."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "lead_qualifier", *arguments, "--json"],
        env={
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": connection.bootstrap_servers,
            "LEAD_QUALIFIER_TOPIC_PREFIX": prefix,
            "LEAD_QUALIFIER_PARTITIONS": str(PARTITIONS),
        },
        stdout=subprocess.PIPE,
        check=True,
    )
    seconds, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Ran(msgspec.json.decode(done.stdout), seconds, cpu, after.ru_maxrss / 1024)
