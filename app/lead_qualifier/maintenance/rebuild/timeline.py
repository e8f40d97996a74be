"""The rules at each time, from the audit trail, with the definitions that it lacks from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import msgspec

from lead_qualifier.client.rulebook import read_rulebook
from lead_qualifier.definitions.codes import Code
from lead_qualifier.definitions.lifecycle import fault
from lead_qualifier.definitions.qualification_models.entries import (
    Entry,
    FeatureEntry,
    ModelEntry,
    ScoringModelEntry,
    ScoringModelStatus,
    feature_key,
    model_key,
    scoring_key,
)
from lead_qualifier.definitions.qualification_models.snapshot import rules_from
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.kafka.records import Record, bad_header_name
from lead_qualifier.maintenance.errors import CannotRebuild
from lead_qualifier.messages.decode import decode_model_command
from lead_qualifier.messages.errors import BadMessage
from lead_qualifier.messages.model_reading import model_of
from lead_qualifier.messages.topics import QUALIFICATION_COMMANDS, QUALIFICATION_MODEL_CHANGED
from lead_qualifier.qualification.models import InvalidModel, QualificationModel
from lead_qualifier.qualification.rules import Rules, UnknownLeads
from lead_qualifier.qualification.utc import Moment, in_utc
from lead_qualifier.wording.sentences import IN_ENGLISH

Timeline = list[tuple[int, Rules]]
"""Rules, each with the time (milliseconds since 1970) from which they apply."""


class Origin(msgspec.Struct, frozen=True):
    """The record that something is the outcome of."""

    offset: int


class Audited(msgspec.Struct, frozen=True):
    """The fields of a qualification-model-changed event that are used here."""

    command: str
    outcome: str
    reason: str
    revision: int
    origin: Origin
    command_id: str | None = None
    qualification_model_id: str | None = None
    feature: str | None = None
    scoring_model_id: str | None = None
    version: int = 0
    repeated: bool = False
    status: ScoringModelStatus | None = None
    issued_at: Moment | None = None
    definition: dict[str, Any] | None = None


Definitions = Callable[[Audited], QualificationModel | None]
"""Finds the definition of a publish or an apply whose event does not carry it."""

_decode = msgspec.json.Decoder(Audited).decode


def read_timeline(
    connection: Connection, reader: TopicReader, *, topic_prefix: str, unknown_leads: UnknownLeads
) -> Timeline:
    """The rules after each change. Raises CannotRebuild, TopicMissing, NotAllowed, ReadIncomplete, KafkaException."""
    book = read_rulebook(connection, topic_prefix=topic_prefix)
    name = QUALIFICATION_MODEL_CHANGED.full_name(topic_prefix)
    events = [(record.timestamp_ms, record.value or b"") for record in reader.read_topic(name)]
    recorded, current = newest_revision(events), book.rules.revision
    if recorded < current:
        raise CannotRebuild(
            f"{name} has the rules up to revision {recorded}, but they are at revision {current}: part of it is gone "
            "(was the topic deleted and created again?), and with it the rules that leads were decided by. Restore it; "
            "the state cannot be rebuilt without it"
        )

    @cache
    def commands() -> dict[int, Record]:
        topic = QUALIFICATION_COMMANDS.full_name(topic_prefix)
        return {record.offset: record for record in reader.read_topic(topic)}

    def elsewhere(event: Audited) -> QualificationModel | None:
        """The definition of an event that does not carry it, since an older version wrote it."""
        if event.command == "apply":
            record = commands().get(event.origin.offset)
            return None if record is None else _applied(record)
        entry = book.model(event.qualification_model_id or "")
        return None if entry is None or entry.version != event.version else entry.published

    return timeline(events, elsewhere=elsewhere, unknown_leads=unknown_leads)


def timeline(
    trail: Iterable[tuple[int, bytes]],
    *,
    elsewhere: Definitions = lambda event: None,
    unknown_leads: UnknownLeads = "open",
) -> Timeline:
    """The rules after each change on the trail (time, event), in its order.

    `unknown_leads` is a setting, which no topic holds. Raises CannotRebuild.
    """
    entries: dict[str, Entry] = {}
    drafts: dict[str, QualificationModel | None] = {}  # None: its definition cannot be found
    found: Timeline = []
    time_ms = 0
    for at, value in trail:
        event = _read(value)
        if event is None or not _changes(event, entries, drafts, elsewhere):
            continue
        time_ms = max(time_ms, at)
        found.append((time_ms, rules_from(entries, unknown_leads)))
    return found


def newest_revision(trail: Iterable[tuple[int, bytes]]) -> int:
    """The newest revision on the trail; 0 without any change."""
    return max((event.revision for _, value in trail if (event := _read(value)) is not None), default=0)


def _read(value: bytes) -> Audited | None:
    try:
        event = _decode(value)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None  # no event of ours
    return event if event.outcome == "accepted" and not event.repeated else None


def _changes(
    event: Audited, entries: dict[str, Entry], drafts: dict[str, QualificationModel | None], elsewhere: Definitions
) -> bool:
    """Apply an accepted command or announcement to the entries. False: it does not change the rules."""
    match event.reason:
        case Code.OBSERVED if event.scoring_model_id and event.status and event.issued_at:
            entries[scoring_key(event.scoring_model_id)] = ScoringModelEntry(
                id=event.scoring_model_id,
                revision=event.revision,
                status=event.status,
                occurred_at=in_utc(event.issued_at),
            )
        case Code.ENABLED | Code.DISABLED if event.feature:
            enabled = event.reason == Code.ENABLED
            entry = FeatureEntry(name=event.feature, revision=event.revision, enabled=enabled)
            entries[feature_key(event.feature)] = entry
        case Code.APPLIED if event.qualification_model_id:
            drafts[event.qualification_model_id] = _definition(event) or elsewhere(event)
            return False
        case Code.PUBLISHED | Code.STOPPED | Code.DELETED if event.qualification_model_id:
            key = model_key(event.qualification_model_id)
            before = entries.get(key)
            entries[key] = _moved(event, before if isinstance(before, ModelEntry) else None, drafts, elsewhere)
        case _:
            return False
    return True


def _moved(
    event: Audited, before: ModelEntry | None, drafts: dict[str, QualificationModel | None], elsewhere: Definitions
) -> ModelEntry:
    model_id = event.qualification_model_id
    assert model_id is not None
    if event.reason == Code.DELETED:
        drafts.pop(model_id, None)
        return ModelEntry(id=model_id, revision=event.revision, status="deleted", version=event.version)
    if event.reason == Code.STOPPED:
        published = None if before is None else before.published
        return ModelEntry(
            id=model_id, revision=event.revision, status="stopped", version=event.version, published=published
        )
    # Without a definition in the event, what ran last is published again, unless another was applied since.
    draft = drafts.pop(model_id, before.published if before else None)
    definition = _definition(event) or draft or elsewhere(event)
    if definition is None:
        raise CannotRebuild(
            f"the definition of {model_id} in version {event.version} cannot be found: neither its event on the audit "
            f"trail (revision {event.revision}) nor qualification-commands (kept 7 days) still holds it. Rebuild "
            "--from a time after the model was next published, or publish it again"
        )
    return ModelEntry(
        id=model_id,
        revision=event.revision,
        status="live",
        version=event.version,
        published=definition,
        published_revision=event.revision,
        publish_command_id=event.command_id,
        publish_command_offset=event.origin.offset,
        published_at=None if event.issued_at is None else in_utc(event.issued_at),
    )


def _definition(event: Audited) -> QualificationModel | None:
    if event.definition is None:
        return None
    try:
        return model_of(event.definition)
    except InvalidModel as problem:
        faults = "; ".join(IN_ENGLISH.sentences([fault(field, finding) for field, finding in problem.problems]))
        raise CannotRebuild(
            f"{event.qualification_model_id} in revision {event.revision} on the audit trail is not a valid model in "
            f"this version of the program: {faults}; rebuild with the version that wrote it, or a newer one"
        ) from problem


def _applied(record: Record) -> QualificationModel | None:
    try:
        if bad_header_name(record.headers) is not None:
            return None
        command = decode_model_command(record.key, record.value, record.headers)
        return model_of(command["definition"]) if command["command"] == "apply" else None
    except (BadMessage, InvalidModel):
        return None  # then it was not accepted
