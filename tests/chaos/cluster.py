"""What a run breaks: brokers of its own, three workers of which one has a network of its own, two processes of all
downstream services, and their supervisor.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from confluent_kafka import Consumer, KafkaException

from lead_qualifier.settings import Settings, variable_of
from tests.chaos.brokers import Brokers
from tests.chaos.mixed import Mixed
from tests.chaos.offsets import PatientReader, asking, committed
from tests.oracle.reading import Input
from tests.support.installation import IN, Installation
from tests.support.program import ROOT, run
from tests.support.topic_reader import TopicReader
from tests.support.worker_process import WorkerProcess

WORKERS = 3
#: Has its connections through the relay.
REMOTE = WORKERS - 1
#: Processes of all downstream services, in the places after the workers'.
SERVICES = 2
#: Part of the id of a lead of which nothing comes after its tombstone, which itself comes after all else was decided.
FLIGHT = "flight"
#: Nothing new for so long: sweeps of which the oracle knows nothing are over as well.
_QUIET_SECONDS = 1.0
#: The wait for others to share a transaction too, which other tests do without.
_AS_USERS_HAVE_IT = {variable_of("commit_interval"): str(Settings.model_fields["commit_interval"].default)}
#: For so long Kafka does not tell what the group has committed: it waits for the end of a transaction that has ended.
_UNSTABLE_SECONDS = 90.0
#: What Kafka 4.1 says when, started after a crash, it has got its own coordinator's partition wrong.
_COORDINATOR_LOST = "is out of sync with the underlying log"


@dataclass
class Slot:
    """A process's place: what is to run there, who does, and whether nobody should just now."""

    program: tuple[str, ...] = ("lead_qualifier", "worker")
    worker: WorkerProcess | None = None
    wanted: bool = True
    frozen: bool = False


