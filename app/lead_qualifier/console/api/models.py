"""Qualification models: listed, shown, compared, and their history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Literal

from lead_qualifier.client.definition_changes import ABSENT, changed_lines, changes
from lead_qualifier.client.definition_history import History, Version, history_in
from lead_qualifier.client.definitions import QUALIFICATION_MODEL
from lead_qualifier.client.foreseeing import foresee
from lead_qualifier.client.formula import terms
from lead_qualifier.client.rulebook import Rulebook
from lead_qualifier.console.api.errors import InvalidParameter
from lead_qualifier.console.api.forms import Sentence, sentence
from lead_qualifier.console.api.model_forms import (
    FieldChange,
    Foreseen,
    ModelDetails,
    ModelDiff,
    ModelDraft,
    ModelHistory,
    ModelList,
    ModelSummary,
    ModelVersion,
    UsedScoringModel,
)
from lead_qualifier.console.errors import ApiError
from lead_qualifier.console.read_model.audit_trail import TrailReader
from lead_qualifier.console.read_model.rule_entries import RulesReader
from lead_qualifier.definitions.codes import Code
from lead_qualifier.definitions.qualification_models.entries import ModelEntry
from lead_qualifier.definitions.qualification_models.ineligibility import warnings
from lead_qualifier.definitions.qualification_models.kind import QualificationModelKind
from lead_qualifier.messages.definition_writing import model_lines
from lead_qualifier.messages.model_definition import definition_of
from lead_qualifier.messages.model_reading import model_of
from lead_qualifier.qualification.models import InvalidModel, QualificationModel
from lead_qualifier.wording.sentences import Wording

ForeseenCommand = Literal["publish", "replace", "stop", "delete"]
"""A command that can be foreseen; `replace`: publish the draft of a live model in place of what runs."""
DRAFT = "draft"
"""In place of a version's number: what the next publish makes live."""


class ModelNotFound(ApiError):
    """There is no such qualification model."""

    status = HTTPStatus.NOT_FOUND
    code = "unknown_model"

    def __init__(self) -> None:
        super().__init__("There is no qualification model with this id: it was never applied, or it was deleted.")


class NoSuchVersion(ApiError):
    """The model has no such version, or no draft, or the audit trail does not hold its definition."""

    status = HTTPStatus.NOT_FOUND
    code = "no_such_version"


class Models:
    """What API and pages ask about qualification models. Everything comes from the projection."""

    def __init__(self, rules: RulesReader, trails: TrailReader, known_leads: Callable[[], int]) -> None:
        """`known_leads`: counts the leads that are held."""
        self._rules = rules
        self._trails = trails
        self._known_leads = known_leads

    def all(self, wording: Wording) -> ModelList:
        """All of them."""
        book = self._rules.rulebook()
        summaries = (_summary(one, book, wording) for one in book.models)
        return ModelList(
            lead_management=book.lead_management, models=[ModelSummary(**one) for one in summaries if one is not None]
        )

    def show(self, model_id: str, wording: Wording) -> ModelDetails:
        """One model. Raises ModelNotFound."""
        book = self._rules.rulebook()
        entry = _held(book, model_id)
        summary = _summary(entry, book, wording)
        if summary is None or entry.definition is None:
            raise ModelNotFound
        draft = entry.draft if entry.status == "live" else None
        return ModelDetails(
            **summary,
            definition={**definition_of(entry.definition)},
            draft=None if draft is None else {**definition_of(draft)},
            scoring_models=_used(entry, book),
            remarks=_remarks(draft or entry.definition, book, wording),
            published_at=entry.published_at,
            published_by=entry.published_by,
        )

    def foresee(self, model_id: str, command: ForeseenCommand, wording: Wording) -> Foreseen:
        """What would become of a command if it were sent now. Raises ModelNotFound."""
        book = self._rules.rulebook()
        entry = _held(book, model_id)
        action = "publish" if command == "replace" else command
        decision = foresee(book, action, model_id, replace=command == "replace")
        code = decision.code
        published = code is Code.PUBLISHED and decision.entry is not None and decision.entry.published
        sweeps = published and published.existing_leads == "evaluate"
        return Foreseen(
            accepted=code.accepted,
            code=QualificationModelKind.codes.get(code, code.value),
            text=wording.sentence(decision.finding),
            version=entry.version if decision.entry is None else decision.entry.version,
            evaluates_leads=self._known_leads() if sweeps else None,
        )

    def draft(self, model_id: str) -> ModelDraft:
        """What the next publish makes live. Raises ModelNotFound, NoSuchVersion."""
        entry = _held(self._rules.rulebook(), model_id)
        if entry.draft is None:
            raise NoSuchVersion("The model has no draft.")
        return ModelDraft(
            qualification_model_id=model_id, revision=entry.revision, definition={**definition_of(entry.draft)}
        )

    def history(self, model_id: str, wording: Wording) -> ModelHistory:
        """Its published versions, even if it is deleted. Raises ModelNotFound."""
        versions = [_version(one, wording) for one in self._history(model_id).versions]
        return ModelHistory(qualification_model_id=model_id, versions=versions)

    def diff(self, model_id: str, before: str, after: str) -> ModelDiff:
        """What differs between two versions, each a number or `draft`.

        Raises ModelNotFound, NoSuchVersion, InvalidParameter.
        """
        found = self._history(model_id)
        one = self._definition(found, before, "before")
        other = self._definition(found, after, "after")
        return ModelDiff(
            qualification_model_id=model_id,
            before=before,
            after=after,
            changes=[
                FieldChange(field=change.field, **{name: value for name, value in sides if value is not ABSENT})
                for change in changes(one, other)
                for sides in [(("before", change.before), ("after", change.after))]
            ],
            lines=changed_lines(one, other, before_name="", after_name="")[3:],  # after the names
        )

    def _history(self, model_id: str) -> History:
        newest_first = self._trails.newest(kind=QUALIFICATION_MODEL, subject=model_id)
        found = history_in((one.value for one in reversed(newest_first)), QUALIFICATION_MODEL, model_id)
        if not found.known:
            raise ModelNotFound
        return found

    def _definition(self, found: History, which: str, parameter: str) -> Mapping[str, Any]:
        if which == DRAFT:
            return self.draft(found.definition_id).definition
        if not (which.isascii() and which.isdecimal()) or len(which) > 9:
            raise InvalidParameter(f"must be the number of a version, or {DRAFT}", parameter=parameter)
        version = found.version(int(which))
        if version is None:
            raise NoSuchVersion(f"The model has no version {which}.")
        if version.definition is None:
            raise NoSuchVersion(
                f"The audit trail does not hold the definition of version {which}: an older release published it "
                "without, or it is too large for a record."
            )
        return version.definition


