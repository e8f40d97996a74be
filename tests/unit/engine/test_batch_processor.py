"""What a cycle takes on, and whom it blames: nothing suffers for what shares its cycle."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lead_qualifier.engine import Application, ProcessorContext, Record
from lead_qualifier.engine.batch_processor import ATTEMPTS
from lead_qualifier.engine.checkpoint import Checkpoint
from lead_qualifier.engine.clock import Clock, Stamp
from lead_qualifier.engine.fetch_buffer import Batch, FetchBuffer
from lead_qualifier.engine.partition import Partition, PartitionResult
from lead_qualifier.engine.timers import Timer, Timers
from tests.unit.engine.doubles import CycleHarness, StubProcessor, application


@dataclass
class Notes(StubProcessor):
    """A key's state is a dict: a record sets fields of it, and emits itself."""

    seen: list[int] = field(default_factory=list)
    derived: int = 0
    fails_on: frozenset[int] = frozenset()
    sweeps: int = 0
    keeps_due: bool = False

    def process(self, record: Any, context: ProcessorContext) -> None:
        self.seen.append(record.offset)
        state = context.get(record.key) or {}
        state.update(json.loads(record.value))
        context.counts["processed"] += 1
        context.emit("out", record.key, b"%d" % record.offset, [])
        context.put(record.key, state)
        if record.offset in self.fails_on:
            state["half"] = "done"
            raise RuntimeError("a fault of ours")

    def on_timer(self, key: bytes, context: ProcessorContext) -> None:
        context.emit("out", key, b"due", [])
        context.put(key, {})

    def timers(self, entries: Mapping[bytes, bytes]) -> Iterable[Timer]:
        return [(json.loads(value)["due"], key) for key, value in entries.items() if b'"due"' in value]

    def sweep_pending(self, swept: int) -> bool:
        return self.sweeps > swept

    def sweep(self, key: bytes, context: ProcessorContext, swept: int) -> None:
        context.emit("out", key, b"swept", [])
        context.put(key, {"swept": True, **({"due": 5} if self.keeps_due else {})})

    def begin(self) -> int:
        return self.sweeps

    def rolled_back(self, context: ProcessorContext) -> None:
        self.derived += 1


class RefusingBroker:
    """Runs cycles over one partition, and refuses to write certain keys."""

    def __init__(
        self, processor: Notes, *, limit: int = 10_000, entries: Mapping[bytes, bytes] | None = None, **options: Any
    ):
        self.processor = processor
        app: Application = replace(application(limit=limit), processor=processor)
        self.partition = Partition(app, 3, store=dict(entries or {}), checkpoint=Checkpoint("g", {"in": 0}))
        self.partition.timers = Timers(processor.timers(self.partition.store))
        self.fetch_buffer = FetchBuffer(max_queued_records=100_000)
        self.progress = 0
        self.cycle_parts = CycleHarness(self.fetch_buffer, progress=self._progressed, **options)
        self.fetch_buffer.open({("in", 3): 0})
        self.end = 0
        self.log: list[Record] = []
        self.written: list[tuple[bytes | None, bytes | None]] = []
        self.letters: dict[int, str] = {}
        self.refused_keys: set[bytes] = set()
        self.faults = 0

    def _progressed(self) -> None:
        self.progress += 1

    def send(self, *records: tuple[bytes, dict[str, Any]]) -> None:
        for key, value in records:
            self.log.append(Record("in", 3, len(self.log), 0, key, json.dumps(value).encode(), ()))
        self._fetch(self.end)

    def _fetch(self, start: int) -> None:
        at = self.fetch_buffer.next_offset(("in", 3))
        assert at is not None
        self.end = len(self.log)
        assert self.fetch_buffer.accept(Batch("in", 3, at[0], start, self.end, self.log[start:]))

    def cycle(self) -> list[PartitionResult]:
        """One cycle as the engine runs it."""
        tasks = self.cycle_parts.select(self.partition)
        if not tasks:
            return []
        results = self.cycle_parts.process(tasks)
        refused = any(output.key in self.refused_keys for done in results for output in done.context.outputs)
        position = self.partition.checkpoint
        assert position is not None
        if refused:
            self.faults += 1
            self.cycle_parts.isolation.refused(results, "INVALID_RECORD", repeated=self.faults >= ATTEMPTS)
            at = position.next["in"]
            self.fetch_buffer.open({("in", 3): at})
            self.partition.timers = Timers(self.processor.timers(self.partition.store))
            self.partition.buckets = None
            if at < self.end:
                self._fetch(at)
            return []
        self.faults = 0
        for done in results:
            self.partition.apply(done.changes)
            processed = [key for key in done.known.due if key not in done.known.failed]
            following = self.partition.following_timers(processed, done.task.now_ms)
            self.partition.timers.done(done.known.due, following)
            self.partition.timers.add(done.context.timers)
            self.partition.checkpoint = done.checkpoint
            self.written += [(output.key, output.value) for output in done.context.outputs]
            self.letters |= {one.record.offset: one.reason for one in done.context.dead_letters}
        self.cycle_parts.committed(results)
        return results

    def run(self, cycles: int = 200) -> None:
        for _ in range(cycles):
            self.cycle()

    @property
    def processed(self) -> int:
        position = self.partition.checkpoint
        assert position is not None
        return position.next["in"]

    def state(self, key: bytes) -> Any:
        return json.loads(self.partition.store[key])


