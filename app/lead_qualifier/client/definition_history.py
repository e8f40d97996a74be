"""Every published version of a definition and who was behind it, read from the audit trail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from lead_qualifier.client.decoding import decode_event
from lead_qualifier.client.definitions import topics_of
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.reader import TopicReader

#: What every outcome of a command on a definition says.
_FIELDS = ("command", "outcome", "reason", "issued_by", "issued_at")


@dataclass(frozen=True, slots=True)
class Step:
    """Who issued a command, and when."""

    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class End(Step):
    """When a version ceased to run: another took its place, or the definition was stopped."""

    how: Literal["replaced", "stopped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a definition. `definition` as people write it; None where the trail does not hold it."""

    number: int
    published: Step
    command_id: str
    revision: int
    definition: Mapping[str, Any] | None
    drafted: Step | None
    """Who applied the definition last before it was published; None if nobody did since the version before."""
    ended: End | None = None


@dataclass(frozen=True, slots=True)
class History:
    """What the audit trail says about one definition. `known`: whether it says anything."""

    definition_id: str
    known: bool
    versions: tuple[Version, ...] = field(default=())

    def version(self, number: int) -> Version | None:
        """One version; None if there was none of this number."""
        return next((one for one in self.versions if one.number == number), None)


def read_history(connection: Connection, kind: str, definition_id: str, *, topic_prefix: str) -> History:
    """Read the audit trail of a definition to its end.

    Raises TopicMissing, ReadIncomplete, NotAllowed, KafkaException.
    """
    key = definition_id.encode()
    records = TopicReader(connection).read_topic(topics_of(kind).changed.full_name(topic_prefix))
    return history_in((record.value for record in records if record.key == key), kind, definition_id)


def history_in(values: Iterable[bytes | None], kind: str, definition_id: str) -> History:
    """The history in records of the trail, oldest first, which may be about others, too."""
    events = (decode_event(value, _FIELDS) for value in values)
    told = (event for event in events if event is not None)
    return history_of(definition_id, told, id_field=topics_of(kind).id_field)


def history_of(definition_id: str, events: Iterable[Mapping[str, Any]], *, id_field: str) -> History:
    """The history in events of the trail, oldest first. Refusals, repeats and other subjects are ignored."""
    known = False
    versions: list[Version] = []
    drafted: Step | None = None
    for event in events:
        if event.get(id_field) != definition_id or event.get("outcome") != "accepted":
            continue
        known = True
        if event.get("repeated") or event.get("reason") == "unchanged":
            continue
        step = Step(datetime.fromisoformat(event["issued_at"]), event["issued_by"])
        match event["command"]:
            case "apply":
                drafted = step
            case "publish":
                _end(versions, "replaced", step)
                versions.append(
                    Version(
                        number=event["version"],
                        published=step,
                        command_id=event["command_id"],
                        revision=event["revision"],
                        definition=event.get("definition"),
                        drafted=drafted,
                    )
                )
                drafted = None
            case "stop":
                _end(versions, "stopped", step)
    return History(definition_id, known, tuple(versions))


def _end(versions: list[Version], how: Literal["replaced", "stopped"], step: Step) -> None:
    if versions and versions[-1].ended is None:
        versions[-1] = replace(versions[-1], ended=End(step.at, step.by, how))
