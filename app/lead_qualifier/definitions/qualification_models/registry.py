"""All that decides which leads qualify, as one command finds it: models, scoring models and the feature switch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec.structs import replace
from typing_extensions import override

from lead_qualifier.definitions.codes import Code
from lead_qualifier.definitions.command_handler import CommandHandler, Wording
from lead_qualifier.definitions.commands import Command, CommandResult, Decision, DefinitionCommand
from lead_qualifier.definitions.lifecycle import Lifecycle, stale
from lead_qualifier.definitions.processed_commands import ProcessedCommand
from lead_qualifier.definitions.qualification_models.entries import (
    LEAD_MANAGEMENT,
    Entry,
    FeatureEntry,
    ModelEntry,
    ProcessedCommands,
    ScoringModelEntry,
    ScoringModelStatus,
    Stored,
    feature_key,
    model_key,
    processed_key,
    scoring_key,
)
from lead_qualifier.definitions.qualification_models.kind import QualificationModelKind
from lead_qualifier.definitions.qualification_models.snapshot import revision_of
from lead_qualifier.definitions.registry import Registry
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.qualification.utc import EARLIEST_PLAUSIBLE, in_utc


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringModelChange:
    """What a scoring engine announces. `maximum`: the highest score its model gives; None: it does not say."""

    id: str
    status: ScoringModelStatus
    occurred_at: datetime
    name: str | None = None
    maximum: float | None = None


class ModelRegistry(Registry[Stored]):
    """Every record by its key. Revisions are one order over models, scoring models and features."""

    @override
    def revision_in(self, record: Stored) -> int:
        """The revision of an entry, or the highest in processed commands, because that of the entry may be lost."""
        return revision_of(record)

    def model(self, model_id: str) -> ModelEntry | None:
        """A model's entry; None if it never existed or is deleted."""
        entry = self._model_or_deleted(model_id)
        return None if entry is None or entry.status == "deleted" else entry

    def scoring_model(self, scoring_model_id: str) -> ScoringModelEntry | None:
        """A scoring model's entry; None if nobody has announced it."""
        entry = self.records.get(scoring_key(scoring_model_id))
        return entry if isinstance(entry, ScoringModelEntry) else None

    def enabled(self, feature: str) -> bool:
        """Whether a feature is on; off if nobody has ever turned it on."""
        entry = self._feature(feature)
        return entry is not None and entry.enabled

    def handle(
        self, command: DefinitionCommand, wording: Wording, fits: Callable[[Stored], bool]
    ) -> CommandResult[ModelEntry]:
        """The result of a command on a model. `fits`: whether a record can be stored."""
        kind = QualificationModelKind(self.scoring_model, lead_management=self.enabled(LEAD_MANAGEMENT))
        handler = CommandHandler(codes=kind.codes, wording=wording, fits=fits)
        models = {entry.id: entry for entry in self.records.values() if isinstance(entry, ModelEntry)}
        lifecycle = Lifecycle(kind, models, self.revision)
        stored = _Stored(self, model_key(command.id), self._model_or_deleted(command.id))
        return handler.handle(command, stored, lambda: lifecycle.decide(command))

    def set_feature(
        self, command: Command, *, enabled: bool, wording: Wording, fits: Callable[[Stored], bool]
    ) -> CommandResult[FeatureEntry]:
        """The result of turning a feature on or off."""
        entry = self._feature(command.id)
        handler = CommandHandler(codes={}, wording=wording, fits=fits)
        stored = _Stored(self, feature_key(command.id), entry)
        return handler.handle(command, stored, lambda: self._decide_feature(command, entry, enabled))

    def _decide_feature(self, command: Command, entry: FeatureEntry | None, enabled: bool) -> Decision[FeatureEntry]:
        name = command.id
        if name != LEAD_MANAGEMENT:
            unknown = Finding("unknown_feature", name=name, known=LEAD_MANAGEMENT)
            return Decision(code=Code.UNKNOWN_FEATURE, finding=unknown)
        if refusal := stale(command, entry):
            return refusal
        if entry is not None and entry.enabled == enabled:
            already = Finding("feature_on_already" if enabled else "feature_off_already", name=name)
            return Decision(code=Code.UNCHANGED, finding=already)
        changed = FeatureEntry(
            name=name,
            revision=self.revision + 1,
            enabled=enabled,
            changed_at=in_utc(command.issued_at),
            changed_by=command.issued_by,
        )
        if enabled:
            return Decision(code=Code.ENABLED, finding=Finding("feature_on", name=name), entry=changed)
        return Decision(code=Code.DISABLED, finding=Finding("feature_off", name=name), entry=changed)

    def observe_scoring_model(
        self, change: ScoringModelChange, wording: Wording, latest: datetime | None = None
    ) -> CommandResult[ScoringModelEntry]:
        """Hold what a scoring engine announces, unless what is held is newer. Of equal times the later one counts.

        What says nothing new takes no revision; its newer time is held all the same. What is held with a time after
        `latest`, the latest that is plausible now, is older than anything that is announced.
        """
        at = in_utc(change.occurred_at)
        held = self.scoring_model(change.id)
        if held is not None and latest is not None and held.occurred_at > latest:
            held = replace(held, occurred_at=EARLIEST_PLAUSIBLE)
        if held is not None and at < held.occurred_at:
            stale_one = Finding("scoring_model_stale", id=change.id)
            return _observed(Code.STALE, wording.sentence(stale_one), held.revision)
        announced = ScoringModelEntry(
            id=change.id,
            revision=self.revision + 1,
            status=change.status,
            occurred_at=at,
            name=change.name,
            maximum=change.maximum,
        )
        if held is not None and announced == replace(held, revision=announced.revision, occurred_at=at):
            unchanged = Finding("scoring_model_unchanged", id=change.id, status=change.status)
            newer = replace(held, occurred_at=at) if at > held.occurred_at else None
            return _observed(Code.UNCHANGED, wording.sentence(unchanged), held.revision, stored=newer)
        observed = Finding("scoring_model_observed", id=change.id, status=change.status)
        return _observed(Code.OBSERVED, wording.sentence(observed), announced.revision, announced, announced)

    def _model_or_deleted(self, model_id: str) -> ModelEntry | None:
        entry = self.records.get(model_key(model_id))
        return entry if isinstance(entry, ModelEntry) else None

    def _feature(self, name: str) -> FeatureEntry | None:
        entry = self.records.get(feature_key(name))
        return entry if isinstance(entry, FeatureEntry) else None


def _observed(
    code: Code,
    message: str,
    revision: int,
    entry: ScoringModelEntry | None = None,
    stored: ScoringModelEntry | None = None,
) -> CommandResult[ScoringModelEntry]:
    return CommandResult(
        accepted=code.accepted,
        code=code.value,
        message=message,
        entry=entry,
        stored=() if stored is None else (stored,),
        revision=revision,
    )


@dataclass(frozen=True, slots=True)
class _Stored:
    """An entry, and a record of its own for the processed commands."""

    registry: ModelRegistry
    key: str
    held: Any

    def entry(self) -> Any:
        return self.held

    def processed(self) -> tuple[ProcessedCommand, ...]:
        record = self.registry.records.get(processed_key(self.key))
        return record.answers if isinstance(record, ProcessedCommands) else ()

    def unreadable(self) -> tuple[str, str] | None:
        for key in (self.key, processed_key(self.key)):
            if (reason := self.registry.unreadable.get(key)) is not None:
                return key, reason
        return None

    def records(self, changed: Entry | None, processed: tuple[ProcessedCommand, ...]) -> tuple[Stored, ...]:
        memory = (ProcessedCommands(target=self.key, answers=processed),) if processed else ()
        return memory if changed is None else (changed, *memory)