class Cluster(Installation):
    """An installation whose workers are started again when they end by themselves, as a supervisor would."""

    READER: ClassVar[type[TopicReader]] = PatientReader
    # a broker that goes away is what is to be expected here
    FLUSH_SECONDS: ClassVar[float] = 150  # what was sent to one broker of several that is frozen waits for a minute
    CLIENT: ClassVar[dict[str, Any]] = {"log_level": 0, "reconnect.backoff.max.ms": 1000}

    def __init__(
        self,
        brokers: Brokers,
        folder: Path,
        *,
        partitions: int,
        session: float | None = None,
    ) -> None:
        """`session`: as of WorkerProcess."""
        super().__init__(brokers.bootstrap_servers, folder, partitions=partitions)
        self.brokers = brokers
        self._session = session
        services = ("lead_qualifier", "downstream", "all")
        self.slots = [*(Slot() for _ in range(WORKERS)), *(Slot(services) for _ in range(SERVICES))]
        self.mixed = Mixed(self.oracle)
        self.undrained = ""
        self._committed_at = 0.0
        self.broker_repairs = 0
        """How often the broker had to be restarted because of a fault of its own."""
        self.expected_to_give_up = 0
        """How many workers stopped for a reason that the run gave them."""
        self._asker: Consumer | None = None
        self._askers: list[Consumer] = []  # one that asked a coordinator which is gone may not be closed
        self._replayed: Counter[str] = Counter()
        self.gave_up: Counter[str] = Counter()
        """Why workers have ended by themselves."""

    def start(self, number: int) -> None:
        slot = self.slots[number]
        through = {"KAFKA_BOOTSTRAP_SERVERS": self.brokers.through_relays} if number == REMOTE else {}
        log = self._folder / f"process-{len(self.workers):03}-at-{number}.log"
        environment = {**self._environment, **_AS_USERS_HAVE_IT, **through}
        slot.worker = WorkerProcess(environment, log, slot.program, session=self._session)
        slot.wanted, slot.frozen = True, False
        self.workers.append(slot.worker)

    def name(self, number: int) -> str:
        """What runs in a place, for people."""
        return f"worker {number}" if number < WORKERS else f"services {number - WORKERS}"

    def deciding(self) -> list[WorkerProcess]:
        """The workers that run."""
        return [slot.worker for slot in self.slots[:WORKERS] if slot.worker is not None and slot.worker.running]

    def up(self) -> list[int]:
        """Slots whose process runs and is not frozen."""
        return [
            number
            for number, slot in enumerate(self.slots)
            if slot.wanted and not slot.frozen and slot.worker is not None and slot.worker.running
        ]

    def worker(self, number: int) -> WorkerProcess:
        worker = self.slots[number].worker
        assert worker is not None
        return worker

    def supervise(self) -> None:
        """Start again whoever should run and does not."""
        for number, slot in enumerate(self.slots):
            if slot.worker is not None and slot.wanted and not slot.worker.running:
                failed = slot.worker.log.read_text().splitlines()
                reasons = [json.loads(line) for line in failed if '"worker_failed"' in line]
                reason = str(reasons[-1]["reason"]) if reasons else (failed or ["no log"])[-1][-200:]
                self.gave_up[f"exit {slot.worker.process.returncode}: {reason}"] += 1
                self.start(number)

    def has_open_transaction(self) -> bool:
        """Does some output topic end behind what readers of committed records may read?"""
        try:
            return self.outs.stable_ends() != self.outs.ends()
        except KafkaException:
            return False

    def drain(self, timeout: float = 240) -> float:
        """As `settle`, with workers that may yet end by themselves; returns the seconds it took.

        After `timeout` seconds it gives up: `undrained` says what there was still to wait for.
        """
        quiet_since = self._committed_at = time.monotonic()
        self.flush()
        self._replay()
        before: dict[tuple[str, int], int] = {}

        def waits_for() -> str:
            nonlocal before, quiet_since
            self.outs.read(20)
            ends = self.outs.ends()
            if ends != before:
                before, quiet_since = ends, time.monotonic()
            return self._waits_for(time.monotonic() - quiet_since)

        def failed() -> None:
            self._asker = None
            self._repair_broker()

        took, self.undrained = self.supervise_until_done(waits_for, timeout, failed)
        return took

    def supervise_until_done(
        self, waits_for: Callable[[], str], timeout: float, failed: Callable[[], None] = lambda: None
    ) -> tuple[float, str]:
        """Supervise until `waits_for` names nothing more to wait for, at most `timeout` seconds; call `failed` when it
        fails, as it may while a process or the broker starts. Returns the seconds it took and what is still missing.
        """
        began = time.monotonic()
        while True:
            self.supervise()
            try:
                missing = waits_for()
            except (OSError, KafkaException, AssertionError) as error:
                missing = repr(error)
                failed()
            took = time.monotonic() - began
            if not missing or took > timeout:
                return min(took, timeout), missing
            time.sleep(0.1)

    def recreate(self, topic: str) -> None:
        """Delete an input of workers alone, of which everything is decided, and create it again while they run.

        They must stop, naming the topic and the repair, and start again once it was made. Records that come meanwhile
        are of the new topic.
        """
        name, seen = self.prefix + topic, sum(self.gave_up.values())
        self.admin.delete_topics([name], operation_timeout=20)[name].result(30)
        self._command("topics", "create", "--downstream", within=30)
        # A producer of librdkafka (2.16) that has seen higher leader epochs never finds the leaders of the new topic.
        self._producer = self._new_producer()
        deadline = time.monotonic() + 90
        while not any(name in reason and "topics repair" in reason for reason in self.gave_up):
            assert time.monotonic() < deadline, f"no worker noticed that {name} was created again: {self.gave_up}"
            self.supervise()
            time.sleep(0.2)
        for number in range(WORKERS):
            self.slots[number].wanted = False
            self.worker(number).kill()
        self._command("topics", "repair", "--yes", within=60)  # until the group has noticed that all are gone
        self.expected_to_give_up = sum(self.gave_up.values()) - seen
        for number in range(WORKERS):
            self.start(number)
        self.ins.begin_anew(topic)
        self.drain()

    def _command(self, *words: str, within: float) -> None:
        """A command that may be refused at first; `within` so many seconds it must be done."""
        deadline = time.monotonic() + within
        while True:
            code, out, err = run(
                ["lead_qualifier", *words],
                environment={**os.environ, **self._environment},
                folder=ROOT,
                timeout=120,
                session=self._session,
            )
            if code == 0:
                return
            assert time.monotonic() < deadline, (words, out, err)
            time.sleep(0.5)

    def _repair_broker(self) -> None:
        """Restart a broker whose group coordinator is wrong about itself, which it never gets right until then."""
        unstable = self._committed_at < time.monotonic() - _UNSTABLE_SECONDS
        logs = self.brokers.logs()
        if unstable or _COORDINATOR_LOST in logs:
            (self._folder / f"broker-{self.broker_repairs}.log").write_text(logs)
            self.broker_repairs += 1
            self.brokers.restart_all()
            self._committed_at = time.monotonic()

    def lag(self) -> int:
        if self._asker is None:
            self._asker = asking(self.bootstrap, self.application_id, "read_committed", self.CLIENT)
            self._askers.append(self._asker)
        ends = self.ins.ends()
        handovers = [(f"{self.prefix}lead-handovers", number) for number in range(self.partitions)]
        held = committed(self._asker, [*ends, *handovers])
        self._committed_at = time.monotonic()
        return sum(max(0, end - held[place]) for place, end in ends.items()) + self.on_their_way(held)

    def _waits_for(self, quiet: float) -> str:
        if quiet < _QUIET_SECONDS:
            return "outputs that still come"
        if len(self.outs.records["lead-qualified"]) < len(self.oracle.qualified):
            return "events that were foretold"
        if lag := self.lag():
            return f"{lag} input records that are not decided"
        if not self.all_ready():
            return "a worker that is not ready"
        return "" if self._one_revision() else "a worker with old criteria"

    def _replay(self) -> None:
        self.ins.read()
        last: list[Input] = []
        for topic in IN:
            records = self.ins.records[topic]
            for record in records[self._replayed[topic] :]:
                if _ends_a_flight(record):
                    last.append(record)
                elif not self.mixed.takes(record):
                    self.oracle.replay(record)
                    self.mixed.replayed(record)
            self._replayed[topic] = len(records)
        for record in last:
            self.oracle.replay(record)

    def all_ready(self) -> bool:
        return all(slot.worker is None or slot.worker.ready() for slot in self.slots)

    def end(self) -> None:
        """Kill the workers that still run; their logs stay."""
        for worker in self.running():
            worker.kill()
        for reader in (self._ins, self._outs):
            if reader is not None:
                reader.close()


def _ends_a_flight(record: Input) -> bool:
    return record.topic == "lead-changed" and record.value is None and FLIGHT.encode() in (record.key or b"")