def test_a_record_that_makes_a_state_too_large_is_a_dead_letter() -> None:
    broker = RefusingBroker(Notes(), limit=10_000)
    broker.send((b"k", {"first": "x" * 6000}))
    broker.run(1)
    before = len(broker.processor.seen)
    broker.send((b"k", {"second": "x" * 6000}), *((b"k", {"score": n}) for n in range(50)), (b"other", {"a": 1}))
    (done,) = broker.cycle()
    assert set(broker.letters) == {1}
    assert "bytes in state, which takes 10000" in broker.letters[1]
    assert broker.state(b"k") == {"first": "x" * 6000, "score": 49}
    assert broker.state(b"other") == {"a": 1}
    assert [value for key, value in broker.written if key == b"k"] == [b"0", *(b"%d" % n for n in range(2, 52))]
    assert done.context.counts["processed"] == 51
    assert len(broker.processor.seen) - before <= 2 * 52


def test_many_too_large_states_cost_two_passes_over_the_records() -> None:
    broker = RefusingBroker(Notes(), limit=2_000)
    broker.send(
        *((b"k%d" % (n % 100), {"large" if n % 3 else "a": "x" * (1900 if n % 3 else 1)}) for n in range(3000)),
    )
    while broker.processed < 3000:
        assert broker.cycle()
    assert set(broker.letters) == {offset for offset in range(3000) if offset % 3}
    assert len(broker.processor.seen) <= 6000 + 64
    assert broker.progress > 3000


def test_a_too_large_state_is_rejected_whatever_shares_its_cycle() -> None:
    for at_once in (1, 100):
        broker = RefusingBroker(Notes(), limit=10_000, max_records=at_once)
        broker.send((b"k", {"a": "x" * 8000}), (b"k", {"b": "x" * 8000}), (b"k", {"a": ""}), (b"k", {"b": "y"}))
        broker.run(4)
        assert set(broker.letters) == {1}
        assert broker.state(b"k") == {"a": "", "b": "y"}


def test_records_that_fail_leave_nothing_behind() -> None:
    bad = frozenset(range(0, 40, 2))
    broker = RefusingBroker(Notes(fails_on=bad))
    broker.send(*((b"k%d" % (n % 7), {"n": n}) for n in range(40)))
    broker.run(1)
    assert set(broker.letters) == bad
    assert "a fault of ours" in broker.letters[0]
    assert len(broker.processor.seen) <= 40 + ATTEMPTS * len(bad) + 20
    assert all("half" not in broker.state(b"k%d" % n) for n in range(7))
    assert len(broker.written) == 20
    assert broker.processor.derived == ATTEMPTS * len(bad), "whoever derives something is told"


