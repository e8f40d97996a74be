"""Records of the topics that the console projects: rules, leads as workers store them, and events about leads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import select

from lead_qualifier.assignment.state import State, encode_state
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.projection import Projection
from lead_qualifier.console.read_model.projectors import ProjectedTopics
from lead_qualifier.console.read_model.tables import (
    events,
    leads,
    qualifications,
    qualified_daily,
    reactions,
    score_counts,
    words,
)
from lead_qualifier.definitions.entries import Entry, Status, encode_entry
from lead_qualifier.definitions.qualification_models import entries
from lead_qualifier.definitions.qualification_models.entries import (
    LEAD_MANAGEMENT,
    FeatureEntry,
    ModelEntry,
    ScoringModelEntry,
    encode_stored,
)
from lead_qualifier.kafka.records import Headers, PartitionId, Record
from lead_qualifier.messages.model_reading import model_of
from lead_qualifier.qualification.leads import Lead, Mark, Score
from lead_qualifier.services.console_topology import CONSOLE
from tests.support.console_sales_force import sales_force
from tests.support.console_sales_story import sales_story
from tests.support.messages import model

STATE, RULES, QUALIFIED, ASSIGNED = "lead-state", "qualification-models", "lead-qualified", "lead-assigned"
RESPONSES, RECYCLED = "lead-sales-response", "lead-recycled"
TRAIL = "qualification-model-changed"
TOPICS = ProjectedTopics.of(CONSOLE, topic_prefix="", state_prefix="")
NAMES = ("name", "company")
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def minutes(count: float) -> datetime:
    return NOON + timedelta(minutes=count)


class RecordLog:
    """Writes records and numbers them, as a broker would."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self._next: dict[PartitionId, int] = {}

    def write(
        self,
        topic: str,
        key: str | bytes | None,
        value: bytes | None,
        *,
        at: datetime = NOON,
        partition: int = 0,
        headers: Headers = (),
    ) -> None:
        offset = self._next.get((topic, partition), 0)
        self._next[topic, partition] = offset + 1
        time_ms = int(at.timestamp() * 1000)
        given = key.encode() if isinstance(key, str) else key
        self.records.append(Record(topic, partition, offset, time_ms, given, value, headers))

    def rule(self, entry: entries.Entry) -> None:
        self.write(RULES, entry.key, encode_stored(entry))

    def lead(self, lead_id: str, lead: Lead, **more: Any) -> None:
        self.write(STATE, lead_id, msgspec.json.encode(lead), **more)

    def erase(self, lead_id: str, **more: Any) -> None:
        self.write(STATE, lead_id, None, **more)

    def definition(self, topic: str, definition: Mapping[str, Any], status: Status, **more: Any) -> None:
        """A definition whose only version it is, or its draft."""
        given: dict[str, Any] = {} if status == "deleted" else {"draft": dict(definition)}
        if status == "live":
            given = {"published": dict(definition), "published_at": NOON, "published_by": "Sam"}
        entry = Entry(id=definition["id"], status=status, changed_at=NOON, changed_by="Sam", **given | more)
        self.write(topic, entry.id, encode_entry(entry))

    def assignment(self, key: bytes, state: State, **more: Any) -> None:
        self.write("assignment-state", key.decode(), encode_state(state), **more)

    def event(self, topic: str, event: Mapping[str, Any], **more: Any) -> None:
        self.write(topic, event["lead_id"], json.dumps(event).encode(), **more)

    def outcome(
        self,
        about: Mapping[str, Any],
        command: str,
        reason: str,
        at: float,
        *,
        revision: int,
        outcome: str = "accepted",
        topic: str = TRAIL,
        **more: Any,
    ) -> None:
        """What became of a command, so many minutes after noon. `about`: what it is about, and by whom."""
        ids = ("qualification_model_id", "definition_id", "scoring_model_id", "feature")
        [key] = [about[name] for name in ids if name in about]
        when = minutes(at).isoformat()
        event = {
            "command_id": f"{command}-{at:g}",
            **about,
            "command": command,
            "outcome": outcome,
            "reason": reason,
            "message": f"{key}: {reason}",
            "warnings": [],
            "revision": revision,
            "issued_at": when,
            "decided_at": when,
            "origin": {"event_id": f"{command}-{at:g}", "topic": "commands", "partition": 0, "offset": 0},
            **more,
        }
        self.write(topic, key, json.dumps(event).encode(), at=minutes(at))


