"""What the worker is measured against: the same decisions in one process, written by hand on confluent-kafka.

Consume a batch, decide, write outputs and changed states in one transaction with the offsets, commit. Exactly once: a
reader of committed records, states in a changelog, offsets in the transaction, fenced by the group's generation. An
error ends the process; the next one restores its leads from the changelog. It is written to be fast: typed structs that
the garbage collector does not walk, what was restored frozen, no report on what was delivered, one write of the log a
batch. What else the worker does is left out: criteria that change while it runs, sweeps, a check of the partitioner and
of sizes, metrics, health, going on after an abort.

    python -m bench.loop SETTINGS-AS-JSON
"""

from __future__ import annotations

import gc
import json
import signal
import sys
import time
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


class Score(Struct, gc=False):
    value: float
    at: Moment


class Mark(Struct, omit_defaults=True, gc=False):
    version: int
    number: int
    at: Moment
    trigger: str
    cleared: bool = False


class Lead(Struct, omit_defaults=True, kw_only=True, gc=False):
    status: str = "open"
    status_reason: str = "new"
    sales_ready: bool = False
    known: bool = False
    owner_id: str | None = None
    contact_id: str | None = None
    attributes: dict[str, Any] = {}
    changed_at: Moment | None = None
    scores: dict[str, Score] = {}
    marks: dict[str, Mark] = {}
    qualified_at: Moment | None = None
    qualified_flags: tuple[str, ...] = ()


_decode_score = msgspec.json.Decoder(ScoreChanged).decode
_decode_change = msgspec.json.Decoder(LeadChanged).decode
_decode_lead = msgspec.json.Decoder(Lead).decode
_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Model:
    id: str
    version: int
    match: str
    criteria: list[tuple[str, float]]
    may_miss: int
    marketing_qualified: bool
    sales_ready: bool


