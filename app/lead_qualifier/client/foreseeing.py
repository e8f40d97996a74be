"""Foresees how a command on a qualification model would be decided if it were sent now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from lead_qualifier.client.rulebook import Rulebook
from lead_qualifier.definitions.commands import Action, Decision, DefinitionCommand
from lead_qualifier.definitions.lifecycle import Lifecycle
from lead_qualifier.definitions.qualification_models.entries import ModelEntry
from lead_qualifier.definitions.qualification_models.kind import QualificationModelKind


def foresee(
    book: Rulebook,
    action: Action,
    model_id: str,
    *,
    definition: Mapping[str, Any] | None = None,
    draft: bool = False,
    replace: bool = False,
    enabled: bool = False,
    expected_revision: int | None = None,
) -> Decision[ModelEntry]:
    """What the command processor would decide, by the same rules, where everything stands as the rulebook has it."""
    kind = QualificationModelKind(book.scoring_model, lead_management=book.lead_management)
    entry = book.model(model_id)
    entries = {} if entry is None else {model_id: entry}
    command = DefinitionCommand(
        id=model_id,
        action=action,
        command_id="foreseen",
        issued_by="nobody",
        issued_at=datetime.now(UTC),
        expected_revision=expected_revision,
        definition=definition,
        draft=draft,
        replace=replace,
        enabled=enabled,
    )
    return Lifecycle(kind, entries, book.rules.revision).decide(command)