def project(projection: Projection, records: list[Record]) -> None:
    """Apply records that the projection has not yet, as the follower does: of causes first, then of events."""
    stored = projection.stored()
    if stored is None:
        start = dict.fromkeys(((one.topic, one.partition) for one in records), 0)
        projection.begin_again(None, {}, start)
        stored = projection.stored()
        assert stored is not None
    next_offsets = dict(stored.next)
    for are_events in (False, True):
        new = [
            one
            for one in records
            if (one.topic in TOPICS.after_leads) is are_events
            and one.offset >= next_offsets.get((one.topic, one.partition), 0)
        ]
        for some in in_batches(new, 3):
            after = {(one.topic, one.partition): one.offset + 1 for one in some}
            projection.apply(some, before=next_offsets, after=after)
            next_offsets.update(after)


def in_batches(records: list[Record], size: int) -> Iterator[list[Record]]:
    for start in range(0, len(records), size):
        yield records[start : start + size]


def rules(log: RecordLog) -> None:
    """Lead management on, two live scoring models, one live qualification model and one draft."""
    log.rule(FeatureEntry(name=LEAD_MANAGEMENT, revision=1, enabled=True, changed_at=NOON, changed_by="U-1"))
    for number, name in enumerate(("engagement", "demographic"), 2):
        log.rule(ScoringModelEntry(id=name, revision=number, status="live", occurred_at=NOON, maximum=100))
    live = model_of(enterprise(70))
    log.rule(
        ModelEntry(
            id="enterprise",
            revision=4,
            status="live",
            version=3,
            published=live,
            published_revision=4,
            published_at=NOON,
            published_by="U-4 (Erika Beispiel)",
            changed_at=NOON,
            changed_by="U-4 (Erika Beispiel)",
        )
    )
    draft = model_of(model("webinar", "any", {"attendance": 60}))
    log.rule(ModelEntry(id="webinar", revision=5, status="draft", draft=draft, changed_at=NOON, changed_by="U-4"))


def degraded_rules(log: RecordLog) -> None:
    """A scoring model that is stopped, and a live model that names it and has a draft in its shadow."""
    log.rule(ScoringModelEntry(id="fit", revision=6, status="stopped", occurred_at=NOON, name="Fit <score>"))
    log.rule(
        ModelEntry(
            id="renewal",
            revision=7,
            status="live",
            version=1,
            published=model_of(model("renewal", "any", {"fit": 30})),
            published_revision=7,
            draft=model_of(model("renewal", "any", {"fit": 30, "engagement": 80})),
            shadow=True,
        )
    )


def enterprise(threshold: float) -> dict[str, Any]:
    """The definition of a live model; its versions differ in the threshold."""
    return model("enterprise", "all", {"engagement": threshold, "demographic": 50}) | {"name": "Enterprise-Leads"}


def audit_trail(log: RecordLog) -> None:
    """How these rules came about, and what was refused."""
    feature = {"feature": LEAD_MANAGEMENT, "issued_by": "U-1"}
    log.outcome(feature, "enable", "enabled", -60, revision=1)
    log.outcome({"scoring_model_id": "engagement", "status": "live"}, "announce", "observed", -50, revision=2)
    of_enterprise = {"qualification_model_id": "enterprise", "issued_by": "U-4 (Erika Beispiel)"}
    for version, (threshold, at) in enumerate(((50, -40), (60, -30), (70, 0)), 1):
        written = of_enterprise | {"definition": enterprise(threshold), "version": version}
        log.outcome(written | {"issued_by": "U-9 <i>"}, "apply", "applied", at - 2, revision=2)
        if version == 2:
            log.outcome(of_enterprise, "publish", "lead_management_off", at - 1, outcome="refused", revision=2)
        log.outcome(written, "publish", "published", at, revision=3 if version < 3 else 4)
    log.outcome(of_enterprise, "delete", "model_live", 1, outcome="refused", revision=4, version=3)
    journey = {"definition_id": "welcome", "kind": "journey", "issued_by": "U-9"}
    log.outcome(journey, "apply", "applied", 2, revision=1, topic="journey-definition-changed")
    log.write(TRAIL, "enterprise", b"not JSON", at=minutes(3))