class Loop:
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
        self.leads: dict[int, dict[bytes, Lead]] = {}  # by partition
        self.changed: dict[int, dict[bytes, Lead | None]] = {}  # of this batch
        self.qualified: list[tuple[bytes, dict[str, Any]]] = []
        self.dead_letters: list[tuple[Message, str]] = []
        self.outcomes: Counter[str] = Counter()
        self.decided = 0
        self.assignment = 0  # how many there were
        self.meter = Meter(settings.expected)
        self.stopping = False
        common: dict[str, Any] = {"bootstrap.servers": settings.bootstrap_servers}
        self.admin = AdminClient(common)
        self.common = common
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
                "compression.type": "lz4",
                "linger.ms": 5,
                "queue.buffering.max.messages": 1_000_000,
                "delivery.report.only.error": True,
            }
        )

    def run(self) -> None:
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
        consumer.assign(consumer.committed(partitions, timeout=30))
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
                    self.leads[number][message.key()] = _decode_lead(message.value())
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
                    self.change(message)
            except msgspec.DecodeError as bad:
                self.dead_letters.append((message, str(bad)))

    def decide_score(self, message: Message) -> None:
        key = message.key()
        event = _decode_score(message.value() or b"")
        if event.lead_id.encode() != key:
            self.dead_letters.append((message, "the key is not the lead_id"))
            return
        partition = message.partition()
        leads = self.leads[partition]
        lead = leads.get(key)
        if lead is None:
            lead = leads[key] = Lead()
        name = sys.intern(event.scoring_model_id)
        at = event.occurred_at
        held = lead.scores.get(name)
        if held is not None and at < held.at:
            if name in self.named:
                self.outcomes["stale_score"] += 1
            return
        lead.scores[name] = Score(event.score, at)
        self.changed[partition][key] = lead
        if name in self.named:
            self.outcomes[self.decide(key, lead, event, message)] += 1

    def decide(self, key: bytes, lead: Lead, event: ScoreChanged, message: Message) -> str:
        model = self.model
        if lead.status != "open" or lead.status_reason == "qualified":
            return "lead_not_open"
        may_miss = model.may_miss
        for name, threshold in model.criteria:
            score = lead.scores.get(name)
            if score is None or score.value < threshold or name not in self.live:
                if not may_miss:
                    return "criteria_not_met"
                may_miss -= 1
        mark = lead.marks.get(model.id)
        if mark is not None and not mark.cleared:
            return "already_qualified"
        changes: dict[str, Any] = {}
        if model.marketing_qualified and lead.status_reason != "marketing_qualified":
            changes["status_reason"] = {"from": lead.status_reason, "to": "marketing_qualified"}
        if model.sales_ready and not lead.sales_ready:
            changes["sales_ready"] = {"from": False, "to": True}
        if not changes:
            return "already_qualified"
        self.qualify(key, lead, event, message, changes)
        return "qualified"

    def qualify(self, key: bytes, lead: Lead, event: ScoreChanged, message: Message, changes: dict[str, Any]) -> None:
        model = self.model
        held = lead.marks.get(model.id)
        number = 1 if held is None else held.number + 1
        at = event.occurred_at.astimezone(UTC)
        if "status_reason" in changes:
            lead.status_reason = "marketing_qualified"
        if "sales_ready" in changes:
            lead.sales_ready = True
        lead.marks[model.id] = Mark(model.version, number, at, event.event_id)
        if lead.qualified_at is None or at >= lead.qualified_at:
            lead.qualified_at = at
            lead.qualified_flags = tuple(changes)
        identity = json.dumps([event.lead_id, model.id, model.version, number, event.event_id])
        criteria = []
        for name, threshold in model.criteria:
            score = lead.scores.get(name)
            met = score is not None and score.value >= threshold and name in self.live
            evidence = {"scoring_model_id": name, "threshold": threshold, "met": met}
            if score is not None:
                evidence["score"] = score.value
                evidence["scored_at"] = score.at
            criteria.append(evidence)
        state = {"status": lead.status, "status_reason": lead.status_reason, "sales_ready": lead.sales_ready}
        if lead.owner_id is not None:
            state["owner_id"] = lead.owner_id
        output = {
            "event_id": str(uuid5(_IDS, identity)),
            "lead_id": event.lead_id,
            "qualification_model_id": model.id,
            "qualification_model_version": model.version,
            "match": model.match,
            "criteria": criteria,
            "changes": changes,
            "lead": state,
            "qualification_number": number,
            "origin": "live",
            "occurred_at": at,
            "trigger": {
                "event_id": event.event_id,
                "topic": "lead-score-changed",
                "partition": message.partition(),
                "offset": message.offset(),
            },
        }
        if lead.contact_id is not None:
            output["contact_id"] = lead.contact_id
        self.qualified.append((key, output))

    def change(self, message: Message) -> None:
        key = message.key()
        value = message.value()
        leads = self.leads[message.partition()]
        changed = self.changed[message.partition()]
        if value is None:
            self.outcomes["erased"] += 1
            if leads.pop(key, None) is not None:
                changed[key] = None
            return
        change = _decode_change(value)
        if change.lead_id.encode() != key:
            self.dead_letters.append((message, "the key is not the lead_id"))
            return
        lead = leads.get(key)
        if lead is None:
            lead = leads[key] = Lead()
        if lead.changed_at is not None and change.occurred_at < lead.changed_at:
            self.outcomes["stale_change"] += 1
            return
        apply_change(lead, change)
        self.outcomes["changed"] += 1
        changed[key] = lead

    def commit(self) -> None:
        producer = self.producer
        producer.begin_transaction()
        now = _encode(datetime.now(UTC))[1:-1]
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
            producer.produce(self.qualified_topic, _encode(event), key, headers=headers)
        for message, reason in self.dead_letters:
            headers = [("dl_reason", reason.encode())]
            producer.produce(self.dead_letters_topic, message.value(), message.key(), headers=headers)
        for number, changed in self.changed.items():
            if changed:
                states = [{"key": k, "value": None if lead is None else _encode(lead)} for k, lead in changed.items()]
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
            _encode(
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


def apply_change(lead: Lead, change: LeadChanged) -> None:
    at = change.occurred_at
    overtaken = lead.qualified_at is not None and at < lead.qualified_at
    kept = lead.qualified_flags if overtaken else ()
    before = (lead.status, lead.status_reason, lead.sales_ready)
    if change.status is not UNSET:
        lead.status = change.status
    if change.status_reason is not UNSET and "status_reason" not in kept:
        lead.status_reason = change.status_reason
    if change.sales_ready is not UNSET and "sales_ready" not in kept:
        lead.sales_ready = change.sales_ready
    if change.owner_id is not UNSET:
        lead.owner_id = change.owner_id
    if change.contact_id is not UNSET:
        lead.contact_id = change.contact_id
    if change.attributes is not UNSET:
        merged = lead.attributes | change.attributes
        lead.attributes = {name: content for name, content in merged.items() if content is not None}
    lead.known = True
    lead.changed_at = at
    reset = before[1] == "marketing_qualified" != lead.status_reason or (before[2] and not lead.sales_ready)
    reopened = before[0] != "open" and lead.status == "open"
    if (reset or reopened) and not overtaken:
        for mark in lead.marks.values():
            mark.cleared = True


def _die(reason: str) -> NoReturn:
    raise SystemExit(f"{reason}: nothing was committed; the next process goes on from the changelog")


def main() -> None:
    loop = Loop(msgspec.json.decode(sys.argv[1], type=LoopSettings))

    def stop(_number: int, _frame: object) -> None:
        loop.stopping = True

    signal.signal(signal.SIGTERM, stop)
    loop.run()


if __name__ == "__main__":
    main()
