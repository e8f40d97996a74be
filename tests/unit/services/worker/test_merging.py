"""Merges and hand-overs as a worker decides them, record by record, in the order that matters."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from lead_qualifier.engine import Headers, ProcessorContext, Record, Rejected, Timer
from lead_qualifier.qualification.rules import Rules
from lead_qualifier.services.worker.lead_processor import LeadProcessor
from tests.support.lead_application import lead_application
from tests.support.messages import change, encode, merged, sales_response, score
from tests.unit.qualification.given import model, rules

HANDOVERS = "lead-handovers"
WEEK = timedelta(days=7)
#: When all begins (milliseconds since 1970): a worker's clock and the times of records are counted from here.
BEGIN_MS = int(datetime(2026, 11, 28, 9, tzinfo=UTC).timestamp() * 1000)


def record_of(
    topic: str, key: bytes | None, value: bytes | None, headers: Headers = (), *, offset: int = 0, timestamp_ms: int = 0
) -> Record:
    return Record(topic, 0, offset, timestamp_ms, key, value, headers)


@dataclass
class LeadPartition:
    """The one partition of all leads here. What is handed over waits in `on_their_way` until `arrive`."""

    current: Rules = field(default_factory=lambda: rules(model(criteria={"engagement": 50.0})))
    entries: dict[bytes, bytes] = field(default_factory=dict)
    on_their_way: list[Record] = field(default_factory=list)
    qualified: list[str] = field(default_factory=list)
    known: list[int] = field(default_factory=list)
    counts: Counter[Any] = field(default_factory=Counter)
    timers: list[Timer] = field(default_factory=list)
    offset: int = 0
    now_ms: int = BEGIN_MS

    def __post_init__(self) -> None:
        self.processor = LeadProcessor(topic_prefix="", source="/test", rules=lambda: self.current)
        self.application = lead_application(self.processor)

    def process(self, record: Record) -> None:
        """As a cycle of its own, its results made state."""
        self.processor.begin()
        context = ProcessorContext(self.application, 0, self.entries, now_ms=self.now_ms)
        context.record = record
        self.processor.process(record, context)
        self.commit(context)

    def commit(self, context: ProcessorContext) -> None:
        for one in context.changes():
            if one["value"] is None:
                self.entries.pop(one["key"], None)
            else:
                self.entries[one["key"]] = one["value"]
        for output in context.outputs:
            if output.topic == HANDOVERS:
                self.on_their_way.append(record_of(HANDOVERS, output.key, output.value, output.headers))
            else:
                self.qualified.append((output.key or b"").decode())
                self.known.append(json.loads(output.value or b"")["lead_changed_offset"])
        self.counts += context.counts
        self.timers += context.timers

    def sends(self, topic: str, message: dict[str, Any], at_ms: int | None = None) -> None:
        """`at_ms`: the record's time; each is a millisecond later than the one before."""
        key, value = message["lead_id"].encode(), encode(message)
        self._goes_on(record_of(topic, key, value), at_ms)

    def _goes_on(self, record: Record, at_ms: int | None) -> None:
        self.offset += 1
        self.now_ms += 1
        self.process(replace(record, offset=self.offset, timestamp_ms=self.now_ms if at_ms is None else at_ms))

    def responds(self, lead_id: str, response: str, minutes: float) -> None:
        self.sends("lead-sales-response", sales_response(lead_id, response, minutes))

    def passes(self, length: timedelta) -> None:
        """Time goes by, and a worker that has just started looks at what was to be looked at by then."""
        self.now_ms += length // timedelta(milliseconds=1)
        context = ProcessorContext(self.application, 0, self.entries, now_ms=self.now_ms)
        for key in sorted({key for due, key in self.processor.timers(self.entries) if due <= self.now_ms}):
            self.processor.on_timer(key, context)
        self.commit(context)

    def scores(self, lead_id: str, value: float, minutes: float) -> None:
        self.sends("lead-score-changed", score(lead_id, "engagement", value, minutes))

    def merges(self, loser_id: str, survivor_id: str, minutes: float = 10) -> None:
        self.sends("lead-merged", merged(loser_id, survivor_id, minutes))

    def erases(self, lead_id: str, at_ms: int | None = None) -> None:
        self._goes_on(record_of("lead-changed", lead_id.encode(), None), at_ms)

    def arrive(self, count: int = 1000) -> None:
        while self.on_their_way and count:
            count -= 1
            self.process(self.on_their_way.pop(0))

    def state(self, lead_id: str) -> dict[str, Any]:
        return dict(json.loads(self.entries.get(lead_id.encode(), b"{}")))

    def is_erased(self, lead_id: str) -> bool:
        """Nothing is held of it but when it was erased, by whom it was qualified, and what it was merged into."""
        state = self.state(lead_id)
        remembered = state.pop("erased", {})
        assert remembered.keys() <= {"at_ms", "until_ms", "marks", "merged"}
        assert all(mark["trigger"] == "erased" for mark in remembered.get("marks", {}).values())
        merged = {"merged_into", "merged_at"} if remembered.get("merged") else set()
        return state.keys() - merged == {"erasure"}


