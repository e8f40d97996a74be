"""The services behind qualification in a chaos run: what they decided is what their oracles do, in the order and at the
times that the services wrote down.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from lead_qualifier.services.topology import DOWNSTREAM
from tests.chaos.cluster import Cluster
from tests.chaos.offsets import PatientReader
from tests.chaos.sales import KINDS, SELLERS, Sales, definitions, order, seller
from tests.oracle import reading
from tests.oracle.assignment import AssignmentOracle, as_told
from tests.oracle.journal import Cycle, Journal, OutOfStep
from tests.oracle.ordering import OfLead, Step, steps_of, unexplained
from tests.oracle.reading import Bad, Input
from tests.oracle.services import InFollowUps, InIntake, InJourneys, InSequences, Live, Rules
from tests.support.messages import encode
from tests.support.schemas import breaches

#: What each application reads, by its changelog.
_INPUTS = {
    state.name: tuple(topic.name for topic in inputs)
    for service in DOWNSTREAM.values()
    for state, inputs in service.changelogs.items()
}
_OF_LEADS = frozenset(_INPUTS["sequence-state"]) | frozenset(_INPUTS["follow-up-state"])
_KEYED = ("journey-state", "sequence-state", "follow-up-state", "assignment-lead-state")
#: What each tells, by topic, as its oracle does.
_TOLD: dict[str, dict[str, Callable[[dict[str, Any]], Any]]] = {
    "journey-state": {InJourneys.TOPIC: InJourneys.told_by},
    "sequence-state": {InSequences.STEPS: InSequences.step_by, InSequences.STATES: InSequences.state_by},
    "follow-up-state": {InFollowUps.TOPIC: InFollowUps.told_by},
}
_OUT = (InJourneys.TOPIC, "lead-assigned", InSequences.STEPS, InSequences.STATES, InFollowUps.TOPIC)
_TRAILS = tuple(f"{kind}-definition-changed" for kind in KINDS)
_DEAD = "downstream-dead-letters"
_QUIET_SECONDS = 2.0
#: Whatever was due so long before a comparison has been decided by then (milliseconds).
_LATE_MS = 15_000


@dataclass
class Figures:
    """What came of it so far."""

    told: Counter[str] = field(default_factory=Counter)
    codes: Counter[int] = field(default_factory=Counter)
    dead_letters: int = 0
    definitions: int = 0
    cycles: int = 0
    slowest_drain: float = 0.0


class Chain:
    """Made once the services are up: their topics are there then."""

    def __init__(self, cluster: Cluster, seed: int) -> None:
        self._cluster = cluster
        self._dice = random.Random(f"chain {seed}")
        inputs = {topic for topics in _INPUTS.values() for topic in topics}
        topics = (*sorted(inputs), *_INPUTS, *_OUT, *_TRAILS, _DEAD)
        self._reader = PatientReader(
            cluster.bootstrap, cluster.prefix, tuple(dict.fromkeys(topics)), client=cluster.CLIENT
        )
        self._journals = {name: Journal(name, topics, cluster.prefix) for name, topics in _INPUTS.items()}
        self._rules: dict[str, list[tuple[int, Live]]] = {kind: [(0, {})] for kind in KINDS}
        self._steps: dict[str, dict[bytes, list[Step]]] = {name: {} for name in _KEYED}
        self._seen: Counter[str] = Counter()
        self._step_ids: dict[str, tuple[str, int, str]] = {}
        self._oracle = AssignmentOracle()
        self._decided = 0
        self._out_of_step = ""
        self._validated: Counter[str] = Counter()
        self.undrained = ""
        self.figures = Figures()

    def prepare(self) -> None:
        """Sellers, and a definition or more of each kind, live."""
        for seller_id in SELLERS:
            self._cluster.send_bytes("seller-changed", seller_id.encode(), encode(seller(seller_id, self._dice)))
        self.drain()
        for kind in KINDS:
            for definition in definitions(kind, self._dice):
                for command in ("apply", "publish"):
                    told = encode(order(command, definition))
                    self._cluster.send_bytes(f"{kind}-commands", definition["id"].encode(), told)
        self.drain()
        for trail in _TRAILS:
            outcomes = [_json(record) for record in self._records(trail)]
            refused = [one["message"] for one in outcomes if one["outcome"] != "accepted"]
            assert outcomes, f"nothing on {trail}"
            assert not refused, refused

    def sales(self, leads: Sequence[str]) -> Sales:
        """What sales does in a phase, not yet begun."""

        def steps() -> Sequence[Input]:
            self._reader.read(20)
            return self._records(InSequences.STEPS)

        return Sales(self._cluster.send_bytes, steps, leads, random.Random(self._dice.random()))

    # -- until all is decided

    def drain(self, timeout: float = 240) -> float:
        """Wait until the services have decided everything there is; returns the seconds it took. `undrained`: what
        there still was to wait for after `timeout`.
        """
        quiet_since = time.monotonic()
        self._cluster.flush()

        def waits_for() -> str:
            nonlocal quiet_since
            if self._reader.read(20):
                quiet_since = time.monotonic()
            return self._waits_for(time.monotonic() - quiet_since)

        took, self.undrained = self._cluster.supervise_until_done(waits_for, timeout)
        self.figures.slowest_drain = max(self.figures.slowest_drain, took)
        return took

    def _waits_for(self, quiet: float) -> str:
        try:
            for name, journal in self._journals.items():
                journal.read(self._reader.records)
                if count := journal.unprocessed(self._reader.records):
                    return f"{count} records that {name} does not tell of"
        except OutOfStep as error:
            self._out_of_step = str(error)
            return ""
        if quiet < _QUIET_SECONDS:
            return "records that still come"
        return "" if self._cluster.all_ready() else "a process that is not ready"

    # -- against the oracles

    def differences(self) -> list[str]:
        """Everything in which the services differ from their oracles so far."""
        if self._out_of_step:
            return [f"chain: {self._out_of_step}"]
        if self.undrained:
            return [f"chain: not decided in time: it waited for {self.undrained}"]
        while self._reader.read():  # what belongs together is all there once nothing new is
            time.sleep(0.05)
        until = int(time.time() * 1000) - _LATE_MS
        records = self._reader.records
        for journal in self._journals.values():
            journal.read(records)
        self._read_trails()
        return [
            f"chain: {one}"
            for one in (
                *(wrong for name in _KEYED for wrong in self._of_leads(name, until)),
                *self._relayed(),
                *self._assigned(),
                *self._dead(),
                *self._ids(),
                *self._breaches(),
            )
        ]

    def _of_leads(self, name: str, until: int) -> Iterable[str]:
        steps = self._steps[name]
        for place, cycles in sorted(self._journals[name].cycles.items()):
            seen = self._seen[f"{name}/{place}"]
            self._seen[f"{name}/{place}"] = len(cycles)
            self.figures.cycles += len(cycles) - seen
            for lead, its in steps_of(cycles[seen:], lambda record: record.key).items():
                steps.setdefault(lead, []).extend(its)
        found = self._found(name)
        for lead in sorted({*steps, *found}):
            wrong = unexplained(steps.get(lead, []), lambda: self._oracle_of(name), found.get(lead, {}), until=until)
            if wrong is not None:
                yield f"{name} of {lead.decode(errors='replace')}: {wrong}"

    def _oracle_of(self, name: str) -> OfLead:
        partitions = self._cluster.partitions
        match name:
            case "journey-state":
                return InJourneys(partitions, self._at_revision("journey"))
            case "sequence-state":
                return InSequences(partitions, self._at_revision("sequence"), self._step_ids)
            case "follow-up-state":
                return InFollowUps(partitions, self._at_revision("follow-up"))
            case _:
                return InIntake(partitions)

    def _found(self, name: str) -> dict[bytes, dict[str, list[Any]]]:
        found: dict[bytes, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
        if name == "assignment-lead-state":
            for record in self._records("assignment-queue"):
                queued = _json(record)
                if "lead_id" in queued:
                    found[record.key or b""]["assignment-queue"].append(InIntake.told_by(queued))
            return found
        if name == "sequence-state":
            steps = map(_json, self._records(InSequences.STEPS))
            self._step_ids = {one["event_id"]: InSequences.step_by(one) for one in steps}
        for topic, told_by in _TOLD[name].items():
            self.figures.told[topic] = len(self._records(topic))
            for record in self._records(topic):
                found[record.key or b""][topic].append(told_by(_json(record)))
        return found

    def _relayed(self) -> Iterable[str]:
        """Sellers and commands come into assignment's queue once, in their order; what is bad does not."""
        found: dict[str, list[int]] = {"seller-changed": [], "assignment-commands": []}
        for queued in map(_json, self._records("assignment-queue")):
            if queued["type"] in {"seller", "command"}:
                trigger = queued["cause"]["trigger"]
                found[trigger["topic"]].append(trigger["offset"])
        for topic, offsets in found.items():
            expected = [record.offset for record in self._records(topic) if not self._is_bad(record)]
            if offsets != expected:
                yield f"of {topic} the queue has {offsets[-20:]}, expected {expected[-20:]}"

    def _assigned(self) -> Iterable[str]:
        cycles: list[Cycle] = self._journals["assignment-state"].cycles.get(0, [])
        for cycle in cycles[self._decided :]:
            for record in cycle.records.get("assignment-queue", ()):
                self._oracle.replay(_json(record), datetime.fromtimestamp(cycle.now / 1000, UTC))
        self._decided = len(cycles)
        events = [(record, _json(record)) for record in self._records("lead-assigned")]
        self.figures.told["lead-assigned"] = len(events)
        self.figures.codes = Counter(one["result"]["code"] for _, one in events)
        last: dict[int, int] = {}
        for record, one in events:
            if one["decision_number"] <= last.get(record.partition, 0):
                yield f"lead-assigned/{record.partition}/{record.offset}: {one['decision_number']} out of order"
            last[record.partition] = one["decision_number"]
        in_order = sorted((one for _, one in events), key=lambda one: one["decision_number"])
        if [one["decision_number"] for one in in_order] != list(range(1, len(in_order) + 1)):
            yield "lead-assigned: decision numbers are missing, or there twice"
        for one, foretold in zip(in_order, self._oracle.told, strict=False):
            if as_told(one) != foretold:
                yield f"lead-assigned: {as_told(one)}, expected {foretold}"
                return  # those after it follow from it
        if len(in_order) != len(self._oracle.told):
            yield f"lead-assigned: {len(in_order)} decisions, expected {len(self._oracle.told)}"

    def _dead(self) -> Iterable[str]:
        expected: Counter[tuple[str, int, int]] = Counter()
        # what does not fit into the worker's state of a lead does not fit into the services' either
        unfit = {(one.topic, one.partition, one.offset) for one in self._cluster.oracle.dead}
        for topics in _INPUTS.values():
            for topic in topics:
                for record in self._records(topic):
                    if (topic, record.partition, record.offset) in unfit or self._is_bad(record):
                        expected[topic, record.partition, record.offset] += 1
        found: Counter[tuple[str, int, int]] = Counter()
        for record in self._records(_DEAD):
            said = {name: (content or b"").decode() for name, content in record.headers if name.startswith("dl_")}
            topic = said["dl_topic"].removeprefix(self._cluster.prefix)
            found[topic, int(said["dl_partition"]), int(said["dl_offset"])] += 1
        self.figures.dead_letters = found.total()
        for place in sorted({*expected, *found}):
            if expected[place] != found[place]:
                yield f"dead letters of {place}: {found[place]}, expected {expected[place]}"

    def _is_bad(self, record: Input) -> bool:
        try:
            if record.topic == "seller-changed":
                return reading.message(record).get("time_zone") == "Europe/Atlantis"
            if record.topic in _OF_LEADS:
                reading.of_lead(record, self._cluster.partitions)
        except Bad:
            return True
        return False

    def _ids(self) -> Iterable[str]:
        for topic in _OUT:
            ids = Counter(_json(record)["event_id"] for record in self._records(topic))
            yield from (f"{topic}: event_id {one} is there {count} times" for one, count in ids.items() if count > 1)

    def _breaches(self) -> Iterable[str]:
        for topic, records in self._reader.records.items():
            new = records[self._validated[topic] :]
            self._validated[topic] = len(records)
            if topic in {*_OUT, *_TRAILS, *_INPUTS, _DEAD, "assignment-queue"}:
                yield from breaches(new[:: 1 + len(new) // 500])

    def _read_trails(self) -> None:
        """What was live at each revision, as the audit trail tells."""
        self.figures.definitions = 0
        for kind in KINDS:
            rules: list[tuple[int, Live]] = [(0, {})]
            for told in map(_json, self._records(f"{kind}-definition-changed")):
                if told["outcome"] != "accepted" or told["revision"] <= rules[-1][0]:
                    continue  # nothing changed
                self.figures.definitions += 1
                live = dict(rules[-1][1])
                if told["command"] == "publish":
                    live[told["definition_id"]] = (told["version"], told["definition"])
                elif told["command"] in {"stop", "delete"}:
                    live.pop(told["definition_id"], None)
                rules.append((told["revision"], live))
            self._rules[kind] = rules

    def _at_revision(self, kind: str) -> Rules:
        rules = self._rules[kind]

        def live(revision: int) -> Live:
            return next(there for of, there in reversed(rules) if of <= revision)

        return live

    def _records(self, topic: str) -> Sequence[Input]:
        return self._reader.records[topic]

    def close(self) -> None:
        self._reader.close()


def _json(record: Input) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(record.value or b"{}")
    return found