def qualified_lead(name: str, *, at: float = 0, engagement: float = 83, **more: Any) -> Lead:
    return Lead(
        status_reason="marketing_qualified",
        sales_ready=True,
        known=True,
        attributes={"name": name, "country": "DE", "revenue": 1_200_000},
        changed_at=minutes(at - 30),
        scores={"engagement": Score(engagement, minutes(at), "A"), "demographic": Score(64, minutes(at - 20))},
        marks={"enterprise": Mark(3, 1, minutes(at), f"event-{at:g}")},
        qualified_at=minutes(at),
        **more,
    )


def qualification(lead_id: str, *, at: float = 0, number: int = 1) -> dict[str, Any]:
    when = minutes(at).isoformat()
    return {
        "event_id": f"qualified-{lead_id}-{number}",
        "lead_id": lead_id,
        "qualification_model_id": "enterprise",
        "qualification_model_version": 3,
        "match": "all",
        "criteria": [
            {"scoring_model_id": "engagement", "threshold": 70, "score": 83, "met": True, "scored_at": when},
            {"scoring_model_id": "demographic", "threshold": 50, "score": 64, "met": True, "scored_at": when},
        ],
        "changes": {
            "status_reason": {"from": "new", "to": "marketing_qualified"},
            "sales_ready": {"from": False, "to": True},
        },
        "lead": {"status": "open", "status_reason": "marketing_qualified", "sales_ready": True},
        "qualification_number": number,
        "origin": "live",
        "occurred_at": when,
        "trigger": {"event_id": f"event-{at:g}", "topic": "lead-score-changed", "partition": 0, "offset": 7},
    }


def assignment(lead_id: str, *, at: float = 1, owner: str = "S-1") -> dict[str, Any]:
    when = minutes(at).isoformat()
    return {
        "event_id": f"assigned-{lead_id}",
        "lead_id": lead_id,
        "result": {"code": 2, "name": "assigned"},
        "assignment_id": "inside-sales",
        "segment": "german",
        "rule": "german-speaking",
        "owner": {"kind": "seller", "id": owner},
        "decided_at": when,
        "occurred_at": when,
    }


def response(lead_id: str, *, at: float = 2, reason: str | None = None) -> dict[str, Any]:
    """Sales accepted the lead, or rejected it for this reason."""
    answer = {"response": "accepted"} if reason is None else {"response": "rejected", "reason": reason}
    return {"event_id": f"response-{at:g}", "lead_id": lead_id, "occurred_at": minutes(at).isoformat(), **answer}


#: Ids that break what does not expect them: slashes, dots, escapes, markup, other scripts, another order of writing.
STRANGE_IDS = (
    "a/b/explanation",
    "..",
    "100%2F",
    "Ünïcödé ß",
    "<b>&\"'",
    "x?y=1#z",
    "\u202egnirts",
    "a\\b\nc",
    "é" * 512,
)


def world() -> list[Record]:
    """What the tests of pages and API look at."""
    return world_log().records