def test_scores_go_over_once_and_the_next_one_may_qualify() -> None:
    here = LeadPartition()
    here.scores("survivor", 10, 0)
    here.scores("loser", 49, 1)
    here.merges("loser", "survivor")
    here.arrive()
    assert here.state("survivor")["scores"]["engagement"]["value"] == 49
    here.scores("loser", 90, 11)
    here.arrive()
    assert here.state("survivor")["scores"]["engagement"]["value"] == 90
    assert here.state("loser")["scores"]["engagement"]["value"] == 90
    assert here.qualified == []
    here.scores("survivor", 91, 12)
    assert here.qualified == ["survivor"]
    assert here.counts["outcome", "enterprise", "lead_not_open"] == 1
    assert (here.counts["handover", "sent"], here.counts["handover", "taken_over"]) == (2, 2)


def test_a_merged_survivor_passes_on_and_a_circle_ends() -> None:
    here = LeadPartition()
    here.scores("first", 30, 0)
    here.merges("middle", "last")
    here.merges("last", "first")
    here.merges("first", "middle")
    here.arrive()
    assert {lead: here.state(lead)["scores"]["engagement"]["value"] for lead in ("middle", "last")} == {
        "middle": 30,
        "last": 30,
    }
    assert here.counts["handover", "sent"] == 2, "to the middle, to the last, and not back to the first"


def test_a_stale_score_of_a_merged_lead_is_not_handed_over() -> None:
    here = LeadPartition()
    here.scores("loser", 49, 5)
    here.merges("loser", "survivor")
    here.scores("loser", 99, 4)
    assert len(here.on_their_way) == 1


def test_an_older_merge_is_stale_and_transfers_nothing() -> None:
    here = LeadPartition()
    here.scores("loser", 49, 0)
    here.merges("loser", "first", 10)
    here.merges("loser", "earlier", 9)
    assert [record.key for record in here.on_their_way] == [b"first"]
    assert (here.counts["lead_merged", "applied"], here.counts["lead_merged", "stale"]) == (1, 1)


def test_a_repeated_merge_keeps_a_reset_of_the_survivor() -> None:
    here = LeadPartition()
    here.scores("loser", 99, 0)
    here.merges("loser", "survivor")
    here.arrive()
    here.sends("lead-changed", change("survivor", 11, status_reason="marketing_qualified"))
    here.sends("lead-changed", change("survivor", 12, status_reason="contacted"))
    here.merges("loser", "survivor")
    here.arrive()
    here.scores("survivor", 99, 13)
    assert here.qualified == ["loser", "survivor"]


def test_a_lead_of_which_nothing_is_held_is_closed_by_its_merge() -> None:
    here = LeadPartition()
    here.merges("loser", "survivor")
    assert here.on_their_way == []
    here.scores("loser", 99, 11)
    here.arrive()
    assert here.qualified == []
    assert here.state("survivor")["scores"]["engagement"]["value"] == 99


def test_a_survivor_with_the_mark_of_the_loser_does_not_qualify() -> None:
    here = LeadPartition()
    here.scores("loser", 99, 0)
    here.merges("loser", "survivor")
    here.arrive()
    here.scores("survivor", 99, 11)
    assert here.qualified == ["loser"]
    assert here.counts["outcome", "enterprise", "already_qualified"] == 1


def test_only_what_comes_after_an_erasure_counts() -> None:
    here = LeadPartition()
    here.scores("loser", 99, 0)
    here.merges("loser", "survivor")
    here.erases("survivor")
    here.arrive()
    assert here.is_erased("survivor")
    assert here.counts["handover", "dropped"] == 1
    here.scores("loser", 98, 20)
    here.arrive()
    assert here.state("survivor")["scores"]["engagement"]["value"] == 98


