"""Histories of one lead as services behind the qualifier read them, in no order of times; a service and its oracle."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from lead_qualifier.definitions.kind import Kind
from lead_qualifier.downstream.lead_snapshot import LeadSnapshot
from tests.oracle.follow_up import LeadInFollowUps
from tests.oracle.journeys import LeadInJourneys
from tests.oracle.known import Erasures
from tests.oracle.lead import Lead, Past
from tests.support.processor_harness import NOW, ProcessorHarness

#: Minutes after nine, at which something occurs: few, so that many are equal and as many stale.
MINUTES = st.integers(0, 12)
_CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["open", "open", "open", "disqualified"]),
        "status_reason": st.sampled_from(["new", "contacted", "marketing_qualified", "marketing_qualified"]),
        "sales_ready": st.booleans(),
        "owner_id": st.sampled_from(["U-1", "U-2", None]),
        "contact_id": st.sampled_from(["C-1", None]),
        "attributes": st.dictionaries(
            st.sampled_from(["country", "size"]), st.sampled_from(["DE", "AT", 1, 2.5, True, None]), max_size=2
        ),
    },
)
_MADE_SO = {"status_reason": "marketing_qualified", "sales_ready": True}
_AT_ONCE = st.sampled_from([True, True, False])
_QUALIFICATIONS = st.tuples(
    st.just("lead-qualified"),
    MINUTES,
    _AT_ONCE,
    st.sampled_from(["enterprise", "enterprise", "webinar"]),
    st.sampled_from([("status_reason", "sales_ready"), ("status_reason", "sales_ready"), ("sales_ready",)]),
)
_CHANGED = st.tuples(st.just("lead-changed"), MINUTES, _AT_ONCE, _CHANGES)

_COMMON = [
    _CHANGED,
    _CHANGED,
    _QUALIFICATIONS,
    _QUALIFICATIONS,
    st.tuples(st.just("rejected"), MINUTES),
    st.tuples(st.just("again"), st.integers(0, 5)),
    st.tuples(st.just("pass"), st.sampled_from([1, 5, 10, 30, 59, 60, 61, 200])),
    st.tuples(st.just("pass"), st.sampled_from([1, 5, 10, 30, 59, 60, 61, 200])),
    st.tuples(st.just("late"), st.sampled_from([30, 60, 200])),
]
"""What every service reads and goes through. What is not read at once is read with the next of its topic that is.
`again` reads an earlier event once more; with `late` the service is away for so many minutes. Of what sales `rejected`
the worker alone hears."""

_RARE = [
    st.tuples(st.just("erased")),
    st.tuples(st.just("lead-merged"), MINUTES, st.just(True), st.just({"survivor_id": "L-2"})),
    st.tuples(st.just("live"), st.integers(0, 7)),
]
"""What ends much. `live`: which of the definitions run from now on, as bits."""
_READ_BY = {
    "lead-changed": "changed",
    "lead-merged": "merged",
    "lead-qualified": "qualified",
    "lead-assigned": "assigned",
    "lead-sales-response": "responded",
    "activity-completed": "done",
}


def histories(*further: st.SearchStrategy[tuple[Any, ...]]) -> st.SearchStrategy[list[tuple[Any, ...]]]:
    """With what else a service reads. Few of them end soon."""
    usual = st.one_of(*_COMMON, *further)
    rare = st.one_of(*_RARE)
    return st.lists(st.integers(0, 19).flatmap(lambda which: rare if which == 19 else usual), min_size=1, max_size=60)


class Both:
    """The same lead at a service and at its oracle. `definitions` run at first; `otherwise`: other versions of them."""

    def __init__(
        self,
        harness: ProcessorHarness,
        oracle: LeadInJourneys | LeadInFollowUps,
        kind: Kind,
        definitions: list[dict[str, Any]],
        otherwise: list[dict[str, Any]],
    ) -> None:
        assert all(kind.problems_of(one, {}) == [] for one in definitions + otherwise)
        self.harness, self.oracle = harness, oracle
        self._versions = definitions, otherwise
        self._read: list[tuple[str, dict[str, Any]]] = []
        self._worker = Lead()
        self._erasures = Erasures()
        self._unread: dict[str, list[tuple[int, dict[str, Any]]]] = {}
        self._publish(definitions)

    def happens(self, number: int, event: tuple[Any, ...]) -> None:
        """The `number`th event."""
        match event:
            case "pass" | "late", _ if self.harness.now > NOW + timedelta(days=6):
                pass  # for so long it is remembered that a lead was erased
            case "pass", minutes:
                self._pass(timedelta(minutes=minutes))
            case "late", minutes:
                self.harness.now += timedelta(minutes=minutes)
                self.harness.wait(timedelta())
                self._set_clock()
                self.oracle.wake()
            case "live", which:
                self._publish([self._versions[number % 2][at] for at in range(3) if which & 1 << at])
            case ("erased",):
                # what else is unread is on its way, and is read after it
                self._read_all("lead-changed")
                self._erasures.erased(self.harness.offset)
                self.harness.send("lead-changed", "L-1", None)
                self.oracle.erased()
                self._worker = Lead()
            case "again", back:
                if self._read:
                    self._reads(*self._read[-1 - back % len(self._read)])
            case "rejected", minutes:
                at = NOW + timedelta(minutes=minutes)
                self._worker.reject(at, {"enterprise": (True, None), "webinar": (True, None)})
            case topic, minutes, at_once, *what:
                at = NOW + timedelta(minutes=minutes)
                told: dict[str, Any] = {"event_id": f"e-{number}", "lead_id": "L-1", "occurred_at": at.isoformat()}
                if topic in {"lead-qualified", "lead-assigned"}:
                    told["lead_changed_offset"] = self.harness.offset
                messages = [(number, one) for one in self._told(topic, told, at, *what)]
                self._unread.setdefault(topic, []).extend(messages)
                if at_once:
                    self._read_all(topic)
        if not number % 7:
            self.harness.restart()
        assert self.harness.refused == []
        held = self.harness.entries.get(b"L-1")
        facts = LeadSnapshot() if held is None else self.harness.decode_state(held).snapshot
        known = self.oracle.lead
        assert (facts.values().own, facts.attributes) == (known.own, known.attributes)
        assert facts.open is known.open

    def _reads(self, topic: str, told: dict[str, Any]) -> None:
        self.harness.send(topic, "L-1", told)
        self._set_clock()
        if not self._erasures.concern(topic, told):
            getattr(self.oracle, _READ_BY[topic])(told)

    def _told(
        self, topic: str, told: dict[str, Any], at: datetime, what: Any, flags: tuple[str, ...] = ()
    ) -> Iterator[dict[str, Any]]:
        """The message, unless a worker would not write it; it reads at once what is told."""
        if topic != "lead-qualified":
            told |= what
            if topic == "lead-changed":
                self._worker.change(told)
            yield told
            return
        now = self._worker.now
        changes = {name: {"from": now[name], "to": _MADE_SO[name]} for name in flags if now[name] != _MADE_SO[name]}
        if changes or len(flags) > 1:
            now |= {name: _MADE_SO[name] for name in changes}
            self._worker.past.append(Past(what, 1, 1, at, "s", frozenset(changes or flags)))
            told |= {"qualification_model_id": what, "changes": changes}
            told["lead"] = {name: now[name] for name in now if name != "contact_id"}
            if self._worker.changed_at is not None:
                told["lead"]["changed_at"] = self._worker.changed_at.isoformat()
            yield told

    def _read_all(self, topic: str, *, before: int | None = None) -> None:
        """What is unread of a topic, or of it what was written `before` an event; causes before effects."""
        unread = self._unread.pop(topic, [])
        while unread and (before is None or unread[0][0] < before):
            number, told = unread.pop(0)
            if topic == "lead-qualified":
                self._read_all("lead-changed", before=number)
                self._read_all("lead-merged", before=number)
            self._read.append((topic, told))
            self._reads(topic, told)
        if unread:
            self._unread[topic] = unread

    def _publish(self, live: list[dict[str, Any]]) -> None:
        self.harness.publish(*live)
        self.oracle.live = {one["id"]: (self.harness.version, one) for one in live}

    def _pass(self, length: timedelta) -> None:
        end = self.harness.now + length
        self.harness.wait(length)
        while (due := self.oracle.next_time) is not None and due <= end.timestamp() * 1000:
            self.oracle.now = max(self.oracle.now, due)
            self.oracle.wake()
        self._set_clock()

    def _set_clock(self) -> None:
        self.oracle.now = round(self.harness.now.timestamp() * 1000)
