"""Events about a lead as entries of its timeline, by topic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from lead_qualifier.client.decoding import MALFORMED, decode_event
from lead_qualifier.client.evidence import changes_finding, criterion_finding
from lead_qualifier.client.leads import QUALIFIED_FIELDS
from lead_qualifier.console.api.forms import sentence
from lead_qualifier.console.api.lead_forms import TimelineEntry
from lead_qualifier.console.read_model.reader import TopicEvent
from lead_qualifier.messages.topics import (
    JOURNEY_ENTRY_REQUESTED,
    LEAD_ASSIGNED,
    LEAD_FOLLOW_UP_OVERDUE,
    LEAD_QUALIFIED,
    LEAD_RECYCLED,
    LEAD_SALES_RESPONSE,
    SEQUENCE_CHANGED,
    SEQUENCE_STEP_DUE,
)
from lead_qualifier.wording.sentences import Wording


def entry_of(event: TopicEvent, wording: Wording) -> TimelineEntry | None:
    """The entry; None for an event of another form than ours."""
    read = next((one for name, one in _BY_TOPIC.items() if event.topic.endswith(name)), None)
    try:
        told = decode_event(event.value)
        return None if read is None or told is None else read(told, event.at, wording)
    except MALFORMED:
        return None


def _qualified(event: Mapping[str, Any], _at: datetime, wording: Wording) -> TimelineEntry | None:
    if any(name not in event for name in QUALIFIED_FIELDS):
        return None
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


def _assigned(event: Mapping[str, Any], _at: datetime, _wording: Wording) -> TimelineEntry:
    owner = event.get("owner", {})
    departed = event.get("owner_departed")
    return TimelineEntry(
        at=_moment(event["decided_at"]),
        kind="owner_departed" if departed else "assigned" if owner else "not_assigned",
        assignment_id=event.get("assignment_id"),
        owner_id=owner.get("id"),
        owner_kind=owner.get("kind"),
        previous_owner_id=event.get("previous_owner_id"),
        segment=event.get("segment"),
        rule=event.get("rule"),
        result=event["result"]["name"],
        reason=departed,
    )


def _sales_response(event: Mapping[str, Any], _at: datetime, _wording: Wording) -> TimelineEntry:
    told = event["data"] if "specversion" in event else event  # a CloudEvent in structured mode
    return TimelineEntry(
        at=_moment(told["occurred_at"]),
        kind=f"sales_{told['response']}",
        reason=told.get("reason"),
        owner_id=told.get("seller_id"),
        qualification_model_id=told.get("qualification_model_id"),
    )


def _recycled(event: Mapping[str, Any], _at: datetime, wording: Wording) -> TimelineEntry:
    not_before = event.get("not_before")
    return TimelineEntry(
        at=_moment(event["occurred_at"]),
        kind="recycled",
        qualification_model_id=event["qualification_model_id"],
        qualification_model_version=event["qualification_model_version"],
        qualification_number=event["qualification_number"],
        changes=sentence(changes_finding(event["changes"]), wording),
        reason=event.get("reason"),
        not_before=None if not_before is None else _moment(not_before),
    )


# A journey, a sequence or a follow-up may wait before it acts, so what it acted on occurred long before: these events
# stand where they were written.


def _entered(event: Mapping[str, Any], at: datetime, _wording: Wording) -> TimelineEntry:
    return TimelineEntry(
        at=at,
        kind="journey_entered",
        definition_id=event["journey_id"],
        definition_version=event["journey_version"],
        number=event["entry_number"],
    )


def _step_due(event: Mapping[str, Any], at: datetime, _wording: Wording) -> TimelineEntry:
    return TimelineEntry(
        at=at,
        kind="step_due",
        definition_id=event["sequence_id"],
        definition_version=event["sequence_version"],
        number=event["connection_number"],
        step_id=event["step_id"],
        step_kind=event["kind"],
        subject=event["data"].get("subject"),
        owner_id=event.get("owner_id"),
        due_at=_moment(event["due_at"]),
    )


def _sequence_changed(event: Mapping[str, Any], at: datetime, _wording: Wording) -> TimelineEntry:
    return TimelineEntry(
        at=at,
        kind="sequence_changed",
        definition_id=event["sequence_id"],
        definition_version=event["sequence_version"],
        number=event["connection_number"],
        state=event["state"],
        reason=event.get("reason"),
        step_id=event.get("step_id"),
    )


def _overdue(event: Mapping[str, Any], at: datetime, _wording: Wording) -> TimelineEntry:
    return TimelineEntry(
        at=at,
        kind="overdue",
        definition_id=event["follow_up_id"],
        definition_version=event["follow_up_version"],
        number=event["overdue_number"],
        stage=event["stage"],
        owner_id=event.get("owner_id"),
        due_at=_moment(event["due_at"]),
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


_BY_TOPIC: Mapping[str, Callable[[Mapping[str, Any], datetime, Wording], TimelineEntry | None]] = {
    LEAD_QUALIFIED.name: _qualified,
    LEAD_ASSIGNED.name: _assigned,
    LEAD_SALES_RESPONSE.name: _sales_response,
    LEAD_RECYCLED.name: _recycled,
    JOURNEY_ENTRY_REQUESTED.name: _entered,
    SEQUENCE_STEP_DUE.name: _step_due,
    SEQUENCE_CHANGED.name: _sequence_changed,
    LEAD_FOLLOW_UP_OVERDUE.name: _overdue,
}
