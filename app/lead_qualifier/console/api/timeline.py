"""What has happened to a lead, the newest first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from lead_qualifier.client.decoding import decode_event
from lead_qualifier.client.evidence import changes_finding, criterion_finding
from lead_qualifier.client.leads import QUALIFIED_FIELDS
from lead_qualifier.console.api.forms import sentence
from lead_qualifier.console.api.lead_forms import TimelineEntry
from lead_qualifier.console.read_model.reader import ProjectedLead
from lead_qualifier.messages.topics import LEAD_ASSIGNED, LEAD_QUALIFIED
from lead_qualifier.wording.sentences import Wording

_ASSIGNED_FIELDS = ("result", "decided_at")
#: What reading an event raises: whoever may write the topic may write anything.
_MALFORMED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
#: Of two things at the same time, the later of these comes first: a score causes the qualification.
_ORDER = {"changed": 0, "merged": 1, "scored": 2, "qualified": 3, "not_assigned": 4, "assigned": 4}


def timeline(held: ProjectedLead, wording: Wording) -> list[TimelineEntry]:
    """From what is held about the lead, and from its events. Events of another form than ours are left out."""
    entries = [*_of_lead(held), *_of_events(held, wording)]
    return sorted(entries, key=lambda one: (one.at, _ORDER[one.kind]), reverse=True)


def _of_lead(held: ProjectedLead) -> Iterator[TimelineEntry]:
    lead = held.lead
    for name, score in lead.scores.items():
        yield TimelineEntry(at=score.at, kind="scored", scoring_model_id=name, score=score.value, grade=score.grade)
    if lead.known and lead.changed_at is not None:
        yield TimelineEntry(at=lead.changed_at, kind="changed")
    if lead.merged_into is not None and lead.merged_at is not None:
        yield TimelineEntry(at=lead.merged_at, kind="merged", merged_into=lead.merged_into)


def _of_events(held: ProjectedLead, wording: Wording) -> Iterator[TimelineEntry]:
    told = set()
    for topic, value in held.events:
        if (entry := _of_event(topic, value, wording)) is not None:
            told.add((entry.qualification_model_id, entry.qualification_number))
            yield entry
    for name, mark in held.lead.marks.items():
        if (name, mark.number) not in told:  # its event is no longer kept
            yield TimelineEntry(
                at=mark.at,
                kind="qualified",
                qualification_model_id=name,
                qualification_model_version=mark.version,
                qualification_number=mark.number,
                event_id=mark.trigger,
            )


def _of_event(topic: str, value: bytes, wording: Wording) -> TimelineEntry | None:
    try:
        if topic.endswith(LEAD_QUALIFIED.name):
            event = decode_event(value, QUALIFIED_FIELDS)
            return None if event is None else _qualified(event, wording)
        event = decode_event(value, _ASSIGNED_FIELDS)
        return None if event is None or not topic.endswith(LEAD_ASSIGNED.name) else _assigned(event)
    except _MALFORMED:
        return None


def _qualified(event: dict[str, Any], wording: Wording) -> TimelineEntry:
    return TimelineEntry(
        at=_moment(event["occurred_at"]),
        kind="qualified",
        qualification_model_id=event["qualification_model_id"],
        qualification_model_version=event["qualification_model_version"],
        qualification_number=event["qualification_number"],
        origin=event["origin"],
        changes=sentence(changes_finding(event["changes"]), wording),
        criteria=[sentence(criterion_finding(one), wording) for one in event["criteria"]],
        event_id=event["trigger"]["event_id"],
    )


def _assigned(event: dict[str, Any]) -> TimelineEntry:
    owner = event.get("owner", {})
    return TimelineEntry(
        at=_moment(event["decided_at"]),
        kind="assigned" if owner else "not_assigned",
        assignment_id=event.get("assignment_id"),
        owner_id=owner.get("id"),
        owner_kind=owner.get("kind"),
        segment=event.get("segment"),
        rule=event.get("rule"),
        result=event["result"]["name"],
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