def test_nothing_of_an_erased_lead_is_left_after_a_week() -> None:
    here = LeadPartition()
    here.scores("L-1", 99, 0)
    here.erases("L-1")
    assert here.timers == [(here.now_ms + WEEK // timedelta(milliseconds=1), b"L-1")]
    here.passes(WEEK - timedelta(milliseconds=1))
    assert here.is_erased("L-1")
    here.passes(timedelta(milliseconds=1))
    assert here.entries == {}


@pytest.mark.parametrize("time_ms", [-1, 86_400_000, BEGIN_MS - 10**10, BEGIN_MS + 10**10], ids=str)
def test_an_erasure_is_remembered_for_a_week(time_ms: int) -> None:
    here = LeadPartition()
    here.scores("L-1", 99, 0)
    here.erases("L-1", time_ms)
    here.passes(WEEK - timedelta(hours=1, milliseconds=1))
    assert here.is_erased("L-1")
    here.passes(timedelta(hours=2, milliseconds=1))
    assert here.entries == {}


@pytest.mark.parametrize("time_ms", [-1, 86_400_000, 2**62], ids=str)
def test_records_without_time_before_an_erasure_are_dropped(time_ms: int) -> None:
    here = LeadPartition()
    here.scores("loser", 99, 0)
    here.sends("lead-merged", merged("loser", "survivor", 10), at_ms=BEGIN_MS - 1)
    here.erases("survivor", time_ms)
    here.arrive()
    assert here.is_erased("survivor")


def test_a_new_lead_outlives_the_erasure_under_its_id() -> None:
    here = LeadPartition()
    here.erases("L-1")
    here.scores("L-1", 99, 0)
    here.passes(WEEK)
    assert here.state("L-1").keys() & {"erasure", "erased", "marks"} == {"marks"}


def test_an_erasure_of_an_older_version_is_forgotten_in_a_week() -> None:
    here = LeadPartition(entries={b"L-1": b'{"erasure":3}'})
    here.process(record_of(HANDOVERS, b"L-1", encode({"event_id": "e", "loser_id": "L", "scores": {}})))
    here.passes(timedelta())
    assert here.is_erased("L-1")
    here.passes(WEEK)
    assert here.entries == {}


def test_a_transfer_of_an_older_version_began_when_written() -> None:
    here = LeadPartition()
    here.erases("L-1")
    value = encode({"event_id": "e", "loser_id": "L", "scores": {"x": {"value": 1, "at": "2026-03-02T00:00:00Z"}}})
    here.process(record_of(HANDOVERS, b"L-1", value, timestamp_ms=BEGIN_MS + 1))
    assert here.is_erased("L-1")
    here.process(record_of(HANDOVERS, b"L-1", value, timestamp_ms=BEGIN_MS + 2))
    assert here.state("L-1")["scores"]["x"]["value"] == 1


def test_a_transfer_ends_where_the_last_lead_was_erased() -> None:
    here = LeadPartition()
    here.scores("first", 30, 5)
    here.merges("middle", "last")
    here.merges("first", "middle")
    here.erases("last")
    here.arrive()
    assert here.is_erased("last"), "it was written before the erasure, and passed on after it"
    assert here.counts["handover", "dropped"] == 1


def test_scores_start_afresh_beside_the_note_of_an_erasure() -> None:
    here = LeadPartition()
    here.scores("loser", 30, 5)
    here.merges("loser", "survivor")
    here.scores("survivor", 99, 0)
    here.erases("survivor")
    here.scores("survivor", 60, 1)
    assert here.qualified == ["survivor", "survivor"]
    here.arrive()
    assert here.state("survivor")["scores"]["engagement"]["value"] == 60, "the loser's is newer, but of before"


def test_of_two_erasures_the_last_one_counts() -> None:
    here = LeadPartition()
    here.scores("loser", 30, 5)
    here.erases("survivor")
    here.merges("loser", "survivor")
    here.erases("survivor")
    here.arrive()
    assert here.is_erased("survivor")
    assert here.counts["handover", "dropped"] == 1


@pytest.mark.parametrize("erased_first", [True, False], ids=["delete, then merge", "merge, then delete"])
@pytest.mark.parametrize("late", [True, False], ids=["with a late score", "without"])
def test_a_person_merged_by_a_delete_qualifies_once(erased_first: bool, late: bool) -> None:
    here = LeadPartition()
    here.scores("loser", 99, 0)
    if erased_first:
        here.erases("loser")
        here.merges("loser", "survivor")
    else:
        here.merges("loser", "survivor")
        here.erases("loser")
    here.arrive()
    if late:
        here.scores("loser", 98, 1)
        here.arrive()
        assert here.state("survivor")["scores"]["engagement"]["value"] == 98
    here.scores("survivor", 99, 11)
    assert here.qualified == ["loser"]
    assert here.counts["outcome", "enterprise", "already_qualified"] == 1
    here.passes(WEEK)
    assert set(here.entries) == {b"survivor"}


def test_marks_go_on_through_deleted_survivors() -> None:
    here = LeadPartition()
    here.scores("first", 99, 0)
    here.merges("first", "middle")
    here.erases("first")
    here.erases("middle")
    here.arrive()
    assert here.is_erased("middle")
    here.merges("middle", "last")
    here.arrive()
    here.scores("last", 99, 11)
    assert here.qualified == ["first"]


def test_a_lead_created_after_merge_and_delete_is_not_merged() -> None:
    here = LeadPartition()
    here.merges("loser", "survivor")
    here.erases("loser")
    here.sends("lead-changed", change("loser", 20, status="open"))
    here.scores("loser", 99, 21)
    assert here.qualified == ["loser"]
    assert here.on_their_way == []
    here.passes(WEEK)
    assert "merged_into" not in here.state("loser")


def test_an_erased_lead_in_a_chain_keeps_nothing() -> None:
    here = LeadPartition()
    here.scores("first", 30, 5)
    here.merges("middle", "last")
    here.merges("first", "middle")
    here.erases("middle")
    here.arrive()
    assert here.is_erased("middle")
    assert here.state("last")["scores"]["engagement"]["value"] == 30


def test_a_response_about_a_merged_lead_is_about_its_survivor() -> None:
    here = LeadPartition()
    here.scores("first", 99, 0)
    here.merges("first", "middle")
    here.merges("middle", "last")
    here.responds("first", "rejected", 20)
    here.responds("first", "accepted", 21)
    here.arrive()
    assert here.state("last")["marks"]["enterprise"]["cleared"]
    assert here.counts["sales_response", "handed_over"] == 2
    assert (here.counts["sales_response", "recycled"], here.counts["sales_response", "accepted"]) == (1, 1)
    here.scores("last", 99, 30)
    assert here.qualified == ["first", "last"]


def test_a_response_about_a_deleted_loser_reaches_its_survivor() -> None:
    here = LeadPartition()
    here.scores("loser", 99, 0)
    here.merges("loser", "survivor")
    here.erases("loser")
    here.responds("loser", "rejected", 20)
    here.arrive()
    assert here.state("survivor")["marks"]["enterprise"]["cleared"]


def test_a_response_about_an_unknown_lead_begins_nothing() -> None:
    here = LeadPartition()
    here.responds("nobody", "rejected", 20)
    here.merges("loser", "survivor")
    here.responds("loser", "rejected", 20)
    here.arrive()
    assert set(here.entries) == {b"loser"}
    assert here.counts["sales_response", "unknown"] == 2


def test_a_qualification_says_how_much_of_lead_changed_was_known() -> None:
    here = LeadPartition()
    here.sends("lead-changed", change("L-1", 1, status="open"))
    context = ProcessorContext(
        here.application, 0, here.entries, positions={"lead-changed": 77, "lead-score-changed": 5}
    )
    here.processor.begin()
    record = record_of("lead-score-changed", b"L-1", encode(score("L-1", "engagement", 99, 2)), offset=9)
    context.record = record
    here.processor.process(record, context)
    here.commit(context)
    assert here.known == [77]


def test_a_merge_ends_the_holds_of_the_loser() -> None:
    here = LeadPartition(rules(model(criteria={"engagement": 50.0}, hold=timedelta(minutes=15))))
    here.scores("loser", 99, 0)
    assert "holds" in here.state("loser")
    here.merges("loser", "survivor")
    assert "holds" not in here.state("loser")
    here.arrive()
    assert "holds" not in here.state("survivor"), "nothing is evaluated"
    here.scores("survivor", 98, 11)
    assert here.state("survivor")["holds"]["enterprise"]["trigger"]["topic"] == "lead-score-changed"


def test_a_transferred_lower_score_ends_a_hold() -> None:
    here = LeadPartition(rules(model(criteria={"engagement": 50.0}, hold=timedelta(minutes=15))))
    here.scores("survivor", 99, 0)
    here.scores("loser", 10, 1)
    here.merges("loser", "survivor")
    here.arrive()
    assert "holds" not in here.state("survivor"), "the criteria did not stay met"


def test_a_transferred_lower_score_lets_the_survivor_recross() -> None:
    here = LeadPartition(rules(model(criteria={"engagement": 50.0}, policy="on_recross")))
    here.scores("survivor", 99, 0)
    here.scores("loser", 10, 1)
    here.merges("loser", "survivor")
    here.arrive()
    here.scores("survivor", 99, 11)
    assert here.qualified == ["survivor", "survivor"]


@pytest.mark.parametrize("before", [(), (99,)], ids=["never qualified", "qualified and fell"])
def test_a_mark_transferred_to_lower_scores_may_recross(before: tuple[float, ...]) -> None:
    here = LeadPartition(rules(model(criteria={"engagement": 50.0}, policy="on_recross")))
    here.scores("loser", 99, 0)
    for value in before:
        here.scores("survivor", value, 0)
    here.scores("survivor", 10, 1)
    here.merges("loser", "survivor")
    here.arrive()
    here.scores("survivor", 99, 11)
    assert here.qualified[1 + len(before) :] == ["survivor"]


def test_an_erased_lead_is_not_swept() -> None:
    here = LeadPartition()
    here.erases("gone")
    context = ProcessorContext(here.application, 0, here.entries)
    here.processor.begin()
    here.processor.sweep(b"gone", context, 0)
    assert not context.counts


def test_a_state_that_cannot_be_read_is_erased_all_the_same() -> None:
    here = LeadPartition(entries={b"L-1": b"{nonsense"})
    here.erases("L-1")
    assert here.is_erased("L-1")


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        (None, b"{}", "no lead's id"),
        (b"\xffposition", b"{}", "no lead's id"),
        (b"L-1", b"{}", "no hand-over"),
        (b"L-1", b"[]", "no hand-over"),
        (b"L-1", b'{"event_id": "e", "loser_id": "L", "scores": {"x": 1}}', "no hand-over"),
        (b"L-1", b'{"event_id": "\xff", "loser_id": "L"}', "no hand-over"),
    ],
)
def test_handovers_of_others_are_dead_letters(key: bytes | None, value: bytes, reason: str) -> None:
    with pytest.raises(Rejected, match=reason):
        LeadPartition().process(record_of(HANDOVERS, key, value))


