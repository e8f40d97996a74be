"""Commands as they come from a topic, and their results as the audit trail tells them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from lead_qualifier.definitions.commands import CommandResult, DefinitionCommand
from lead_qualifier.messages.command_messages import FeatureCommand, ModelCommand, ScoringModelChanged
from lead_qualifier.messages.definitions import DefinitionChanged
from lead_qualifier.messages.lead_qualified import Trigger
from lead_qualifier.messages.model_changed import QualificationModelChanged


def command_of(message: Mapping[str, Any], definition_id: str, offset: int) -> DefinitionCommand:
    """The command in a message on a definition. `offset`: where its record stands."""
    return DefinitionCommand(
        id=definition_id,
        action=message["command"],
        command_id=message["command_id"],
        issued_by=message["issued_by"],
        issued_at=message["issued_at"],
        expected_revision=message.get("expected_revision"),
        offset=offset,
        definition=message.get("definition"),
        draft=message.get("draft", False),
        replace=message.get("replace", False),
        enabled=message.get("enabled", False),
    )


def outcome_of(
    message: Mapping[str, Any], result: CommandResult[Any], *, decided_at: datetime, origin: Trigger
) -> dict[str, Any]:
    """What every event on the trail tells. `message`: the command or announcement; `origin`: its record."""
    event: dict[str, Any] = {
        "command": message["command"],
        "outcome": "accepted" if result.accepted else "refused",
        "reason": result.code,
        "message": result.message,
        "warnings": list(result.warnings),
        "revision": result.revision,
        "issued_at": message["issued_at"],
        "decided_at": decided_at,
        "origin": origin,
    }
    event |= {name: message[name] for name in ("command_id", "issued_by") if name in message}
    if result.version:
        event["version"] = result.version
    if result.definition is not None:
        event["definition"] = {**result.definition}
    if result.repeated:
        event["repeated"] = True
    return event


def definition_outcome(
    kind: str, message: Mapping[str, Any], result: CommandResult[Any], *, decided_at: datetime, origin: Trigger
) -> DefinitionChanged:
    """What became of a command on a definition of a downstream service."""
    event = outcome_of(message, result, decided_at=decided_at, origin=origin)
    if not event["warnings"]:
        del event["warnings"]
    return cast("DefinitionChanged", event | {"definition_id": message["definition_id"], "kind": kind})


def model_outcome(
    message: ModelCommand | FeatureCommand | ScoringModelChanged,
    result: CommandResult[Any],
    *,
    decided_at: datetime,
    origin: Trigger,
) -> QualificationModelChanged:
    """What became of a command on a qualification model or a feature, or of an announcement: the trail tells of
    everything that decides.
    """
    said: dict[str, Any] = {**message}
    if "occurred_at" in said:
        said = {"command": "announce", "issued_at": said["occurred_at"], **said}
    event = outcome_of(said, result, decided_at=decided_at, origin=origin)
    about = ("qualification_model_id", "feature", "scoring_model_id", "status")
    event |= {name: said[name] for name in about if name in said}
    return cast("QualificationModelChanged", event)
