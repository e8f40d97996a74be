"""What has happened to a lead, the newest first."""

from __future__ import annotations

from collections.abc import Iterator

from lead_qualifier.console.api.lead_forms import TimelineEntry
from lead_qualifier.console.api.timeline_events import entry_of
from lead_qualifier.console.read_model.reader import ProjectedLead
from lead_qualifier.wording.sentences import Wording

#: Of two things at the same time, the later of these comes first: a score causes the qualification, and so on.
_ORDER = (
    "changed",
    "merged",
    "scored",
    "qualified",
    "not_assigned",
    "assigned",
    "owner_departed",
    "journey_entered",
    "sequence_changed",
    "step_due",
    "overdue",
    "sales_accepted",
    "sales_rejected",
    "recycled",
)


def timeline(held: ProjectedLead, wording: Wording) -> list[TimelineEntry]:
    """From what is held about the lead, and from its events. Events of another form than ours are left out."""
    entries = [*_of_lead(held), *_of_events(held, wording)]
    return sorted(entries, key=lambda one: (one.at, _ORDER.index(one.kind)), reverse=True)


def _of_lead(held: ProjectedLead) -> Iterator[TimelineEntry]:
    lead = held.lead
    for name, score in lead.scores.items():
        yield TimelineEntry(at=score.at, kind="scored", scoring_model_id=name, score=score.value, grade=score.grade)
    if lead.known and lead.changed_at is not None:
        status = {"status": lead.status, "status_reason": lead.status_reason}
        yield TimelineEntry(at=lead.changed_at, kind="changed", **status)
    if lead.merged_into is not None and lead.merged_at is not None:
        yield TimelineEntry(at=lead.merged_at, kind="merged", merged_into=lead.merged_into)


def _of_events(held: ProjectedLead, wording: Wording) -> Iterator[TimelineEntry]:
    told = set()
    for event in held.events:
        if (entry := entry_of(event, wording)) is not None:
            if entry.kind == "qualified":
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
