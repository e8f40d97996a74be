"""The audit trails: every command, by whom, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from lead_qualifier.client.decoding import decode_event
from lead_qualifier.console.api.audit_forms import AuditEntry, AuditList
from lead_qualifier.console.api.cursors import page_of, trail_cursor_of, trail_position_of
from lead_qualifier.console.read_model.audit_trail import TrailEntry, TrailReader, kind_of

MOST_ENTRIES = 200

_IDS = ("qualification_model_id", "definition_id", "scoring_model_id", "feature")
_SAME = (
    "decided_at",
    "command",
    "outcome",
    "message",
    "issued_by",
    "issued_at",
    "command_id",
    "version",
    "revision",
    "status",
    "repeated",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """Which outcomes are looked for; None: any. `kind`: what they are about; `id`: about which."""

    kind: str | None = None
    id: str | None = None
    accepted: bool | None = None


class Audit:
    """What API and pages ask about the trails. Everything comes from the projection."""

    def __init__(self, trails: TrailReader) -> None:
        self._trails = trails

    def search(self, query: AuditQuery, *, cursor: str | None = None, limit: int = 50) -> AuditList:
        """A page of outcomes, the newest first. Raises InvalidParameter."""
        before = None if cursor is None else trail_position_of(cursor)
        found = self._trails.newest(
            kind=query.kind, subject=query.id, accepted=query.accepted, before=before, limit=limit + 1
        )
        shown, more = page_of(found, limit, lambda one: trail_cursor_of(one.position))
        entries = [entry for one in shown if (entry := _entry(one)) is not None]
        return AuditList(entries=entries, next_cursor=more)

    def since(self, kind: str, about: str, revision: int) -> list[AuditEntry]:
        """What has changed something since a revision of it, the newest first."""
        found = (_entry(one) for one in self._trails.newest(kind=kind, subject=about, accepted=True))
        return [
            one
            for one in found
            if one is not None and one.revision > revision and not one.repeated and one.code != "unchanged"
        ]


def _entry(stored: TrailEntry) -> AuditEntry | None:
    """None: it is no outcome of ours, as anybody may write who may write the topic."""
    event = decode_event(stored.value)
    if event is None or not (kind := kind_of(event)):
        return None
    told: dict[str, Any] = {name: event[name] for name in _SAME if name in event}
    about = next((event[name] for name in _IDS if name in event), "")
    try:
        return AuditEntry(**told, kind=kind, id=about, code=event["reason"], warnings=event.get("warnings", []))
    except (ValidationError, KeyError):
        return None
