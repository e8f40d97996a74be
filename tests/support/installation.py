"""One installation: its topics, its workers, what goes in and what comes out, and the oracle that follows."""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any, ClassVar

from confluent_kafka import ConsumerGroupTopicPartitions, Producer
from confluent_kafka.admin import AdminClient

from lead_qualifier.engine.fault_points import FaultPoint
from tests.oracle.oracle import Oracle
from tests.oracle.reading import partition_of
from tests.support import comparison
from tests.support.messages import encode
from tests.support.program import SHORT_SESSION
from tests.support.raw_batches import SENT_HEADERS, RawProducer, RawRecord, batch
from tests.support.schemas import breaches
from tests.support.topic_reader import TopicReader
from tests.support.worker_process import WorkerProcess

#: Topics that are read, in an order in which the oracle may replay one phase's records.
IN = (
    "scoring-model-changed",
    "feature-commands",
    "qualification-commands",
    "lead-changed",
    "lead-merged",
    "lead-sales-response",
    "lead-score-changed",
)
OUT = (
    "lead-qualified",
    "lead-recycled",
    "lead-handovers",
    "lead-state",
    "lead-dead-letters",
    "qualification-model-changed",
    "qualification-models",
)
_KEYS = {
    "scoring-model-changed": "scoring_model_id",
    "feature-commands": "feature",
    "qualification-commands": "qualification_model_id",
    "lead-changed": "lead_id",
    "lead-merged": "lead_id",
    "lead-sales-response": "lead_id",
    "lead-score-changed": "lead_id",
}

#: Between two transactions of a worker that has something to do lies less than that.
QUIET_SECONDS = 0.25