def test_a_cycle_takes_so_many_bytes_or_one_larger_record() -> None:
    broker = RefusingBroker(Notes(), limit=1_000_000, max_bytes=10_000)
    broker.send(*((b"k", {"a": "x" * size}) for size in (3000, 3000, 3000, 3000, 30_000, 10)))
    offsets = []
    while broker.cycle():
        offsets.append(broker.processed)
    assert offsets == [3, 4, 5, 6]
    assert broker.letters == {}


def test_a_cycle_ends_when_it_has_read_many_bytes_of_states() -> None:
    entries = {b"k%d" % n: json.dumps({"held": "x" * 10_000}).encode() for n in range(500)}
    broker = RefusingBroker(Notes(), limit=1_000_000, entries=entries, max_bytes=1_000_000)
    broker.send(*((b"k%d" % n, {"n": n}) for n in range(500)))
    (first,) = broker.cycle()
    assert 64 <= first.records <= 192
    assert broker.processed == first.records
    assert first.context.record_counts["in"] == first.records
    broker.run(10)
    assert broker.processed == 500
    assert [value for _, value in broker.written] == [b"%d" % n for n in range(500)]


def test_cycles_shrink_after_failed_transactions_and_grow_again() -> None:
    broker = RefusingBroker(Notes(), max_records=1000)
    broker.send(*((b"k", {"n": n}) for n in range(3000)))
    for _ in range(3):
        broker.cycle_parts.size.shrink()
    counts = []
    while results := broker.cycle():
        counts.append(results[0].records)
    assert counts == [125, 250, 500, 1000, 1000, 125]


def test_a_record_whose_results_are_refused_is_isolated() -> None:
    broker = RefusingBroker(Notes(), max_records=1000)
    broker.send(*((b"k%d" % n, {"n": n}) for n in range(1000)))
    broker.refused_keys = {b"k700"}
    cycles = 0
    while broker.processed < 1000:
        broker.cycle()
        cycles += 1
    assert set(broker.letters) == {700}
    assert "the broker refused" in broker.letters[700]
    assert cycles < 60
    broker.send(*((b"k%d" % n, {"n": n}) for n in range(2000)))
    broker.run()
    broker.send(*((b"k%d" % n, {"n": n}) for n in range(500)))
    (done,) = broker.cycle()
    assert (done.records, done.task.isolation_limit) == (500, None)


def test_a_search_ends_when_what_was_refused_no_longer_is() -> None:
    broker = RefusingBroker(Notes(), max_records=1000)
    broker.send(*((b"k%d" % n, {"n": n}) for n in range(1000)))
    broker.refused_keys = {b"k3"}
    while not (tasks := broker.cycle_parts.select(broker.partition)) or tasks[0].isolation_limit != 1:
        broker.fetch_buffer.give_back(tasks[0].batches)
        broker.cycle()
    broker.fetch_buffer.give_back(tasks[0].batches)
    broker.refused_keys = set()
    sizes = []
    while results := broker.cycle():
        sizes.append(results[0].records)
    assert sizes[:5] == [1, 2, 4, 8, 16]
    assert len(sizes) < 15
    assert broker.letters == {}


def test_a_few_records_now_and_then_end_a_search_as_well() -> None:
    broker = RefusingBroker(Notes(), max_records=50)
    broker.send((b"bad", {"n": 0}))
    broker.refused_keys = {b"bad"}
    broker.run(5)
    assert set(broker.letters) == {0}
    for n in range(100):
        broker.send((b"k", {"n": n}))
        broker.run(1)
    broker.send((b"k", {}))
    assert broker.cycle_parts.select(broker.partition)[0].isolation_limit is None


def test_a_timer_whose_output_is_refused_blames_its_key_only() -> None:
    entries = {b"bad": b'{"due": 5}', b"good": b'{"due": 5}'}
    broker = RefusingBroker(Notes(), entries=entries)
    broker.refused_keys = {b"bad"}
    for n in range(100):
        broker.send((b"k%d" % n, {"n": n}))
        broker.cycle()
    broker.run(60)
    assert broker.letters == {}
    assert broker.processed == 100
    assert (b"good", b"due") in broker.written
    assert broker.state(b"bad") == {"due": 5}, "it is tried again later"
    assert broker.cycle() == []


