"""`python -m bench.embedded_store`: states of leads in an embedded store, compared with the dict that holds them now.

Neither rocksdict nor lmdb is a dependency: install the one to be measured.
"""

from __future__ import annotations

import argparse
import importlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from bench.restore import leads

LEADS = 1_000_000
_CYCLE = 1_000
"""Records of one transaction."""
_SAMPLES = 20_000
_SEED = 20260105

Pairs = Sequence[tuple[bytes, bytes]]


class Store(Protocol):
    """What a cycle needs: to read the states of some keys, and to write them together."""

    def read(self, keys: Sequence[bytes]) -> list[bytes | None]: ...

    def write(self, pairs: Pairs) -> None: ...

    def scan(self) -> Iterable[tuple[bytes, bytes]]: ...


class InMemory:
    """As workers do it."""

    def __init__(self, _folder: Path) -> None:
        self._states: dict[bytes, bytes] = {}

    def read(self, keys: Sequence[bytes]) -> list[bytes | None]:
        return [self._states.get(key) for key in keys]

    def write(self, pairs: Pairs) -> None:
        for key, value in pairs:
            self._states[key] = value

    def scan(self) -> Iterable[tuple[bytes, bytes]]:
        return self._states.items()


class Lmdb:
    """A B-tree in a mapped file. Nothing is flushed: the changelog is the truth."""

    def __init__(self, folder: Path) -> None:
        lmdb: Any = importlib.import_module("lmdb")
        self._env = lmdb.open(str(folder), map_size=1 << 38, sync=False, metasync=False)

    def read(self, keys: Sequence[bytes]) -> list[bytes | None]:
        with self._env.begin() as transaction:
            return [transaction.get(key) for key in keys]

    def write(self, pairs: Pairs) -> None:
        with self._env.begin(write=True) as transaction, transaction.cursor() as cursor:
            cursor.putmulti(pairs)

    def scan(self) -> Iterable[tuple[bytes, bytes]]:
        with self._env.begin() as transaction, transaction.cursor() as cursor:
            yield from cursor


class RocksDb:
    """A log-structured merge tree. Without a log of its own: the changelog is the truth."""

    def __init__(self, folder: Path) -> None:
        self._rocksdict: Any = importlib.import_module("rocksdict")
        self._db = self._rocksdict.Rdict(str(folder), self._rocksdict.Options(raw_mode=True))
        options = self._rocksdict.WriteOptions()
        options.disable_wal = True
        self._db.set_write_options(options)
        self._options = options

    def read(self, keys: Sequence[bytes]) -> list[bytes | None]:
        found: list[bytes | None] = self._db[list(keys)]
        return found

    def write(self, pairs: Pairs) -> None:
        batch = self._rocksdict.WriteBatch(raw_mode=True)
        for key, value in pairs:
            batch[key] = value
        self._db.write(batch, self._options)

    def scan(self) -> Iterable[tuple[bytes, bytes]]:
        items: Iterable[tuple[bytes, bytes]] = self._db.items()
        return items


STORES: dict[str, type[InMemory] | type[Lmdb] | type[RocksDb]] = {
    "dict": InMemory,
    "lmdb": Lmdb,
    "rocksdict": RocksDb,
}


class Measured(msgspec.Struct, frozen=True):
    """One store in a fresh process. Times are of CPU (all threads), in microseconds per lead.

    `anonymous` is memory that belongs to the process; `mapped` is of files, and can be taken back by the system.
    """

    fill: float
    cycle: float
    cycle_elapsed: float
    scan: float
    anonymous_bytes: float
    mapped_bytes: float
    disk_bytes: float


def measure(name: str, count: int) -> Measured:
    """Fill the store, then read and write random leads as cycles do, then go through all of them."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as folder:
        states = [value for _, value in leads(_SAMPLES)]
        chance = random.Random(_SEED)
        touched = [[_key(chance.randrange(count)) for _ in range(_CYCLE)] for _ in range(200)]
        before = _memory()
        store: Store = STORES[name](Path(folder))
        cpu = time.process_time()
        for numbers in _cycles(range(count)):
            store.write([(_key(number), bytes(bytearray(states[number % _SAMPLES]))) for number in numbers])
        fill = time.process_time() - cpu
        cpu, begun = time.process_time(), time.monotonic()
        for keys in touched:
            found = store.read(keys)
            store.write([(key, value[:-1] + b"}") for key, value in zip(keys, found, strict=True) if value])
        cycle, elapsed = time.process_time() - cpu, time.monotonic() - begun
        grown = [after - earlier for after, earlier in zip(_memory(), before, strict=True)]
        cpu = time.process_time()
        held = sum(1 for _ in store.scan())
        scan = time.process_time() - cpu
        if held != count:
            raise RuntimeError(f"{name} holds {held:,} leads instead of {count:,}")
        disk = sum(path.stat().st_blocks * 512 for path in Path(folder).rglob("*") if path.is_file())
        done = len(touched) * _CYCLE
        return Measured(
            fill=fill / count * 1e6,
            cycle=cycle / done * 1e6,
            cycle_elapsed=elapsed / done * 1e6,
            scan=scan / count * 1e6,
            anonymous_bytes=grown[0] / count,
            mapped_bytes=grown[1] / count,
            disk_bytes=disk / count,
        )


def main() -> int:
    """The exit code: 0 if every store held what it was given."""
    options = _options()
    if options.one is not None:
        sys.stdout.buffer.write(msgspec.json.encode(measure(options.one, options.leads)))
        return 0
    print(f"{options.leads:,} leads; cycles read and write {_CYCLE:,} random ones")
    print(
        f"{'store':10} {'fill µs':>8} {'cycle µs':>9} {'elapsed':>8} {'scan µs':>8} {'memory':>7} "
        f"{'mapped':>7} {'disk':>6}"
    )
    for _ in range(options.rounds):  # interleaved: what else runs meets all of them
        for name in options.stores:
            command = [sys.executable, "-m", "bench.embedded_store", "--leads", str(options.leads), "--one", name]
            done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
            one = msgspec.json.decode(done.stdout, type=Measured)
            print(
                f"{name:10} {one.fill:8.2f} {one.cycle:9.2f} {one.cycle_elapsed:8.2f} {one.scan:8.2f} "
                f"{one.anonymous_bytes:7.0f} {one.mapped_bytes:7.0f} {one.disk_bytes:6.0f}",
                flush=True,
            )
    return 0


def _key(number: int) -> bytes:
    return b"L-%09d" % number


def _cycles(numbers: range) -> Iterator[range]:
    for first in range(0, len(numbers), _CYCLE):
        yield numbers[first : first + _CYCLE]


def _memory() -> tuple[int, int]:
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    return int(lines["RssAnon"].split()[0]) * 1024, int(lines["RssFile"].split()[0]) * 1024


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.embedded_store", description=__doc__)
    parser.add_argument("--leads", type=int, default=LEADS, help=f"how many (default {LEADS:,})")
    parser.add_argument("--rounds", type=int, default=2, help="how often to measure each store (default 2)")
    parser.add_argument("--stores", nargs="+", choices=STORES, default=[*STORES], help="default: all")
    parser.add_argument("--one", choices=STORES, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
