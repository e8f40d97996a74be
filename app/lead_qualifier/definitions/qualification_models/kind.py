"""The qualification model as a kind of definition: its form, what publishing it takes, and the shadow of its draft."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace
from typing_extensions import override

from lead_qualifier.definitions.codes import Code
from lead_qualifier.definitions.commands import Decision, DefinitionCommand
from lead_qualifier.definitions.lifecycle import DefinitionKind, InvalidDefinition, fault
from lead_qualifier.definitions.qualification_models.entries import ModelEntry
from lead_qualifier.definitions.qualification_models.ineligibility import (
    LookUp,
    ineligibility,
    out_of_reach,
    warnings,
)
from lead_qualifier.messages.model_definition import definition_of
from lead_qualifier.messages.model_reading import model_of
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.qualification.models import InvalidModel, QualificationModel

NAME = "model"


class QualificationModelKind(DefinitionKind[ModelEntry, QualificationModel]):
    """The kind, where the scoring models and the feature switch stand as they do now."""

    name = NAME
    codes: Mapping[Code, str] = {
        Code.INVALID: "invalid_model",
        Code.UNKNOWN: "unknown_model",
        Code.LIVE: "model_live",
        Code.NOT_LIVE: "model_not_live",
    }

    def __init__(self, scoring_model: LookUp, *, lead_management: bool) -> None:
        """`lead_management`: it is on."""
        self._scoring_model = scoring_model
        self._lead_management = lead_management

    @override
    def read(self, definition: object, entries: Mapping[str, ModelEntry]) -> QualificationModel:
        """The model of a definition. It refers to no other model."""
        try:
            return model_of(definition)
        except InvalidModel as error:
            raise InvalidDefinition(tuple(fault(field, message) for field, message in error.problems)) from None

    @override
    def id_of(self, definition: QualificationModel) -> str:
        """The id that a definition says it has."""
        return definition.id

    @override
    def written(self, definition: QualificationModel) -> Mapping[str, Any]:
        """A model as people write it, with every default."""
        return {**definition_of(definition)}

    @override
    def new(self, definition_id: str) -> ModelEntry:
        """The entry of a definition that nobody has applied yet."""
        return ModelEntry(id=definition_id, revision=0, status="deleted")

    @override
    def refuses_apply(self, definition: QualificationModel) -> tuple[Code, Finding] | None:
        """Thresholds that no score can meet."""
        if not (found := tuple(out_of_reach(definition, self._scoring_model))):
            return None
        return Code.THRESHOLD_ABOVE_MAXIMUM, Finding("cannot_apply", id=definition.id, reasons=found)

    @override
    def refuses_publish(
        self, definition: QualificationModel, command: DefinitionCommand, entries: Mapping[str, ModelEntry]
    ) -> tuple[Code, Finding] | None:
        """Lead management that is off, scoring models that are not live, thresholds out of reach."""
        found = ineligibility(definition, self._scoring_model, enabled=self._lead_management)
        if not found:
            return None
        reasons = tuple(finding for _, finding in found)
        return found[0][0], Finding("cannot_publish", id=definition.id, reasons=reasons)

    @override
    def warnings_of(self, definition: QualificationModel) -> tuple[Finding, ...]:
        """What would refuse a publish now, and whom to update before one."""
        return warnings(definition, self._scoring_model, enabled=self._lead_management)

    @override
    def published(self, entry: ModelEntry, command: DefinitionCommand) -> ModelEntry:
        """With the command, which a sweep of existing leads names as its trigger."""
        return replace(entry, publish_command_id=command.command_id, publish_command_offset=command.offset)

    @override
    def settled(self, entry: ModelEntry) -> ModelEntry:
        """Only the draft of a live model runs in shadow."""
        in_shadow = entry.shadow and entry.status == "live" and entry.draft is not None
        return entry if entry.shadow == in_shadow else replace(entry, shadow=in_shadow)

    @override
    def draft_saved(self, entry: ModelEntry) -> Finding:
        """The draft of a live model can run in shadow."""
        if entry.status != "live":
            return super().draft_saved(entry)
        return Finding("draft_saved_for_shadow", kind=self.name, id=entry.id, version=entry.version)

    @override
    def decide(self, command: DefinitionCommand, entry: ModelEntry) -> Decision[ModelEntry]:
        """Let the draft of a live model run in its shadow, counted and without effect, or end that."""
        assert command.action == "shadow", command.action
        on = command.enabled
        if on and entry.status != "live":
            return Decision(code=Code.NOT_LIVE, finding=Finding("nothing_to_compare", kind=self.name, id=entry.id))
        if on and entry.draft is None:
            finding = Finding("no_draft", kind=self.name, id=entry.id, version=entry.version)
            return Decision(code=Code.NO_DRAFT, finding=finding)
        if entry.shadow == on:
            already = Finding("shadow_on_already" if on else "shadow_off_already", id=entry.id)
            return Decision(code=Code.UNCHANGED, finding=already)
        changed = replace(entry, shadow=on)
        if entry.draft is None or not on:
            return Decision(code=Code.SHADOW_OFF, finding=Finding("shadow_off", id=entry.id), entry=changed)
        return Decision(
            code=Code.SHADOW_ON,
            finding=Finding("shadow_on", id=entry.id, version=entry.version),
            # What publishing would refuse counts as not met in the shadow, which is worth a word.
            warnings=self.warnings_of(entry.draft),
            entry=changed,
        )
