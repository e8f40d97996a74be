"""Gives commands on definitions of downstream services, and reads from their audit trail how they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from lead_qualifier.client.commands import Asking, Outcome
from lead_qualifier.client.event_decoding import decode_event
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.messages import downstream_topics as topics

#: What every change of a definition says.
_CHANGED = ("definition_id", "kind", "outcome", "reason", "revision", "issued_by", "issued_at")


class DefinitionClient(Asking):
    """Commands on definitions of one kind: journey, assignment, sequence or follow-up."""

    NOBODY = (
        "see that the service runs (lead-qualifier downstream) with the same LEAD_QUALIFIER_TOPIC_PREFIX; the command "
        "was sent and is carried out when one comes"
    )

    def __init__(self, kind: str, connection: Connection, **options: Any) -> None:
        """`options`: those of Asking."""
        super().__init__(connection, **options)
        self._commands = topics.commands(kind)
        self._changed = topics.definition_changed(kind)

    def apply(
        self, definition: Mapping[str, Any], *, beside: bool = False, expected_revision: int | None = None
    ) -> Outcome:
        """Create or replace the draft, with `beside` also of a live one, which goes on.

        Raises CommandUnanswered, TopicMissing, KafkaException.
        """
        fields: dict[str, Any] = {"definition": dict(definition)} | ({"draft": True} if beside else {})
        return self._order("apply", str(definition["id"]), fields, expected_revision)

    def move(
        self,
        command: Literal["publish", "stop", "delete"],
        definition_id: str,
        *,
        replacing: bool = False,
        expected_revision: int | None = None,
    ) -> Outcome:
        """Publish, stop or delete; with `replacing` publish the draft of a live one in its place.

        Raises CommandUnanswered, TopicMissing, KafkaException.
        """
        return self._order(command, definition_id, {"replace": True} if replacing else {}, expected_revision)

    def _order(self, command: str, key: str, fields: Mapping[str, Any], expected_revision: int | None) -> Outcome:
        message = {"definition_id": key, "command": command, **fields}
        return self._ask(self._commands, self._changed, key, message, expected_revision)


@dataclass(frozen=True, slots=True)
class Version:
    """A version that was published. `definition`: None where it did not fit the trail."""

    number: int
    at: datetime
    by: str
    definition: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A definition as the trail leaves it. `draft`: what the next publish takes."""

    id: str
    status: str = "draft"
    revision: int = 0
    draft: Mapping[str, Any] | None = None
    versions: tuple[Version, ...] = field(default=())

    @property
    def version(self) -> int:
        """The newest published one, 0 if there is none."""
        return self.versions[-1].number if self.versions else 0

    @property
    def definition(self) -> Mapping[str, Any] | None:
        """What runs if it is live, else what the next publish lets run."""
        published = self.versions[-1].definition if self.versions else None
        return published if self.status == "live" else self.draft or published


def read_definitions(connection: Connection, kind: str, *, topic_prefix: str) -> list[Standing]:
    """Every definition of the kind, deleted ones too, by id. Raises TopicMissing, NotAllowed, ReadIncomplete."""
    reader = TopicReader(connection)
    standing: dict[str, Standing] = {}
    for record in reader.read_topic(topics.definition_changed(kind).full_name(topic_prefix)):
        event = decode_event(record.value, _CHANGED)
        if event is None or event["outcome"] != "accepted" or event.get("repeated") or event["kind"] != kind:
            continue
        key = event["definition_id"]
        standing[key] = _after(standing.get(key) or Standing(key), event)
    return [standing[key] for key in sorted(standing)]


def _after(held: Standing, event: Mapping[str, Any]) -> Standing:
    held = replace(held, revision=event["revision"])
    match event["reason"]:
        case "applied":
            status = "draft" if held.status == "deleted" else held.status
            return replace(held, status=status, draft=event.get("definition"))
        case "published":
            version = Version(
                event["version"],
                datetime.fromisoformat(event["issued_at"]),
                event["issued_by"],
                event.get("definition"),
            )
            return replace(held, status="live", draft=None, versions=(*held.versions, version))
        case "stopped":
            return replace(held, status="stopped")
        case "deleted":
            return replace(held, status="deleted", draft=None)
    return held
