"""What the worker is measured against: the same decisions in one process, written by hand on confluent-kafka.

Consume a batch, decide, write outputs and changed states in one transaction with the offsets, commit. Exactly once: a
reader of committed records, states in a changelog, offsets in the transaction, fenced by the group's generation. An
error ends the process; the next one restores its leads from the changelog. No report on what was delivered, one write
of the log a batch. What else the worker does is left out: criteria that change while it runs, sweeps, a check of the
partitioner and of sizes, metrics, health, going on after an abort.

How leads are held is left to two versions: plain_loop in dicts, as most would write it; struct_loop in structs that the
garbage collector does not walk, as one would after weeks with a profiler.
"""

from __future__ import annotations

import gc
import json
import signal
import sys
import time
from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NoReturn
from uuid import UUID, uuid5

import confluent_kafka
import msgspec
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec
from msgspec import UNSET, Meta, Struct, UnsetType

from bench.meter import Meter

#: As a consumer hands it out; key, topic and partition are never None in what is consumed here.
Message = Any
Moment = Annotated[datetime, Meta(tz=True)]
Text = Annotated[str, Meta(min_length=1)]
Status = Literal["open", "qualified", "disqualified"]
StatusReason = Literal[
    "new",
    "contacted",
    "qualified",
    "lost",
    "cannot_contact",
    "no_longer_interested",
    "canceled",
    "marketing_qualified",
]
_IDS = UUID("5b0f7e52-6d0c-5a43-9a5e-3c1d8f2b7a64")


class LoopSettings(Struct, frozen=True):
    """What one process of the loop is told."""

    bootstrap_servers: str
    prefix: str
    group_id: str
    model: dict[str, Any]
    scoring_models: list[str]  # the live ones
    expected: int = 0  # records to decide before the meter reports
    batch: int = 20_000
    wait_seconds: float = 0.5


class ScoreChanged(Struct, gc=False):
    event_id: Text
    lead_id: Text
    scoring_model_id: Text
    score: float
    occurred_at: Moment
    grade: str | None = None


class LeadChanged(Struct, gc=False):
    event_id: Text
    lead_id: Text
    occurred_at: Moment
    status: Status | UnsetType = UNSET
    status_reason: StatusReason | UnsetType = UNSET
    sales_ready: bool | UnsetType = UNSET
    owner_id: str | UnsetType | None = UNSET
    contact_id: str | UnsetType | None = UNSET
    attributes: dict[str, Any] | UnsetType = UNSET


decode_score = msgspec.json.Decoder(ScoreChanged).decode
decode_change = msgspec.json.Decoder(LeadChanged).decode
encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Model:
    id: str
    version: int
    match: str
    criteria: list[tuple[str, float]]
    may_miss: int
    marketing_qualified: bool
    sales_ready: bool