def model_text(definition: Mapping[str, Any]) -> str:
    """A definition as YAML, as `model apply` reads it."""
    return "\n".join(model_lines(definition)) + "\n"


def _held(book: Rulebook, model_id: str) -> ModelEntry:
    entry = book.model(model_id)
    if entry is None or entry.status == "deleted":
        raise ModelNotFound
    return entry


def _summary(entry: ModelEntry, book: Rulebook, wording: Wording) -> dict[str, Any] | None:
    if entry.definition is None or entry.status == "deleted":
        return None
    return {
        "qualification_model_id": entry.id,
        "name": entry.definition.name,
        "status": entry.status,
        "version": entry.version,
        "revision": entry.revision,
        "criteria": wording.sentence(terms(entry.definition)),
        "degraded": book.degraded(entry),
        "has_draft": entry.draft is not None,
        "in_shadow": entry.shadow,
        "changed_at": entry.changed_at,
        "changed_by": entry.changed_by,
    }


def _used(entry: ModelEntry, book: Rulebook) -> list[UsedScoringModel]:
    definitions = [one for one in (entry.definition, entry.draft) if one is not None]
    names = dict.fromkeys(one.scoring_model for definition in definitions for one in definition.criteria)
    held = {name: book.scoring_model(name) for name in names}
    return [
        UsedScoringModel(scoring_model_id=name)
        if one is None
        else UsedScoringModel(scoring_model_id=name, name=one.name, status=one.status, maximum=one.maximum)
        for name, one in held.items()
    ]


def _remarks(definition: QualificationModel, book: Rulebook, wording: Wording) -> list[Sentence]:
    found = warnings(definition, book.scoring_model, enabled=book.lead_management)
    return [sentence(one, wording) for one in found]


def _version(one: Version, wording: Wording) -> ModelVersion:
    return ModelVersion(
        version=one.number,
        published_at=one.published.at,
        published_by=one.published.by,
        applied_at=None if one.drafted is None else one.drafted.at,
        applied_by=None if one.drafted is None else one.drafted.by,
        ended_at=None if one.ended is None else one.ended.at,
        ended_by=None if one.ended is None else one.ended.by,
        ended=None if one.ended is None else one.ended.how,
        command_id=one.command_id,
        revision=one.revision,
        criteria=_criteria(one.definition, wording),
        definition=None if one.definition is None else dict(one.definition),
    )


def _criteria(definition: Mapping[str, Any] | None, wording: Wording) -> str | None:
    if definition is None:
        return None
    try:
        return wording.sentence(terms(model_of(definition)))
    except InvalidModel:  # of a newer release
        return None
