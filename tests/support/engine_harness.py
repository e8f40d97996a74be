"""A test harness for the engine: topics, worker processes, a load, and the oracle that says what must have come out."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY
from lead_qualifier.kafka.admin import LATEST, Admin
from tests.support.program import SHORT_SESSION, Process, start
from tests.support.sums import PARTITIONS, Running, Topics, Total
from tests.support.topic_reader import TopicReader


class EngineHarness:
    """One test's topics on a broker, and the worker processes that it started."""

    def __init__(self, bootstrap: str, name: str, folder: Path) -> None:
        self.bootstrap = bootstrap
        self.topics = Topics(f"{name}-{os.getpid()}-{time.time_ns() % 10**9}.")
        self.folder = folder
        self.admin = AdminClient({"bootstrap.servers": bootstrap})
        self.sent: dict[str, tuple[str, str, int]] = {}  # id -> (topic, key, amount)
        self.workers: list[Process] = []
        self._outputs: TopicReader | None = None
        self.create(*self.topics.inputs, self.topics.out, self.topics.changelog, self.topics.dead_letters)

    def create(self, *topics: str, partitions: int = PARTITIONS, **config: str) -> None:
        settings = {name.replace("_", "."): value for name, value in config.items()}
        new = [NewTopic(topic, num_partitions=partitions, replication_factor=1, config=settings) for topic in topics]
        for future in self.admin.create_topics(new).values():
            future.result(30)

    def create_again(self, topic: str, partitions: int = PARTITIONS) -> None:
        """Create a topic that was just deleted, which takes a moment to be done."""
        deadline = time.monotonic() + 20
        while True:
            try:
                self.create(topic, partitions=partitions)
            except KafkaException:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
            else:
                self.wait_until_known(topic, partitions)
                return

    def wait_until_known(self, topic: str, partitions: int = PARTITIONS) -> None:
        """A broker learns of a new topic, and of its leaders, a moment after it was created."""
        ends = {(topic, number): LATEST for number in range(partitions)}
        Admin({"bootstrap.servers": self.bootstrap}, timeout=10).list_offsets(ends, wait=20, created_just_now=True)

    def delete(self, *topics: str) -> None:
        for future in self.admin.delete_topics(list(topics)).values():
            future.result(30)

    # --- load

    def send(
        self,
        count: int,
        *,
        keys: int = 40,
        topics: Sequence[str] | None = None,
        transactional: bool = False,
        per_second: float | None = None,
        padding: int = 0,
    ) -> None:
        """Send so many amounts, spread over keys and input topics; `transactional`: with aborted ones in between;
        `padding`: so many bytes more in each.
        """
        config: dict[str, Any] = {
            "bootstrap.servers": self.bootstrap,
            "partitioner": "murmur2_random",
            "enable.idempotence": True,
        }
        if transactional:
            config["transactional.id"] = f"{self.topics.prefix}upstream"
        producer = Producer(config)
        if transactional:
            producer.init_transactions(30)
            producer.begin_transaction()
        names = topics or self.topics.inputs
        for n in range(count):
            if transactional and n % 10 == 9:
                producer.commit_transaction(30)
                producer.begin_transaction()
                for lost in range(3):
                    value = json.dumps({"id": f"aborted-{n}-{lost}", "add": 1})
                    producer.produce(names[n % len(names)], value, f"k{lost}")
                producer.flush(30)  # else they may never leave the client, and the broker refuses to abort nothing
                producer.abort_transaction(30)
                producer.begin_transaction()
            number = len(self.sent)
            key, topic = f"k{number * 7 % keys}", names[number % len(names)]
            self.sent[str(number)] = (topic, key, number)
            amount = {"id": str(number), "add": number, **({"padding": "." * padding} if padding else {})}
            while True:
                try:
                    producer.produce(topic, json.dumps(amount), key)
                    break
                except BufferError:
                    producer.poll(0.1)
            if per_second is not None:
                producer.poll(0)
                time.sleep(1 / per_second)
        if transactional:
            producer.commit_transaction(30)
        assert producer.flush(30) == 0

    # --- workers

    def worker(
        self, *options: str, at: Mapping[str, str] | None = None, session: float | None = SHORT_SESSION
    ) -> Process:
        """Start a worker; `at` maps "step|n" to what happens there: kill, freeze or pause:SECONDS. `session`: as of
        `start`.
        """
        program = ["tests.support.sums_worker", self.bootstrap, self.topics.prefix, *options]
        for place, action in (at or {}).items():
            program += ["--at", f"{place}|{action}"]
        with self.log(len(self.workers)).open("wb") as log:
            process = start(program, environment=os.environ, stdout=log, stderr=log, session=session)
        self.workers.append(process)
        return process

    def log(self, number: int) -> Path:
        return self.folder / f"{self.topics.prefix}worker-{number}.log"

    def logged(self, process: Process, event: str, *, within: float = 60.0) -> dict[str, Any]:
        """Wait for a log line of that event and return it (the newest)."""
        log = self.log(self.workers.index(process))
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            for line in reversed(log.read_text().splitlines()):
                if f'"event": "{event}"' in line:
                    return dict(json.loads(line))
            time.sleep(0.1)
        raise AssertionError(f"no {event} within {within} s in:\n{log.read_text()[-4000:]}")

    def frozen(self, process: Process, *, within: float = 60.0) -> None:
        """Wait until the worker has stopped itself."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            if Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T":
                return
            time.sleep(0.05)
        raise AssertionError(f"the worker never froze:\n{self.log(self.workers.index(process)).read_text()[-4000:]}")

    @staticmethod
    def thaw(process: Process) -> None:
        process.send_signal(signal.SIGCONT)

    def stop(self, process: Process, *, within: float = 30.0) -> int:
        process.terminate()
        return process.wait(within)

    def close(self) -> None:
        if self._outputs is not None:
            self._outputs.close()
        for process in self.workers:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait(10)

    # --- what came out

    def read(self, topic: str, *, partitions: int = PARTITIONS) -> list[Any]:
        """Every committed record of a topic, partition by partition."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.bootstrap,
                "group.id": "harness",
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
            }
        )
        records = []
        left = set(range(partitions))
        try:
            consumer.assign([TopicPartition(topic, number, 0) for number in range(partitions)])
            deadline = time.monotonic() + 30
            while left:
                assert time.monotonic() < deadline, f"{topic} could not be read to its end: {left} of {partitions} left"
                for message in consumer.consume(1000, 0.5):
                    error = message.error()
                    if error is None:
                        records.append(message)
                    elif error.code() == KafkaError._PARTITION_EOF:
                        left.discard(message.partition() or 0)
                    else:
                        raise KafkaException(error)
        finally:
            consumer.close()
        return records

    def outputs(self) -> list[Running]:
        return [msgspec.json.decode(m.value(), type=Running) for m in self.read(self.topics.out)]

    def visible(self) -> list[Running]:
        """As `outputs`; reads only what is new since it was asked last."""
        if self._outputs is None:
            self.wait_until_known(self.topics.out)
            self._outputs = TopicReader(self.bootstrap, self.topics.prefix, ["out"])
        self._outputs.read(stable=True)
        return [msgspec.json.decode(record.value or b"", type=Running) for record in self._outputs.records["out"]]

    def wait_for(self, count: int, *, within: float = 60.0) -> None:
        """Wait until so many outputs are visible."""
        deadline = time.monotonic() + within
        seen = -1
        while time.monotonic() < deadline:
            seen = len(self.visible())
            if seen >= count:
                return
            time.sleep(0.1)
        logs = "\n".join(self.log(n).read_text()[-2500:] for n in range(len(self.workers)))
        raise AssertionError(f"{seen} of {count} outputs within {within} s\n{logs}")

    def check(self, *, sweeps: int = 0, rejected: Iterable[str] = ()) -> None:
        """Outputs, dead letters and state are exactly what was sent calls for: nothing missing, twice, or extra."""
        refused = set(rejected)
        expected = {n: sent for n, sent in self.sent.items() if n not in refused}
        totals: dict[str, list[Running]] = defaultdict(list)
        swept: dict[str, int] = defaultdict(int)
        for running in self.outputs():
            if running.id.startswith("sweep-"):
                swept[running.key] += 1
            else:
                totals[running.key].append(running)
        ids = sorted((r.id for rs in totals.values() for r in rs), key=int)
        assert ids == sorted(expected, key=int)
        for key, runnings in totals.items():
            amount = 0
            order: dict[str, list[int]] = defaultdict(list)
            for n, running in enumerate(runnings, 1):
                amount += expected[running.id][2]
                assert (running.sum, running.count) == (amount, n), f"{key}: {running} is not the running total"
                order[expected[running.id][0]].append(int(running.id))
            for topic, numbers in order.items():
                assert numbers == sorted(numbers), f"{key} on {topic} was processed out of order"
        state = self.state()
        assert {k: (t.sum, t.count) for k, t in state.items()} == {
            k: (sum(expected[r.id][2] for r in rs), len(rs)) for k, rs in totals.items()
        }
        if sweeps:
            assert swept == dict.fromkeys(state, sweeps), "each key is swept once per revision"
            assert {k: t.swept for k, t in state.items()} == dict.fromkeys(state, sweeps)
        letters = [msgspec.json.decode(m.value())["id"] for m in self.read(self.topics.dead_letters)]
        assert sorted(letters) == sorted(refused)

    def state(self) -> dict[str, Total]:
        """The changelog as a restore would see it."""
        held: dict[str, Total] = {}
        for message in self.read(self.topics.changelog):
            if message.key() == CHECKPOINT_KEY:
                continue
            key = message.key().decode()
            if message.value() is None:
                held.pop(key, None)
            else:
                held[key] = msgspec.json.decode(message.value(), type=Total)
        return held