class Loop(ABC):
    def __init__(self, settings: LoopSettings) -> None:
        self.settings = settings
        prefix = settings.prefix
        self.scores_topic = prefix + "lead-score-changed"
        self.changes_topic = prefix + "lead-changed"
        self.qualified_topic = prefix + "lead-qualified"
        self.dead_letters_topic = prefix + "lead-dead-letters"
        self.state_topic = prefix + "lead-state"
        self.source = f"/lead-qualifier/{settings.group_id}".encode()
        definition = settings.model
        criteria = [(c["scoring_model"], float(c["threshold"])) for c in definition["criteria"]]
        self.live = frozenset(settings.scoring_models)
        self.model = Model(
            id=definition["id"],
            version=1,
            match=definition["match"],
            criteria=criteria,
            may_miss=0 if definition["match"] == "all" else len(criteria) - 1,
            marketing_qualified=definition["actions"].get("status_reason") == "marketing_qualified",
            sales_ready=bool(definition["actions"].get("sales_ready")),
        )
        self.named = frozenset(name for name, _ in criteria)
        self.leads: dict[int, dict[bytes, Any]] = {}  # by partition
        self.changed: dict[int, dict[bytes, Any]] = {}  # of this batch; None: erased
        self.changes_decided: dict[int, int] = {}  # by partition, the offset before which each lead-changed is decided
        self.qualified: list[tuple[bytes, dict[str, Any]]] = []
        self.dead_letters: list[tuple[Message, str]] = []
        self.outcomes: Counter[str] = Counter()
        self.decided = 0
        self.assignment = 0  # how many there were
        self.meter = Meter(settings.expected)
        self.stopping = False
        self.common: dict[str, Any] = {"bootstrap.servers": settings.bootstrap_servers}

    def connect(self) -> None:
        """To Kafka; what is decided needs none of it."""
        settings, common = self.settings, self.common
        self.admin = AdminClient(common)
        self.consumer = confluent_kafka.Consumer(
            {
                **common,
                "group.id": settings.group_id,
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "earliest",
                "session.timeout.ms": 10_000,
                "fetch.wait.max.ms": 50,
                "queued.min.messages": 100_000,
            }
        )
        self.producer = confluent_kafka.Producer(
            {
                **common,
                "transactional.id": f"{settings.group_id}-{time.time_ns()}",
                "transaction.timeout.ms": 10_000,
                "partitioner": "murmur2_random",
                "compression.type": "gzip",  # as the worker does by default
                "compression.level": 1,
                "linger.ms": 5,
                "queue.buffering.max.messages": 1_000_000,
                "delivery.report.only.error": True,
            }
        )

    @abstractmethod
    def decode_lead(self, value: bytes) -> Any:
        """A lead as the changelog has it."""

    @abstractmethod
    def decide_score(self, message: Message) -> None:
        """Apply a score and decide: fills `leads`, `changed`, `qualified`, `outcomes`."""

    @abstractmethod
    def new_lead(self) -> Any:
        """A lead that nothing is known about."""

    @abstractmethod
    def changed_at(self, lead: Any) -> datetime | None:
        """When the CRM last changed it."""

    @abstractmethod
    def apply_change(self, lead: Any, change: LeadChanged) -> None:
        """Apply a lead-changed that is not stale."""

    def change(self, message: Message) -> None:
        """Apply a lead-changed."""
        key = message.key()
        value = message.value()
        leads = self.leads[message.partition()]
        changed = self.changed[message.partition()]
        if value is None:
            self.outcomes["erased"] += 1
            if leads.pop(key, None) is not None:
                changed[key] = None
            return
        change = decode_change(value)
        if change.lead_id.encode() != key:
            self.dead_letters.append((message, "the key is not the lead_id"))
            return
        lead = leads.get(key)
        if lead is None:
            lead = leads[key] = self.new_lead()
        changed_at = self.changed_at(lead)
        if changed_at is not None and change.occurred_at < changed_at:
            self.outcomes["stale_change"] += 1
            return
        self.apply_change(lead, change)
        self.outcomes["changed"] += 1
        changed[key] = lead

    def run(self) -> None:
        self.connect()
        self.producer.init_transactions(30)
        self.consumer.subscribe([self.scores_topic, self.changes_topic], on_assign=self.assigned)
        batch = self.settings.batch
        while not self.stopping:
            first = self.consumer.consume(1, self.settings.wait_seconds)
            if not first:
                continue
            assignment = self.assignment
            messages = self.consumer.consume(batch - 1, 0)  # what is there by now, without waiting for more
            if self.assignment == assignment:
                messages = first + messages
            self.decide_batch(messages)
            self.commit()
            self.decided += len(messages)
            self.meter.decided(self.decided)
        self.consumer.close()

    def assigned(self, consumer: confluent_kafka.Consumer, partitions: list[TopicPartition]) -> None:
        """Restore the leads of the partitions that are ours now, and read their inputs from the committed offsets."""
        self.assignment += 1
        self.leads = {}
        numbers = sorted({tp.partition for tp in partitions})
        self.restore(numbers)
        gc.freeze()
        committed = consumer.committed(partitions, timeout=30)
        self.changes_decided = {tp.partition: max(tp.offset, 0) for tp in committed if tp.topic == self.changes_topic}
        consumer.assign(committed)
        self.meter.ready()

    def restore(self, numbers: list[int]) -> None:
        self.leads = {number: {} for number in numbers}
        wanted = {TopicPartition(self.state_topic, number): OffsetSpec.latest() for number in numbers}
        ends = {tp.partition: f.result().offset for tp, f in self.admin.list_offsets(wanted).items()}
        reading = {number for number, end in ends.items() if end > 0}
        consumer = confluent_kafka.Consumer(
            {
                **self.common,
                "group.id": self.settings.group_id + "-restore",
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
            }
        )
        consumer.assign([TopicPartition(self.state_topic, number, 0) for number in reading])
        message: Message
        while reading:
            for message in consumer.consume(10_000, 0.5):
                number = message.partition()
                if message.error() is not None:
                    # a transaction left open by a process that died holds this back until it times out
                    if message.offset() >= ends[number]:
                        reading.discard(number)
                elif message.value() is None:
                    self.leads[number].pop(message.key(), None)
                else:
                    self.leads[number][message.key()] = self.decode_lead(message.value())
        consumer.close()

    def decide_batch(self, messages: list[Message]) -> None:
        self.changed = {number: {} for number in self.leads}
        self.qualified = []
        self.dead_letters = []
        scores_topic = self.scores_topic
        for message in messages:
            error = message.error()
            if error is not None:
                raise confluent_kafka.KafkaException(error)
            try:
                if message.topic() == scores_topic:
                    self.decide_score(message)
                else:
                    self.changes_decided[message.partition()] = message.offset() + 1
                    self.change(message)
            except msgspec.DecodeError as bad:
                self.dead_letters.append((message, str(bad)))

    def qualified_event(
        self, event: ScoreChanged, message: Message, number: int, at: datetime, **found: Any
    ) -> dict[str, Any]:
        model = self.model
        identity = json.dumps([event.lead_id, model.id, model.version, number, event.event_id])
        return {
            "event_id": str(uuid5(_IDS, identity)),
            "lead_id": event.lead_id,
            "qualification_model_id": model.id,
            "qualification_model_version": model.version,
            "match": model.match,
            **found,
            "qualification_number": number,
            "lead_changed_offset": self.changes_decided.get(message.partition(), 0),
            "origin": "live",
            "occurred_at": at,
            "trigger": {
                "event_id": event.event_id,
                "topic": "lead-score-changed",
                "partition": message.partition(),
                "offset": message.offset(),
            },
        }

    def commit(self) -> None:
        producer = self.producer
        producer.begin_transaction()
        now = encode(datetime.now(UTC))[1:-1]
        for key, event in self.qualified:
            headers = [
                ("ce_specversion", b"1.0"),
                ("ce_id", event["event_id"].encode()),
                ("ce_source", self.source),
                ("ce_type", b"lead-qualifier.lead-qualified"),
                ("ce_time", now),
                ("ce_subject", key),
                ("content-type", b"application/json"),
            ]
            producer.produce(self.qualified_topic, encode(event), key, headers=headers)
        for message, reason in self.dead_letters:
            headers = [("dl_reason", reason.encode())]
            producer.produce(self.dead_letters_topic, message.value(), message.key(), headers=headers)
        for number, changed in self.changed.items():
            if changed:
                states = [{"key": k, "value": None if lead is None else encode(lead)} for k, lead in changed.items()]
                if producer.produce_batch(self.state_topic, states, partition=number) != len(states):
                    _die("the producer's queue is full")
        offsets = [tp for tp in self.consumer.position(self.consumer.assignment()) if tp.offset >= 0]
        producer.send_offsets_to_transaction(offsets, self.consumer.consumer_group_metadata())
        producer.commit_transaction()
        if self.qualified:
            self.log()

    def log(self) -> None:
        """One line per qualification, now that it is one."""
        stamp = datetime.now(UTC).isoformat()
        lines = [
            encode(
                {
                    "event": "lead_qualified",
                    "level": "info",
                    "timestamp": stamp,
                    "lead_id": event["lead_id"],
                    "model": event["qualification_model_id"],
                    "version": event["qualification_model_version"],
                    "number": event["qualification_number"],
                    "origin": event["origin"],
                    "event_id": event["event_id"],
                    "trigger_event_id": event["trigger"]["event_id"],
                }
            )
            for _, event in self.qualified
        ]
        sys.stderr.buffer.write(b"\n".join(lines) + b"\n")
        sys.stderr.buffer.flush()


def _die(reason: str) -> NoReturn:
    raise SystemExit(f"{reason}: nothing was committed; the next process goes on from the changelog")


def main(kind: type[Loop]) -> None:
    """Run one process of the loop until SIGTERM; its only argument is LoopSettings as JSON."""
    loop = kind(msgspec.json.decode(sys.argv[1], type=LoopSettings))

    def stop(_number: int, _frame: object) -> None:
        loop.stopping = True

    signal.signal(signal.SIGTERM, stop)
    loop.run()