@pytest.mark.parametrize("headers", [[], [("erasure", b"1")]])
def test_the_end_of_an_erasure_by_older_versions_is_ignored(headers: list[tuple[str, bytes]]) -> None:
    here = LeadPartition()
    here.erases("L-1")
    before = dict(here.entries)
    here.process(record_of(HANDOVERS, b"L-1", None, headers))
    here.process(record_of(HANDOVERS, b"L-2", None, headers))
    assert here.entries == before


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"survivor_id": "L-1"}, "survivor_id must not be lead_id"),
        ({"survivor_id": ""}, "survivor_id must not be empty"),
        ({"survivor_id": None}, "survivor_id"),
        ({"occurred_at": "2026-03-02"}, "occurred_at"),
        ({"event_id": 7}, "event_id"),
        ({"lead_id": "L-3"}, "key"),
    ],
)
def test_an_invalid_merge_is_a_dead_letter(broken: dict[str, Any], reason: str) -> None:
    value = encode(merged("L-1", "L-2", 0) | broken)
    with pytest.raises(Rejected, match=reason):
        LeadPartition().process(record_of("lead-merged", b"L-1", value))


def test_a_merge_without_a_value_is_a_dead_letter() -> None:
    with pytest.raises(Rejected, match="no value"):
        LeadPartition().process(record_of("lead-merged", b"L-1", None))


def test_a_change_of_a_merged_lead_does_not_open_it_again() -> None:
    here = LeadPartition()
    here.merges("loser", "survivor")
    here.sends("lead-changed", change("loser", 20, status="disqualified"))
    here.sends("lead-changed", change("loser", 21, status="open"))
    here.scores("loser", 99, 22)
    assert here.qualified == []