class Installation:
    """Has its own topic prefix and application id, so that many can share a broker."""

    READER: ClassVar[type[TopicReader]] = TopicReader
    CLIENT: ClassVar[dict[str, Any]] = {"log_level": 0}  # what goes wrong is told by delivery reports and answers
    """Further settings of librdkafka for the clients of the test itself."""
    FLUSH_SECONDS: ClassVar[float] = 30

    def __init__(
        self,
        bootstrap: str,
        folder: Path,
        *,
        prefix: str = ".",
        partitions: int = 4,
        login: Mapping[str, str] | None = None,
        **settings: str,
    ) -> None:
        """`settings` are further LEAD_QUALIFIER_ variables, by their name in lower case without that. `login`: the
        KAFKA_ variables of workers, where they do not connect as the test does.
        """
        self.bootstrap = bootstrap
        self.prefix = f"t{uuid.uuid4().hex[:8]}{prefix}"
        self.application_id = f"workers-{uuid.uuid4().hex[:8]}"
        self.partitions = partitions
        self.workers: list[WorkerProcess] = []
        self.oracle = Oracle(partitions, settings.get("unknown_leads", "open"))
        self._folder = folder
        self._environment = {
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
            "LEAD_QUALIFIER_TOPIC_PREFIX": self.prefix,
            "LEAD_QUALIFIER_APPLICATION_ID": self.application_id,
            "LEAD_QUALIFIER_PARTITIONS": str(partitions),
            **{f"LEAD_QUALIFIER_{name.upper()}": value for name, value in settings.items()},
            **(login or {}),
        }
        self.admin = AdminClient({"bootstrap.servers": bootstrap, **self.CLIENT})
        self._producer = self._new_producer()
        self._ins: TopicReader | None = None
        self._outs: TopicReader | None = None
        self._validated: dict[str, int] = {}

    # -- workers

    def start_worker(self, *, session: float | None = SHORT_SESSION, **settings: str) -> WorkerProcess:
        """Start one more; `settings` as above, `session` as of WorkerProcess."""
        more = {f"LEAD_QUALIFIER_{name.upper()}": value for name, value in settings.items()}
        log = self._folder / f"worker-{len(self.workers)}.log"
        worker = WorkerProcess({**self._environment, **more}, log, session=session)
        self.workers.append(worker)
        return worker

    def start_doomed_worker(self, step: FaultPoint, once: Path) -> WorkerProcess:
        """Start one that kills itself at a step of the engine, as soon as the file `once` exists."""
        return self.start_program("tests.support.doomed_worker", step.value, str(once))

    def start_program(self, *program: str) -> WorkerProcess:
        """Start a module, with arguments, in place of a worker."""
        worker = WorkerProcess(self._environment, self._folder / f"worker-{len(self.workers)}.log", program)
        self.workers.append(worker)
        return worker

    def running(self) -> list[WorkerProcess]:
        return [worker for worker in self.workers if worker.running]

    def deciding(self) -> list[WorkerProcess]:
        """Those that qualify leads."""
        return self.running()

    def close(self) -> None:
        """End whatever still runs, and remove the topics."""
        for worker in self.running():
            worker.thaw()
            worker.process.terminate()
        for worker in self.workers:
            try:
                worker.process.wait(15)
            except TimeoutExpired:
                worker.kill()
        for reader in (self._ins, self._outs):
            if reader is not None:
                reader.close()
        topics = [name for name in self.admin.list_topics(timeout=10).topics if name.startswith(self.prefix)]
        if topics:  # a test that is skipped has made none
            for future in self.admin.delete_topics(topics).values():
                future.exception()

    # -- what goes in

    def send(self, topic: str, *messages: dict[str, Any]) -> None:
        """Send messages as they are, keyed by their id."""
        for message in messages:
            self.send_bytes(topic, str(message[_KEYS[topic]]).encode(), encode(message))

    def send_bytes(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]] = (),
        partition: int = -1,
    ) -> None:
        """Send a record as it is. A partition of -1 leaves the choice to the partitioner."""
        while True:
            try:
                self._producer.produce(
                    self.prefix + topic, value, key, partition=partition, headers=[*headers], on_delivery=_delivered
                )
                break
            except BufferError:
                self._producer.poll(0.1)
        self._producer.poll(0)

    def send_raw(self, topic: str, *records: RawRecord, partition: int | None = None, **form: Any) -> None:
        """Send records in one batch made by hand, to the partition of the first one's key; `form` as of `batch`.

        Header names may be any bytes.
        """
        if partition is None:
            partition = partition_of(records[0].key or b"", self.partitions)
        name = self.prefix + topic
        for record in records:
            if record.value is not None:  # before it is sent: whether it arrived may never be known
                SENT_HEADERS[name, record.value] = _as_text(record)
        first = RawProducer(self.bootstrap).send(name, partition, batch(*records, **form))
        for offset, record in enumerate(records, first):
            self.ins.known_headers[name, partition, offset] = _as_text(record)

    def scores(self, *messages: dict[str, Any]) -> None:
        self.send("lead-score-changed", *messages)

    def changes(self, *messages: dict[str, Any]) -> None:
        self.send("lead-changed", *messages)

    def merges(self, *messages: dict[str, Any]) -> None:
        self.send("lead-merged", *messages)

    def erase(self, *lead_ids: str) -> None:
        for lead_id in lead_ids:
            self.send_bytes("lead-changed", lead_id.encode(), None)

    def _new_producer(self) -> Producer:
        return Producer(
            {
                "bootstrap.servers": self.bootstrap,
                "partitioner": "murmur2_random",
                "linger.ms": 2,
                "message.max.bytes": 20_000_000,
                "enable.idempotence": True,
                **self.CLIENT,
            }
        )

    def flush(self) -> None:
        assert self._producer.flush(self.FLUSH_SECONDS) == 0

    def order(self, *commands: dict[str, Any]) -> list[dict[str, Any]]:
        """Give commands one after the other, each after the outcome of the one before; returns the outcomes.

        Afterwards every worker decides by them, and the sweeps they caused are over.
        """
        outcomes = []
        for command in commands:
            self.send("feature-commands" if "feature" in command else "qualification-commands", command)
            outcomes.append(self.outcome(command["command_id"]))
            if command["command"] == "publish":
                self.settle()
            else:
                self._replay()
        if commands and commands[-1]["command"] != "publish":
            self.settle()
        return outcomes

    def announce(self, *scoring_models: dict[str, Any]) -> None:
        self.send("scoring-model-changed", *scoring_models)
        self.settle()

    def outcome(self, command_id: str, timeout: float = 30) -> dict[str, Any]:
        """The first outcome of a command on the audit trail, once it is there; none will be for a dead letter."""
        self.flush()
        deadline = time.monotonic() + timeout
        while not (found := self.trail(command_id)):
            dead = [one for one in self.outs.records["lead-dead-letters"] if command_id.encode() in (one.value or b"")]
            assert not dead, f"no command, but a dead letter: {dead}"
            assert time.monotonic() < deadline, f"no outcome of {command_id}: {self._logs()}"
            self.outs.read()
            time.sleep(0.01)
        return found[0]

    def trail(self, command_id: str) -> list[dict[str, Any]]:
        """What has been read of the audit trail about a command."""
        records = self.outs.records["qualification-model-changed"]
        outcomes = [json.loads(record.value or b"{}") for record in records]
        return [outcome for outcome in outcomes if outcome.get("command_id") == command_id]

    # -- what comes out

    @property
    def ins(self) -> TopicReader:
        if self._ins is None:
            self._ins = self.READER(self.bootstrap, self.prefix, IN, client=self.CLIENT)
        return self._ins

    @property
    def outs(self) -> TopicReader:
        if self._outs is None:
            self._outs = self.READER(self.bootstrap, self.prefix, OUT, client=self.CLIENT)
        return self._outs

    def settle(self, timeout: float = 60) -> None:
        """Let the oracle replay what went in since the last time, and wait until the workers are through with it.

        What was sent to several topics meanwhile must not depend on their order.
        """
        self.flush()
        self._replay()
        deadline = time.monotonic() + timeout
        before: dict[tuple[str, int], int] = {}
        since = time.monotonic()
        while True:
            self.outs.read(timeout)
            ends = self.outs.ends()
            if ends != before:
                before, since = ends, time.monotonic()
            quiet = time.monotonic() - since
            foretold = len(self.outs.records["lead-qualified"]) >= len(self.oracle.qualified)
            if foretold and quiet > QUIET_SECONDS and self.lag() == 0 and self._one_revision():
                return
            if time.monotonic() > deadline:
                assert self.lag() == 0, f"{self.lag()} records not decided yet: {self._logs()}"
                self.check()  # says what is missing
                raise AssertionError(f"never quiet: {self._logs()}")
            time.sleep(0.02)

    def _replay(self) -> None:
        new = self.ins.read()
        for topic in IN:
            for record in new:
                if record.topic == topic:
                    self.oracle.replay(record)

    def lag(self) -> int:
        """Records that the group has not committed yet; of hand-overs those that were read of the outputs."""
        groups = self.admin.list_consumer_group_offsets(
            [ConsumerGroupTopicPartitions(self.application_id)], require_stable=True, request_timeout=10
        )
        committed = {
            (tp.topic, tp.partition): max(0, tp.offset)
            for tp in groups[self.application_id].result(12).topic_partitions
            if tp.error is None
        }
        unprocessed: int = sum(end - committed.get(place, 0) for place, end in self.ins.ends().items())
        return unprocessed + self.on_their_way(committed)

    def on_their_way(self, committed: Mapping[tuple[str, int], int]) -> int:
        """Hand-overs not decided yet. Where their topic ends says nothing: ends of transactions are no records."""
        topic = "lead-handovers"
        return sum(
            record.offset >= committed.get((self.prefix + topic, record.partition), 0)
            for record in self.outs.records[topic]
        )

    def check(self) -> None:
        """Everything that came out so far is exactly what the oracle foretells, and follows its schema."""
        self.outs.read()
        wrong = []
        for topic, records in self.outs.records.items():
            new = records[self._validated.get(topic, 0) :]
            wrong += breaches(new[:: 1 + len(new) // 2000])
            self._validated[topic] = len(records)
        wrong += comparison.differences(self.oracle, self.outs.records["lead-qualified"])
        wrong += comparison.recycled_differences(self.oracle, self.outs.records["lead-recycled"])
        wrong += comparison.state_differences(self.oracle, self.outs.records["lead-state"])
        wrong += comparison.dead_letter_differences(self.oracle, self.outs.records["lead-dead-letters"], self.prefix)
        assert not wrong, f"{len(wrong)} differences\n" + "\n".join(wrong[:20])

    def settle_and_check(self, timeout: float = 60) -> None:
        self.settle(timeout)
        self.check()

    def outcomes(self) -> Counter[tuple[str, str]]:
        """What the workers count of outcomes, by model and outcome: all of it while none has been killed."""
        return self._counted("lead_qualifier_outcomes_total", "outcome")

    def shadows(self) -> Counter[tuple[str, str]]:
        """What the workers count of drafts in shadow, by model and difference, on the same condition."""
        return self._counted("lead_qualifier_shadow_total", "difference")

    def _counted(self, metric: str, label: str) -> Counter[tuple[str, str]]:
        counted: Counter[tuple[str, str]] = Counter()
        for worker in self.running():
            for (name, labels), value in worker.metrics().items():
                if name == metric:
                    its = dict(labels)
                    counted[its["model"], its[label]] += int(value)
        return counted

    def qualified(self, lead_id: str = "") -> list[dict[str, Any]]:
        """The lead-qualified events read so far, of one lead or of all."""
        return [
            event
            for record in self.outs.records["lead-qualified"]
            if (event := json.loads(record.value or b"{}"))["lead_id"] == lead_id or not lead_id
        ]

    def _one_revision(self) -> bool:
        """Do all workers decide by the newest criteria that the trail tells of?"""
        outcomes = [json.loads(record.value or b"{}") for record in self.outs.records["qualification-model-changed"]]
        newest = max((outcome["revision"] for outcome in outcomes), default=0)
        return all(worker.metric("lead_qualifier_criteria_revision") >= newest for worker in self.deciding())

    def _logs(self) -> str:
        return "\n".join(worker.log.read_text()[-2000:] for worker in self.workers)


def _delivered(error: object, _message: object) -> None:
    assert error is None, error


def _as_text(record: RawRecord) -> tuple[tuple[str, bytes | None], ...]:
    return tuple((name.decode(errors="surrogateescape"), content) for name, content in record.headers)
