"""The downstream services that are keyed by lead: one lead's records in, the expected output by topic out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from tests.oracle import reading
from tests.oracle.conditions import is_so
from tests.oracle.follow_up import LeadInFollowUps
from tests.oracle.journeys import LeadInJourneys
from tests.oracle.known import Erasures, KnownLead
from tests.oracle.lengths import milliseconds
from tests.oracle.reading import Bad, Input, moment
from tests.oracle.sequences import LeadInSequences

Live = dict[str, tuple[int, dict[str, Any]]]
"""Version and definition of what runs, by id."""
Rules = Callable[[int], Live]
"""What ran at a revision."""


class OfService(ABC):
    """What they have in common: which records are to be taken, and by which rules. An OfLead of `ordering`."""

    def __init__(self, partitions: int, rules: Rules = lambda _: {}) -> None:
        self._partitions = partitions
        self._rules = rules
        self.now = 0
        self.live: Live = {}
        self.told: dict[str, list[Any]] = defaultdict(list)
        self._erasures = Erasures()

    def at(self, now: int, revision: int) -> None:
        self.now, self.live = now, self._rules(revision)

    def take(self, record: Input) -> None:
        try:
            told = reading.of_lead(record, self._partitions)
        except Bad:
            return
        match record.topic:
            case _ if told is None:
                self._erasures.erased(record.offset)
                self.erased(record)
            case topic if self._erasures.concern(topic, told):
                return
            case "lead-changed":
                self.changed(told)
            case "lead-merged":
                self.merged(told)
            case "lead-qualified":
                self.qualified(told)
            case topic:
                self.further(topic, told)

    def wakings(self) -> int:
        return int(self.overdue(self.now))

    def wake(self, way: int) -> None:
        raise NotImplementedError  # never called where `wakings` are none

    def overdue(self, now: int) -> bool:
        return False

    @abstractmethod
    def erased(self, record: Input) -> None:
        """The lead is erased."""

    @abstractmethod
    def changed(self, told: dict[str, Any]) -> None:
        """A lead-changed."""

    @abstractmethod
    def merged(self, told: dict[str, Any]) -> None:
        """A lead-merged."""

    @abstractmethod
    def qualified(self, told: dict[str, Any]) -> None:
        """A lead-qualified."""

    def further(self, topic: str, told: dict[str, Any]) -> None:
        raise NotImplementedError  # never called where no other topics are read


class _Timed(OfService):
    """Of a service whose oracle takes messages as they are."""

    TOPIC = ""

    def __init__(self, partitions: int, rules: Rules, lead: Any) -> None:
        super().__init__(partitions, rules)
        self._lead = lead
        self.told = {self.TOPIC: lead.told}

    def at(self, now: int, revision: int) -> None:
        super().at(now, revision)
        self._lead.now, self._lead.live = self.now, self.live

    def wake(self, way: int) -> None:
        self._lead.wake()

    def overdue(self, now: int) -> bool:
        return self._lead.next_time is not None and self._lead.next_time <= now

    def erased(self, record: Input) -> None:
        self._lead.erased()

    def changed(self, told: dict[str, Any]) -> None:
        self._lead.changed(told)

    def merged(self, told: dict[str, Any]) -> None:
        self._lead.merged(told)

    def qualified(self, told: dict[str, Any]) -> None:
        self._lead.qualified(told)


class InJourneys(_Timed):
    """Entries that are requested."""

    TOPIC = "journey-entry-requested"

    def __init__(self, partitions: int, rules: Rules) -> None:
        super().__init__(partitions, rules, LeadInJourneys({}))

    @staticmethod
    def told_by(event: dict[str, Any]) -> tuple[Any, ...]:
        """The same of an event that was emitted."""
        return (
            event["journey_id"],
            event["journey_version"],
            event["entry_number"],
            event["trigger"]["event_id"],
            {name: one["value"] for name, one in event["payload"].items()},
            event.get("contact_id"),
        )


class InFollowUps(_Timed):
    """What is overdue."""

    TOPIC = "lead-follow-up-overdue"

    def __init__(self, partitions: int, rules: Rules) -> None:
        super().__init__(partitions, rules, LeadInFollowUps({}))

    def further(self, topic: str, told: dict[str, Any]) -> None:
        match topic:
            case "lead-assigned":
                self._lead.assigned(told)
            case "lead-sales-response":
                self._lead.responded(told)
            case "activity-completed":
                self._lead.done(told)

    @staticmethod
    def told_by(event: dict[str, Any]) -> tuple[Any, ...]:
        """The same of an event that was emitted."""
        return (
            event["follow_up_id"],
            event["follow_up_version"],
            event["stage"],
            event["overdue_number"],
            event["trigger"]["event_id"],
            event.get("owner_id"),
        )


class InSequences(OfService):
    """Steps that are due, and states. `steps`: sequence, connection number and step of each sequence-step-due, by its
    event_id.
    """

    STEPS, STATES = "sequence-step-due", "sequence-changed"

    def __init__(self, partitions: int, rules: Rules, steps: Mapping[str, tuple[str, int, str]]) -> None:
        super().__init__(partitions, rules)
        self._steps = steps
        self._begin()

    def at(self, now: int, revision: int) -> None:
        super().at(now, revision)
        self._set()

    def wakings(self) -> int:
        # the sweep after a stop looks only for that; a time that has come looks for both
        stopped = bool(self._lead.ways.keys() - self._lead.live.keys())
        return stopped + (stopped or self.overdue(self.now))

    def wake(self, way: int) -> None:
        stops_only = self.wakings() == 2 and way == 0
        self._lead.stopped()
        if not stops_only:
            self._lead.elapse(self.now)
        self._tell()

    def overdue(self, now: int) -> bool:
        return any(way.until is not None and way.until <= now for way in self._lead.ways.values())

    def erased(self, record: Input) -> None:
        self._begin()

    def changed(self, told: dict[str, Any]) -> None:
        if self._known.change(told) is not None:
            self._another()

    def merged(self, told: dict[str, Any]) -> None:
        if not self._known.merged:
            self._known.merged = True
            self._another()

    def qualified(self, told: dict[str, Any]) -> None:
        if self._is_new(told):
            self._known.qualify(told)
            self._another()
            self._connect_by("lead-qualified", told, told["qualification_model_id"])
            self._tell()

    def further(self, topic: str, told: dict[str, Any]) -> None:
        if topic == "lead-assigned" and told.get("owner", {}).get("kind") != "seller":
            return
        if topic == "lead-assigned" and "owner_departed" in told:
            return
        if topic == "activity-completed" and not self._held:
            return  # nothing is begun for a lead by what was done about it
        if not self._is_new(told):
            return
        self._lead.stopped()
        match topic:
            case "lead-assigned":
                self._connect_by(topic, told)
            case "sequence-connections" if told["action"] == "disconnect":
                self._lead.disconnect(told["sequence_id"])
            case "sequence-connections":
                wait_ms = milliseconds(told.get("wait", "0s"))
                self._lead.connect(told["sequence_id"], wait_ms=wait_ms, occurred_ms=_milliseconds(told))
            case "activity-completed":
                automatic = told.get("automatic") is True
                if not automatic and (told["kind"] == "reply" or told.get("direction") == "incoming"):
                    self._lead.reply(_milliseconds(told))
                if (step := self._steps.get(told.get("step_event_id", ""))) is not None:
                    self._lead.done(*step, told.get("result"), automatic=automatic)
        self._tell()

    def _begin(self) -> None:
        self._known = KnownLead()
        self._held = False
        self._seen: set[str] = set()
        self._lead = LeadInSequences({})
        self._set()

    def _set(self) -> None:
        self._lead.now = self.now
        self._lead.live = {name: definition for name, (_, definition) in self.live.items()}

    def _is_new(self, told: dict[str, Any]) -> bool:
        new = told["event_id"] not in self._seen
        self._seen.add(told["event_id"])
        self._held = True
        return new

    def _another(self) -> None:
        self._held = True
        lead, known = self._lead, self._known
        lead.stopped()
        lead.facts, lead.attributes, lead.merged = known.own, known.attributes, known.merged
        lead.change()
        self._tell()

    def _connect_by(self, event: str, told: dict[str, Any], model_id: str | None = None) -> None:
        for name, definition in sorted(self._lead.live.items()):
            how = definition.get("connect", {})
            meant = how.get("on") == event and model_id in how.get("models", [model_id])
            if meant and is_so(how.get("when"), self._known.own, self._known.attributes):
                wait_ms = milliseconds(how.get("wait", "0s"))
                self._lead.connect(name, wait_ms=wait_ms, occurred_ms=_milliseconds(told))

    def _tell(self) -> None:
        for sequence_id, number, what in self._lead.told:
            if what.startswith("step:"):
                self.told[self.STEPS].append((sequence_id, number, what.removeprefix("step:")))
            else:
                self.told[self.STATES].append((sequence_id, number, what))
        self._lead.told.clear()

    @staticmethod
    def step_by(event: dict[str, Any]) -> tuple[str, int, str]:
        """The same of a step that is due."""
        return event["sequence_id"], event["connection_number"], event["step_id"]

    @staticmethod
    def state_by(event: dict[str, Any]) -> tuple[str, int, str]:
        """The same of a change of state."""
        reason = f" ({event['reason']})" if "reason" in event else ""
        return event["sequence_id"], event["connection_number"], event["state"] + reason


class InIntake(OfService):
    """What of a lead must come into assignment's queue."""

    def __init__(self, partitions: int) -> None:
        super().__init__(partitions)
        self._begin()

    def erased(self, record: Input) -> None:
        if self._queued:
            self._queue("closed", f"{record.topic}/{record.partition}/{record.offset}")
        self._begin()

    def changed(self, told: dict[str, Any]) -> None:
        attributes = self._known.attributes
        became = self._known.change(told)
        if not self._queued or not (became or _differ(attributes, self._known.attributes)):
            return
        if self._known.open:
            self._queue("changed", told["event_id"], "owner_id" in (became or {}), *self._like())
        else:
            self._close(told)

    def merged(self, told: dict[str, Any]) -> None:
        self._known.merged = True
        if self._queued:
            self._close(told)

    def qualified(self, told: dict[str, Any]) -> None:
        if told["event_id"] in self._seen:
            return
        self._seen.add(told["event_id"])
        self._known.qualify(told)
        if self._known.open:
            self._queued = True
            self._queue("qualified", told["event_id"], told["qualification_model_id"], *self._like())

    def _begin(self) -> None:
        self._known = KnownLead()
        self._seen: set[str] = set()
        self._queued = False

    def _close(self, told: dict[str, Any]) -> None:
        self._queued = False
        self._queue("closed", told["event_id"])

    def _like(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return dict(self._known.own), dict(self._known.attributes)

    def _queue(self, *what: Any) -> None:
        self.told["assignment-queue"].append(what)

    @staticmethod
    def told_by(queued: dict[str, Any]) -> tuple[Any, ...]:
        """The same of a record of the queue."""
        cause = queued["cause"]["trigger"]["event_id"]
        like = (queued.get("own", {}), queued.get("attributes", {}))
        match queued["type"]:
            case "qualified":
                return ("qualified", cause, queued["model_id"], *like)
            case "changed":
                return ("changed", cause, queued["owner_changed"], *like)
            case _:
                return (queued["type"], cause)


def _differ(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return {name: (type(value), value) for name, value in one.items()} != {
        name: (type(value), value) for name, value in other.items()
    }


def _milliseconds(told: dict[str, Any]) -> int:
    return round(moment(told["occurred_at"]).timestamp() * 1000)
