"""What a cycle takes on, and whom it blames: nothing suffers for what shares its cycle."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lead_qualifier.engine import Application, ProcessorContext
from lead_qualifier.engine.application import PlainRecord
from lead_qualifier.engine.batch_processor import ATTEMPTS, BatchProcessor, Decided
from lead_qualifier.engine.checkpoint import Checkpoint
from lead_qualifier.engine.clock import Clock, Stamp
from lead_qualifier.engine.fault_points import no_fault_hook
from lead_qualifier.engine.fetch_buffer import Batch, FetchBuffer
from lead_qualifier.engine.partition import Partition
from lead_qualifier.engine.timers import Timer, Timers
from lead_qualifier.kafka.admin import Admin
from tests.unit.engine.test_context import Nothing, application


@dataclass
class Notes(Nothing):
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
        context.counts["decided"] += 1
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


class Bench:
    """One partition, its intake, and a broker that may refuse what is written."""

    def __init__(
        self, processor: Notes, *, limit: int = 10_000, entries: Mapping[bytes, bytes] | None = None, **options: Any
    ):
        self.processor = processor
        app: Application = replace(application(limit=limit), processor=processor)
        self.partition = Partition(app, 3, store=dict(entries or {}), checkpoint=Checkpoint("g", {"in": 0}))
        self.partition.timers = Timers(processor.timers(self.partition.store))
        self.fetch_buffer = FetchBuffer(max_queued_records=100_000)
        self.progress = 0
        admin = Admin({"bootstrap.servers": "127.0.0.1:1"})
        self.decider = BatchProcessor(
            self.fetch_buffer,
            admin,
            group_id="g",
            **{"max_records": 50_000, **options},
            hook=no_fault_hook,
            progress=self._progressed,
        )
        self.fetch_buffer.open({("in", 3): 0})
        self.end = 0
        self.log: list[PlainRecord] = []
        self.written: list[tuple[bytes | None, bytes | None]] = []
        self.letters: dict[int, str] = {}
        self.refused_keys: set[bytes] = set()
        self.faults = 0

    def _progressed(self) -> None:
        self.progress += 1

    def send(self, *records: tuple[bytes, dict[str, Any]]) -> None:
        for key, value in records:
            self.log.append(PlainRecord("in", 3, len(self.log), 0, key, json.dumps(value).encode(), ()))
        self._fetch(self.end)

    def _fetch(self, start: int) -> None:
        at = self.fetch_buffer.next_offset(("in", 3))
        assert at is not None
        self.end = len(self.log)
        assert self.fetch_buffer.accept(Batch("in", 3, at[0], start, self.end, self.log[start:]))

    def cycle(self) -> list[Decided]:
        """One cycle as the engine runs it."""
        work = self.decider.take([self.partition])
        if not work:
            return []
        decided = self.decider.decide(work)
        refused = any(output.key in self.refused_keys for done in decided for output in done.context.outputs)
        position = self.partition.checkpoint
        assert position is not None
        if refused:
            self.faults += 1
            self.decider.refused(decided, "INVALID_RECORD", again=self.faults >= ATTEMPTS)
            at = position.next["in"]
            self.fetch_buffer.open({("in", 3): at})
            self.partition.timers = Timers(self.processor.timers(self.partition.store))
            self.partition.buckets = None
            if at < self.end:
                self._fetch(at)
            return []
        self.faults = 0
        for done in decided:
            self.partition.apply(done.changes)
            self.partition.timers.done(done.due, done.following())
            self.partition.timers.add(done.context.timers)
            self.partition.checkpoint = done.position
            self.written += [(output.key, output.value) for output in done.context.outputs]
            self.letters |= {record.offset: reason for record, reason in done.context.dead_letters}
        self.decider.settled(decided)
        return decided

    def run(self, cycles: int = 200) -> None:
        for _ in range(cycles):
            self.cycle()

    @property
    def decided(self) -> int:
        position = self.partition.checkpoint
        assert position is not None
        return position.next["in"]

    def state(self, key: bytes) -> Any:
        return json.loads(self.partition.store[key])


def test_only_the_record_that_makes_a_state_too_large_is_a_dead_letter() -> None:
    bench = Bench(Notes(), limit=10_000)
    bench.send((b"k", {"first": "x" * 6000}))
    bench.run(1)
    before = len(bench.processor.seen)
    bench.send((b"k", {"second": "x" * 6000}), *((b"k", {"score": n}) for n in range(50)), (b"other", {"a": 1}))
    (done,) = bench.cycle()
    assert set(bench.letters) == {1}
    assert "bytes in state, which takes 10000" in bench.letters[1]
    assert bench.state(b"k") == {"first": "x" * 6000, "score": 49}
    assert bench.state(b"other") == {"a": 1}
    assert [value for key, value in bench.written if key == b"k"] == [b"0", *(b"%d" % n for n in range(2, 52))]
    assert done.context.counts["decided"] == 51
    assert len(bench.processor.seen) - before <= 2 * 52


def test_a_thousand_states_that_grow_too_large_cost_two_looks_at_each_record() -> None:
    bench = Bench(Notes(), limit=2_000)
    bench.send(
        *((b"k%d" % (n % 100), {"large" if n % 3 else "a": "x" * (1900 if n % 3 else 1)}) for n in range(3000)),
    )
    while bench.decided < 3000:
        assert bench.cycle()
    assert set(bench.letters) == {offset for offset in range(3000) if offset % 3}
    assert len(bench.processor.seen) <= 6000 + 64
    assert bench.progress > 3000


def test_a_record_that_makes_a_state_too_large_is_rejected_whatever_shares_its_cycle() -> None:
    for at_once in (1, 100):
        bench = Bench(Notes(), limit=10_000, max_records=at_once)
        bench.send((b"k", {"a": "x" * 8000}), (b"k", {"b": "x" * 8000}), (b"k", {"a": ""}), (b"k", {"b": "y"}))
        bench.run(4)
        assert set(bench.letters) == {1}
        assert bench.state(b"k") == {"a": "", "b": "y"}


def test_records_that_the_program_fails_on_leave_nothing_behind_and_the_others_are_decided_twice_at_most() -> None:
    bad = frozenset(range(0, 40, 2))
    bench = Bench(Notes(fails_on=bad))
    bench.send(*((b"k%d" % (n % 7), {"n": n}) for n in range(40)))
    bench.run(1)
    assert set(bench.letters) == bad
    assert "a fault of ours" in bench.letters[0]
    assert len(bench.processor.seen) <= 40 + ATTEMPTS * len(bad) + 20
    assert all("half" not in bench.state(b"k%d" % n) for n in range(7))
    assert len(bench.written) == 20
    assert bench.processor.derived == ATTEMPTS * len(bad), "whoever derives something is told"


def test_a_cycle_takes_so_many_bytes_and_a_larger_record_alone() -> None:
    bench = Bench(Notes(), limit=1_000_000, max_bytes=10_000)
    bench.send(*((b"k", {"a": "x" * size}) for size in (3000, 3000, 3000, 3000, 30_000, 10)))
    offsets = []
    while bench.cycle():
        offsets.append(bench.decided)
    assert offsets == [3, 4, 5, 6]
    assert bench.letters == {}


def test_a_cycle_ends_when_the_states_that_it_has_read_are_many_bytes_and_the_rest_comes_next() -> None:
    entries = {b"k%d" % n: json.dumps({"held": "x" * 10_000}).encode() for n in range(500)}
    bench = Bench(Notes(), limit=1_000_000, entries=entries, max_bytes=1_000_000)
    bench.send(*((b"k%d" % n, {"n": n}) for n in range(500)))
    (first,) = bench.cycle()
    assert 64 <= first.records <= 192
    assert bench.decided == first.records
    assert first.context.record_counts["in"] == first.records
    bench.run(10)
    assert bench.decided == 500
    assert [value for _, value in bench.written] == [b"%d" % n for n in range(500)]


def test_cycles_are_smaller_after_transactions_that_failed_and_grow_again() -> None:
    bench = Bench(Notes(), max_records=1000)
    bench.send(*((b"k", {"n": n}) for n in range(3000)))
    for _ in range(3):
        bench.decider.failed()
    counts = []
    while decided := bench.cycle():
        counts.append(decided[0].records)
    assert counts == [125, 250, 500, 1000, 1000, 125]


def test_a_record_whose_results_the_broker_refuses_is_found_and_the_search_ends() -> None:
    bench = Bench(Notes(), max_records=1000)
    bench.send(*((b"k%d" % n, {"n": n}) for n in range(1000)))
    bench.refused_keys = {b"k700"}
    cycles = 0
    while bench.decided < 1000:
        bench.cycle()
        cycles += 1
    assert set(bench.letters) == {700}
    assert "the broker refused" in bench.letters[700]
    assert cycles < 60
    bench.send(*((b"k%d" % n, {"n": n}) for n in range(2000)))
    bench.run()
    bench.send(*((b"k%d" % n, {"n": n}) for n in range(500)))
    (done,) = bench.cycle()
    assert (done.records, done.work.narrow) == (500, None)


def test_a_search_ends_when_what_was_refused_no_longer_is() -> None:
    bench = Bench(Notes(), max_records=1000)
    bench.send(*((b"k%d" % n, {"n": n}) for n in range(1000)))
    bench.refused_keys = {b"k3"}
    while not (work := bench.decider.take([bench.partition])) or work[0].narrow != 1:
        bench.fetch_buffer.give_back(work[0].batches)
        bench.cycle()
    bench.fetch_buffer.give_back(work[0].batches)
    bench.refused_keys = set()
    sizes = []
    while decided := bench.cycle():
        sizes.append(decided[0].records)
    assert sizes[:5] == [1, 2, 4, 8, 16]
    assert len(sizes) < 15
    assert bench.letters == {}


def test_a_few_records_now_and_then_end_a_search_as_well() -> None:
    bench = Bench(Notes(), max_records=50)
    bench.send((b"bad", {"n": 0}))
    bench.refused_keys = {b"bad"}
    bench.run(5)
    assert set(bench.letters) == {0}
    for n in range(100):
        bench.send((b"k", {"n": n}))
        bench.run(1)
    bench.send((b"k", {}))
    assert bench.decider.take([bench.partition])[0].narrow is None


def test_a_timer_whose_output_is_refused_blames_its_key_and_no_record_that_shares_its_cycle() -> None:
    entries = {b"bad": b'{"due": 5}', b"good": b'{"due": 5}'}
    bench = Bench(Notes(), entries=entries)
    bench.refused_keys = {b"bad"}
    for n in range(100):
        bench.send((b"k%d" % n, {"n": n}))
        bench.cycle()
    bench.run(60)
    assert bench.letters == {}
    assert bench.decided == 100
    assert (b"good", b"due") in bench.written
    assert bench.state(b"bad") == {"due": 5}, "it is tried again later"
    assert bench.cycle() == []


def test_a_sweep_whose_output_is_refused_leaves_out_its_key_and_no_record_that_shares_its_cycle() -> None:
    entries = {b"k%d" % n: b"{}" for n in range(400)}
    bench = Bench(Notes(sweeps=1), entries=entries)
    bench.refused_keys = {b"k77"}
    bench.send(*((b"new%d" % n, {"n": n}) for n in range(100)))
    bench.run(2000)
    assert bench.letters == {}
    assert bench.decided == 100
    assert bench.partition.checkpoint is not None
    assert bench.partition.checkpoint.swept == 1
    swept = [key for key, value in bench.written if value == b"swept" and key is not None and key.startswith(b"k")]
    assert sorted(swept) == sorted(key for key in entries if key != b"k77"), "each once"


def test_no_record_is_decided_before_a_timer_that_one_cycle_had_no_room_for() -> None:
    keys = [b"k%04d" % i for i in range(3_000)]  # more than one cycle looks at
    bench = Bench(Notes(), entries=dict.fromkeys(keys, b'{"due": 5}'))
    bench.send((keys[-1], {"late": 1}), (keys[0], {"early": 1}))
    bench.run(4)
    assert bench.written[:3_000] == [(key, b"due") for key in keys]
    assert bench.written[3_000:] == [(keys[-1], b"0"), (keys[0], b"1")]


def test_no_record_is_decided_before_a_timer_when_a_failed_transaction_made_cycles_small() -> None:
    keys = [b"k%04d" % i for i in range(40)]
    bench = Bench(Notes(), limit=1_000_000, entries=dict.fromkeys(keys, b'{"due": 5}'), max_bytes=1_024 * 100)
    for _ in range(20):
        bench.decider.failed()
    bench.send((keys[-1], {"late": 1}))
    bench.run()
    assert bench.written == [*((key, b"due") for key in keys), (keys[-1], b"0")]


def test_no_record_is_decided_before_a_timer_of_a_key_that_the_sweep_has_just_changed() -> None:
    bench = Bench(Notes(sweeps=1), entries={b"k": b'{"due": 5}'})
    bench.processor.keeps_due = True
    bench.send((b"k", {"late": 1}))
    bench.run(3)
    assert bench.written == [(b"k", b"swept"), (b"k", b"due"), (b"k", b"0")]


def test_a_position_s_clock_that_is_ahead_of_the_broker_s_time_is_put_back_and_timers_fire_again() -> None:
    now, hour = [1_000_000.0], 3_600_000
    clock = Clock(3600, wall=lambda: now[0], monotonic=lambda: now[0])
    bench = Bench(Notes(), entries={b"k": json.dumps({"due": 1_000_060_000}).encode()}, clock=clock)
    ahead = 1_000_000_000 + 24 * hour
    bench.partition.checkpoint = Checkpoint("g", {"in": 0}, clock=ahead)
    bench.partition.timers = Timers([(ahead + hour, b"k")])  # asked for by whoever had the wrong clock
    bench.send((b"other", {}))
    assert bench.decider.take([bench.partition])[0].now_ms == ahead, "nothing is known yet about this machine's clock"
    bench.fetch_buffer.open({("in", 3): 0})
    bench._fetch(0)
    clock.learn(Stamp(1_000_000_000, by_broker=True))
    bench.partition.timers = Timers(bench.processor.timers(bench.partition.store))
    bench.run(1)
    assert bench.partition.checkpoint is not None
    assert bench.partition.checkpoint.clock == 1_000_000_000
    assert bench.state(b"k") != {}
    now[0] += 60
    bench.run(1)
    assert bench.state(b"k") == {}


def test_that_an_input_was_set_back_is_written_down_by_the_broker_s_time_too() -> None:
    clock = Clock(3600, wall=lambda: 1_100_000.0, monotonic=lambda: 1_100_000.0)
    bench = Bench(Notes(), clock=clock)
    clock.learn(Stamp(1_000_000_000, by_broker=True))
    bench.partition.set_back = {"in": 7}
    (done,) = bench.cycle()
    assert done.position.set_back == {"in": 7}
    assert not clock.contradicts(done.position.clock, 0, Stamp(1_000_000_000, by_broker=True))