def test_a_sweep_whose_output_is_refused_leaves_out_its_key_only() -> None:
    entries = {b"k%d" % n: b"{}" for n in range(400)}
    broker = RefusingBroker(Notes(sweeps=1), entries=entries)
    broker.refused_keys = {b"k77"}
    broker.send(*((b"new%d" % n, {"n": n}) for n in range(100)))
    broker.run(2000)
    assert broker.letters == {}
    assert broker.processed == 100
    assert broker.partition.checkpoint is not None
    assert broker.partition.checkpoint.swept == 1
    swept = [key for key, value in broker.written if value == b"swept" and key is not None and key.startswith(b"k")]
    assert sorted(swept) == sorted(key for key in entries if key != b"k77"), "each once"


def test_records_wait_for_a_timer_that_had_no_room() -> None:
    keys = [b"k%04d" % i for i in range(3_000)]  # more than one cycle looks at
    broker = RefusingBroker(Notes(), entries=dict.fromkeys(keys, b'{"due": 5}'))
    broker.send((keys[-1], {"late": 1}), (keys[0], {"early": 1}))
    broker.run(4)
    assert broker.written[:3_000] == [(key, b"due") for key in keys]
    assert broker.written[3_000:] == [(keys[-1], b"0"), (keys[0], b"1")]


def test_records_wait_for_a_timer_when_cycles_are_small() -> None:
    keys = [b"k%04d" % i for i in range(40)]
    broker = RefusingBroker(Notes(), limit=1_000_000, entries=dict.fromkeys(keys, b'{"due": 5}'), max_bytes=1_024 * 100)
    for _ in range(20):
        broker.cycle_parts.size.shrink()
    broker.send((keys[-1], {"late": 1}))
    broker.run()
    assert broker.written == [*((key, b"due") for key in keys), (keys[-1], b"0")]


def test_records_wait_for_a_timer_of_a_key_just_swept() -> None:
    broker = RefusingBroker(Notes(sweeps=1), entries={b"k": b'{"due": 5}'})
    broker.processor.keeps_due = True
    broker.send((b"k", {"late": 1}))
    broker.run(3)
    assert broker.written == [(b"k", b"swept"), (b"k", b"due"), (b"k", b"0")]


def test_a_clock_ahead_of_the_broker_is_put_back() -> None:
    now, hour = [1_000_000.0], 3_600_000
    clock = Clock(3600, wall=lambda: now[0], monotonic=lambda: now[0])
    broker = RefusingBroker(Notes(), entries={b"k": json.dumps({"due": 1_000_060_000}).encode()}, clock=clock)
    ahead = 1_000_000_000 + 24 * hour
    broker.partition.checkpoint = Checkpoint("g", {"in": 0}, clock=ahead)
    broker.partition.timers = Timers([(ahead + hour, b"k")])  # asked for by whoever had the wrong clock
    broker.send((b"other", {}))
    assert broker.cycle_parts.select(broker.partition)[0].now_ms == ahead, (
        "nothing is known yet about this machine's clock"
    )
    broker.fetch_buffer.open({("in", 3): 0})
    broker._fetch(0)
    clock.learn(Stamp(1_000_000_000, by_broker=True))
    broker.partition.timers = Timers(broker.processor.timers(broker.partition.store))
    broker.run(1)
    assert broker.partition.checkpoint is not None
    assert broker.partition.checkpoint.clock == 1_000_000_000
    assert broker.state(b"k") != {}
    now[0] += 60
    broker.run(1)
    assert broker.state(b"k") == {}


def test_a_set_back_input_is_recorded_by_the_broker_s_time() -> None:
    clock = Clock(3600, wall=lambda: 1_100_000.0, monotonic=lambda: 1_100_000.0)
    broker = RefusingBroker(Notes(), clock=clock)
    clock.learn(Stamp(1_000_000_000, by_broker=True))
    broker.partition.set_back = {"in": 7}
    (done,) = broker.cycle()
    assert done.checkpoint.set_back == {"in": 7}
    assert not clock.contradicts(done.checkpoint.clock, 0, Stamp(1_000_000_000, by_broker=True))