def world_log() -> RecordLog:
    """The same, to be continued."""
    log = RecordLog()
    rules(log)
    degraded_rules(log)
    audit_trail(log)
    anna = qualified_lead("Anna Weber", owner_id="U-4", contact_id="C-7")
    log.lead("L-1001", anna)
    log.event(QUALIFIED, qualification("L-1001"))
    log.event(ASSIGNED, assignment("L-1001"))
    near = {"engagement": Score(61.5, minutes(-5)), "demographic": Score(64, minutes(-20))}
    jonas = {"name": "Jonas Müller", "company": "Straßenbau & Söhne"}
    log.lead("L-1002", Lead(known=True, attributes=jonas, owner_id="U-4", changed_at=minutes(-9), scores=near))
    closed = {"name": "Erika Mustermann"}
    log.lead("L-1003", Lead(known=True, status="disqualified", status_reason="lost", attributes=closed))
    log.lead("L-1004", Lead(scores={"engagement": Score(10, NOON)}))
    log.lead("L-1005", Lead(known=True, merged_into="L-1001", merged_at=NOON, attributes={"name": "A. Weber"}))
    log.lead("L-1006", Lead(known=True, status="qualified", attributes={"name": "Petra Lang"}, changed_at=minutes(9)))
    for topic, event, at in sales_story("L-1006", [minutes(one) for one in range(10)]):
        log.event(topic, event, at=minutes(at))
    for number, lead_id in enumerate(STRANGE_IDS):
        log.lead(lead_id, qualified_lead(f"Lead {number} <i>{lead_id[:9]}</i>", at=-60 - number))
    for number in range(60):
        log.lead(f"M-{number:03}", Lead(known=True, attributes={"name": f"Muster {number}"}, changed_at=NOON))
    past_weeks(log)
    log.write(STATE, "L-broken", b'{"status": 1}')
    log.lead("L-gone", qualified_lead("Gone Person"))
    log.event(QUALIFIED, qualification("L-gone"))
    log.erase("L-gone")
    sales_force(log, waiting=("M-000", STRANGE_IDS[4]))
    return log


def past_weeks(log: RecordLog) -> None:
    """Qualifications of the eleven weeks before, by a model that is live and by one that is gone."""
    for week in range(1, 12):
        for number in range(3 + week * 5 % 7):
            model_id = "enterprise" if number % 3 else "partner-2025"
            at = -week * 7 * 24 * 60 + number
            event = qualification(f"M-{(week * 5 + number) % 60:03}", at=at) | {"qualification_model_id": model_id}
            log.event(QUALIFIED, event, at=minutes(at))


def projected(url: str, records: list[Record]) -> Database:
    """A database with these records, from a process that has ended."""
    database = Database(url)
    projection = Projection(database, TOPICS, name_attributes=NAMES)
    project(projection, records)
    projection.leave()
    return database


def tables(database: Database) -> tuple[dict[bytes, bytes], set[tuple[str, int, int, bytes]], set[tuple[bytes, bytes]]]:
    """What a database holds: the stored leads, their events, and the words by which they are found."""
    with database.snapshot() as connection:
        held = {one.lead_id: one.value for one in connection.execute(select(leads))}
        told = {(one.topic, one.partition, one.offset, one.lead_id) for one in connection.execute(select(events))}
        found = {(one.word, one.lead_id) for one in connection.execute(select(words))}
    return held, told, found


def counted_scores(database: Database) -> dict[tuple[bytes, float, bool], int]:
    """How many open leads a database counts at each place."""
    with database.snapshot() as connection:
        found = connection.execute(select(score_counts)).all()
    return {(one.scoring_model, one.level, one.known): one.leads for one in found}


Counted = tuple[set[Any], set[Any], Mapping[tuple[str, str], int]]


def counted(database: Database) -> Counted:
    """The qualifications, the reactions, and how many qualifications there are by day and model."""
    with database.snapshot() as connection:
        qualified = {
            (one.partition, one.offset, one.lead_id, one.model_id.decode(), one.number)
            for one in connection.execute(select(qualifications))
        }
        reacted = {
            (one.topic, one.partition, one.offset, one.lead_id, one.kind, one.what and one.what.decode())
            for one in connection.execute(select(reactions))
        }
        daily = {
            ((datetime(1970, 1, 1, tzinfo=UTC) + timedelta(one.day)).date().isoformat(), one.model_id.decode()): (
                one.qualified
            )
            for one in connection.execute(select(qualified_daily))
        }
    return qualified, reacted, daily


def sqlite_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'console.sqlite3'}"
