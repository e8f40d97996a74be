"""Administers qualification models in tests: a registry that takes one command after the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from lead_qualifier.definitions.commands import Command, CommandResult, DefinitionCommand
from lead_qualifier.definitions.qualification_models.entries import LEAD_MANAGEMENT, ScoringModelStatus, Stored
from lead_qualifier.definitions.qualification_models.registry import ModelRegistry, ScoringModelChange
from lead_qualifier.definitions.qualification_models.snapshot import rules_from
from lead_qualifier.messages.model_definition import definition_of
from lead_qualifier.qualification.models import QualificationModel
from lead_qualifier.qualification.rules import Rules
from lead_qualifier.wording.sentences import IN_ENGLISH
from tests.unit.qualification.given import minute

Result = CommandResult[Any]


def fits(_stored: Stored) -> bool:
    """Records may have as many bytes as they like."""
    return True


class ModelAdmin:
    """Issues commands of new ids, a minute apart, unless told otherwise."""

    def __init__(self, live: Iterable[str] = (), *, enabled: bool = False) -> None:
        self.registry = ModelRegistry()
        self._clock = 0
        for name in live:
            self.scoring(name, "live")
        if enabled:
            self.enable()

    def command(self, action: Any, model_id: str, **fields: Any) -> DefinitionCommand:
        """A command that nobody has given yet."""
        return DefinitionCommand(action=action, id=model_id, **self._issued(**fields))

    def answer(self, command: DefinitionCommand) -> Result:
        """What the registry answers to a command; what that changes is not taken."""
        return self.registry.handle(command, IN_ENGLISH, fits)

    def give(self, command: DefinitionCommand) -> Result:
        """Give a command, and take what it changes."""
        return self.take(self.answer(command))

    def take(self, result: Result) -> Result:
        """Go on with what a result changes."""
        self.registry = self.registry.after(result)
        return result

    def apply(self, definition: QualificationModel, **fields: Any) -> Result:
        return self.give(self.command("apply", definition.id, definition=definition_of(definition), **fields))

    def publish(self, model_id: str, **fields: Any) -> Result:
        return self.give(self.command("publish", model_id, **fields))

    def shadow(self, model_id: str, enabled: bool, **fields: Any) -> Result:
        return self.give(self.command("shadow", model_id, enabled=enabled, **fields))

    def stop(self, model_id: str, **fields: Any) -> Result:
        return self.give(self.command("stop", model_id, **fields))

    def delete(self, model_id: str, **fields: Any) -> Result:
        return self.give(self.command("delete", model_id, **fields))

    def switch(self, enabled: bool, name: str = LEAD_MANAGEMENT, **fields: Any) -> Result:
        command = Command(id=name, **self._issued(**fields))
        return self.take(self.registry.set_feature(command, enabled=enabled, wording=IN_ENGLISH, fits=fits))

    def enable(self, **fields: Any) -> Result:
        return self.switch(True, **fields)

    def disable(self, **fields: Any) -> Result:
        return self.switch(False, **fields)

    def scoring(
        self,
        name: str,
        status: str,
        *,
        at: float | None = None,
        title: str | None = None,
        maximum: float | None = None,
    ) -> Result:
        self._clock += 1
        change = ScoringModelChange(
            id=name,
            status=cast(ScoringModelStatus, status),
            occurred_at=minute(self._clock if at is None else at),
            name=title,
            maximum=maximum,
        )
        return self.take(self.registry.observe_scoring_model(change, IN_ENGLISH))

    def rules(self) -> Rules:
        return rules_from(self.registry.records)

    def _issued(self, **fields: Any) -> dict[str, Any]:
        self._clock += 1
        return {"command_id": f"c-{self._clock}", "issued_by": "anna", "issued_at": minute(self._clock)} | fields
