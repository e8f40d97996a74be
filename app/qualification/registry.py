"""The lifecycle of models: which command is accepted, what it changes, and what is said to whoever issued it."""

from collections.abc import Mapping
from shlex import quote

from msgspec.structs import replace

from app.qualification.commands import Code, Issued, ScoringModelChange, Verdict
from app.qualification.entries import (
    LEAD_MANAGEMENT,
    Answer,
    Answers,
    Entry,
    FeatureEntry,
    ModelEntry,
    ScoringModelEntry,
    Stored,
    answers_key,
    feature_key,
    model_key,
    scoring_key,
)
from app.qualification.models import InvalidModel, QualificationModel
from app.qualification.rules import RuledModel, Rules, UnknownLeads
from app.qualification.utc import in_utc

__all__ = [
    "ANSWERS_KEPT",
    "Answer",
    "Answers",
    "Code",
    "Entry",
    "FeatureEntry",
    "Issued",
    "ModelEntry",
    "Registry",
    "ScoringModelChange",
    "ScoringModelEntry",
    "Stored",
    "Verdict",
    "revision_of",
    "rules_from",
]

ANSWERS_KEPT = 1000
"""How many commands on one entry are remembered: more than a model is given in the week that its topic keeps them, and
still, at some 300 bytes each, far below what a record may hold."""


class Registry:
    """All entries, by key. Its methods judge one command each and change nothing; after() has what a verdict changed.

    Every accepted change takes the next revision: one total order over all models, scoring models and features.
    """

    def __init__(self, entries: Mapping[str, Stored] | None = None) -> None:
        self._entries: dict[str, Stored] = dict(entries or {})
        self.revision = revision_of(self._entries)

    def after(self, verdict: Verdict) -> "Registry":
        """The registry with what a verdict of this one stores."""
        return Registry(self._entries | {stored.key: stored for stored in verdict.stored()})

    @property
    def entries(self) -> Mapping[str, Stored]:
        """Everything it holds, by key."""
        return self._entries

    def model(self, model_id: str) -> ModelEntry | None:
        """A model's entry; None for one that never was or is deleted."""
        entry = self._model_or_deleted(model_id)
        return None if entry is None or entry.status == "deleted" else entry

    def scoring_model(self, scoring_model_id: str) -> ScoringModelEntry | None:
        """What is held of a scoring model; None for one that nobody announced."""
        entry = self._entries.get(scoring_key(scoring_model_id))
        return entry if isinstance(entry, ScoringModelEntry) else None

    def enabled(self, feature: str) -> bool:
        """Whether a feature is on; one that nobody ever turned on is off."""
        entry = self._entries.get(feature_key(feature))
        return isinstance(entry, FeatureEntry) and entry.enabled

    # Commands on models

    def apply_model(self, definition: QualificationModel, issued: Issued) -> Verdict:
        """Create or replace the draft of a model that is not live."""
        model_id = definition.id
        entry, key = self._model_or_deleted(model_id), model_key(model_id)
        if repeat := self._repeat(key, issued):
            return repeat
        if refusal := self._stale(key, model_id, entry, issued):
            return refusal
        if entry is not None and entry.status == "live":
            return self._refuse(key, entry, issued, Code.MODEL_LIVE, _stop_first(model_id))
        warnings = tuple(self._hindrances(definition))
        if entry is not None and definition == entry.definition:
            message = f"{model_id}: its draft says so already"
            return self._answer(key, entry, issued, Code.UNCHANGED, message, warnings=warnings)
        if entry is None:
            changed = ModelEntry(id=model_id, revision=0, status="draft", draft=definition)
        elif entry.status == "deleted":
            changed = replace(entry, status="draft", draft=definition)
        else:
            changed = replace(entry, draft=definition)
        message = f"{model_id}: draft saved; it runs once published (lead-qualifier model publish {quote(model_id)})"
        return self._change(key, changed, issued, Code.APPLIED, message, warnings=warnings)

    def refuse_invalid(self, model_id: str, problem: InvalidModel, issued: Issued) -> Verdict:
        """Answer an apply whose definition does not hold together."""
        key = model_key(model_id)
        if repeat := self._repeat(key, issued):
            return repeat
        message = f"{model_id}: {problem}; correct the model file and apply it again"
        return self._refuse(key, self._model_or_deleted(model_id), issued, Code.INVALID_MODEL, message)

    def publish(self, model_id: str, issued: Issued) -> Verdict:
        """Make the draft, or what ran last, the model's next version and let it run."""
        entry, key = self._model_or_deleted(model_id), model_key(model_id)
        if repeat := self._repeat(key, issued):
            return repeat
        definition = None if entry is None else entry.definition
        if entry is None or definition is None:
            return self._refuse(key, entry, issued, Code.UNKNOWN_MODEL, _unknown(model_id))
        if refusal := self._stale(key, model_id, entry, issued):
            return refusal
        if entry.status == "live":
            message = _stop_first(model_id, f" already, in version {entry.version}")
            return self._refuse(key, entry, issued, Code.MODEL_LIVE, message)
        if hindrances := self._hindrances(definition):
            off = not self.enabled(LEAD_MANAGEMENT)
            code = Code.LEAD_MANAGEMENT_OFF if off else Code.SCORING_MODEL_NOT_LIVE
            return self._refuse(key, entry, issued, code, f"{model_id} cannot be published: {'; '.join(hindrances)}")
        changed = replace(
            entry,
            status="live",
            version=entry.version + 1,
            draft=None,
            published=definition,
            published_revision=self.revision + 1,
            publish_command_id=issued.command_id,
            publish_command_offset=issued.offset,
            published_at=in_utc(issued.issued_at),
            published_by=issued.issued_by,
        )
        return self._change(key, changed, issued, Code.PUBLISHED, f"{model_id} is live in version {changed.version}")

    def stop(self, model_id: str, issued: Issued) -> Verdict:
        """Stop a live model, so that it can be edited. Leads keep their marks."""
        entry, key = self._model_or_deleted(model_id), model_key(model_id)
        if repeat := self._repeat(key, issued):
            return repeat
        if entry is None or entry.status == "deleted":
            return self._refuse(key, entry, issued, Code.UNKNOWN_MODEL, _unknown(model_id))
        if refusal := self._stale(key, model_id, entry, issued):
            return refusal
        if entry.status != "live":
            message = (
                f"{model_id} is not live, so there is nothing to stop"
                f" (to let it run: lead-qualifier model publish {quote(model_id)})"
            )
            return self._refuse(key, entry, issued, Code.MODEL_NOT_LIVE, message)
        message = f"{model_id} is stopped; edit its file, apply and publish it to go on"
        return self._change(key, replace(entry, status="stopped"), issued, Code.STOPPED, message)

    def delete(self, model_id: str, issued: Issued) -> Verdict:
        """Delete a model that is not live. Leads keep its marks: they belong to the id."""
        entry, key = self._model_or_deleted(model_id), model_key(model_id)
        if repeat := self._repeat(key, issued):
            return repeat
        if entry is None or entry.status == "deleted":
            return self._refuse(key, entry, issued, Code.UNKNOWN_MODEL, _unknown(model_id))
        if refusal := self._stale(key, model_id, entry, issued):
            return refusal
        if entry.status == "live":
            return self._refuse(key, entry, issued, Code.MODEL_LIVE, _stop_first(model_id))
        changed = replace(entry, status="deleted", draft=None, published=None)
        return self._change(key, changed, issued, Code.DELETED, f"{model_id} is deleted")

    # The feature switch and the scoring models

    def set_feature(self, name: str, enabled: bool, issued: Issued) -> Verdict:
        """Turn a feature on or off."""
        key = feature_key(name)
        if repeat := self._repeat(key, issued):
            return repeat
        entry = self._entries.get(key)
        feature = entry if isinstance(entry, FeatureEntry) else None
        if name != LEAD_MANAGEMENT:
            message = f"there is no feature {name}: the one there is is called {LEAD_MANAGEMENT}"
            return self._refuse(key, feature, issued, Code.UNKNOWN_FEATURE, message)
        if refusal := self._stale(key, name, feature, issued):
            return refusal
        word = "on" if enabled else "off"
        if feature is not None and feature.enabled == enabled:
            return self._answer(key, feature, issued, Code.UNCHANGED, f"{name} is {word} already")
        message = f"{name} is {word}"
        if not enabled:
            message += ": nothing qualifies until it is on again; scores and lead changes are still recorded"
        code = Code.ENABLED if enabled else Code.DISABLED
        return self._change(key, FeatureEntry(name=name, revision=0, enabled=enabled), issued, code, message)

    def observe_scoring_model(self, change: ScoringModelChange) -> Verdict:
        """Hold what a scoring engine says, unless it is older than what is held. Equal times: the later word counts.

        What says nothing new takes no revision; its newer time is held all the same.
        """
        at = in_utc(change.occurred_at)
        held = self.scoring_model(change.id)
        if held is not None and at < held.occurred_at:
            message = f"scoring model {change.id}: older than what is held, ignored"
            return Verdict(accepted=False, code=Code.STALE, message=message, revision=held.revision)
        if held is not None and (held.status, held.name) == (change.status, change.name):
            message = f"scoring model {change.id} is {change.status} already"
            entry = replace(held, occurred_at=at) if at > held.occurred_at else None
            return Verdict(accepted=True, code=Code.UNCHANGED, message=message, entry=entry, revision=held.revision)
        observed = ScoringModelEntry(
            id=change.id, revision=self.revision + 1, status=change.status, occurred_at=at, name=change.name
        )
        message = f"scoring model {change.id} is {change.status}"
        return Verdict(accepted=True, code=Code.OBSERVED, message=message, entry=observed, revision=observed.revision)

    # How verdicts come about

    def _model_or_deleted(self, model_id: str) -> ModelEntry | None:
        entry = self._entries.get(model_key(model_id))
        return entry if isinstance(entry, ModelEntry) else None

    def _hindrances(self, definition: QualificationModel) -> list[str]:
        """Why a model of this definition cannot be published now, and what to do about it."""
        hindrances = []
        if not self.enabled(LEAD_MANAGEMENT):
            hindrances.append(
                "lead management is off: an administrator turns it on"
                f" (lead-qualifier feature enable {LEAD_MANAGEMENT})"
            )
        for criterion in definition.criteria:
            name = criterion.scoring_model
            entry = self.scoring_model(name)
            if entry is None or entry.status != "live":
                standing = "unknown" if entry is None else f"not live but {entry.status}"
                hindrances.append(
                    f"scoring model {name} is {standing}: set it live first"
                    f" (lead-qualifier scoring-model set {quote(name)} --status live)"
                )
        return hindrances

    def _repeat(self, key: str, issued: Issued) -> Verdict | None:
        for answer in self._answers(key).answers:
            if answer.command_id == issued.command_id:
                return Verdict(
                    accepted=answer.accepted,
                    code=Code(answer.code),
                    message=answer.message,
                    warnings=answer.warnings,
                    version=answer.version,
                    revision=answer.revision,
                    repeated=True,
                )
        return None

    def _stale(self, key: str, name: str, entry: ModelEntry | FeatureEntry | None, issued: Issued) -> Verdict | None:
        held = 0 if entry is None else entry.revision
        accepted = {None, held}
        if isinstance(entry, ModelEntry) and entry.status == "deleted":
            accepted.add(0)  # to whoever lists models it is not there
        if issued.expected_revision in accepted:
            return None
        message = (
            f"{name} is at revision {held}, the command was meant for revision {issued.expected_revision}:"
            " see what changed meanwhile and give the command again"
        )
        return self._refuse(key, entry, issued, Code.STALE_REVISION, message)

    def _change(
        self,
        key: str,
        entry: ModelEntry | FeatureEntry,
        issued: Issued,
        code: Code,
        message: str,
        *,
        warnings: tuple[str, ...] = (),
    ) -> Verdict:
        changed = replace(
            entry,
            revision=self.revision + 1,
            changed_at=in_utc(issued.issued_at),
            changed_by=issued.issued_by,
        )
        return self._answer(key, changed, issued, code, message, warnings=warnings, changed=changed)

    def _refuse(
        self, key: str, entry: ModelEntry | FeatureEntry | None, issued: Issued, code: Code, message: str
    ) -> Verdict:
        return self._answer(key, entry, issued, code, message, accepted=False)

    def _answer(
        self,
        key: str,
        entry: ModelEntry | FeatureEntry | None,
        issued: Issued,
        code: Code,
        message: str,
        *,
        accepted: bool = True,
        warnings: tuple[str, ...] = (),
        changed: Entry | None = None,
    ) -> Verdict:
        answer = Answer(
            command_id=issued.command_id,
            accepted=accepted,
            code=code,
            message=message,
            warnings=warnings,
            version=entry.version if isinstance(entry, ModelEntry) else 0,
            revision=0 if entry is None else entry.revision,
        )
        kept = (*self._answers(key).answers, answer)[-ANSWERS_KEPT:]
        return Verdict(
            accepted=accepted,
            code=code,
            message=message,
            warnings=warnings,
            entry=changed,
            answers=Answers(target=key, answers=kept),
            version=answer.version,
            revision=answer.revision,
        )

    def _answers(self, key: str) -> Answers:
        answers = self._entries.get(answers_key(key))
        return answers if isinstance(answers, Answers) else Answers(target=key)


def _stop_first(model_id: str, how: str = "") -> str:
    return f"{model_id} is live{how}: stop it first (lead-qualifier model stop {quote(model_id)})"


def _unknown(model_id: str) -> str:
    return f"there is no model {model_id}: apply its file first (lead-qualifier model apply FILE)"


def revision_of(entries: Mapping[str, Stored]) -> int:
    """The highest revision among the entries, 0 if there is none."""
    return max((entry.revision for entry in entries.values() if not isinstance(entry, Answers)), default=0)


def rules_from(entries: Mapping[str, Stored], unknown_leads: UnknownLeads = "open") -> Rules:
    """The snapshot that a worker decides by."""
    live_scoring_models = set()
    models = {}
    lead_management = False
    for entry in entries.values():
        if isinstance(entry, ScoringModelEntry) and entry.status == "live":
            live_scoring_models.add(entry.id)
        elif isinstance(entry, FeatureEntry) and entry.name == LEAD_MANAGEMENT:
            lead_management = entry.enabled
        elif isinstance(entry, ModelEntry) and entry.definition is not None:
            models[entry.id] = _ruled(entry, entry.definition)
    return Rules(
        revision=revision_of(entries),
        lead_management=lead_management,
        live_scoring_models=frozenset(live_scoring_models),
        models=models,
        unknown_leads=unknown_leads,
    )


def _ruled(entry: ModelEntry, definition: QualificationModel) -> RuledModel:
    return RuledModel(
        definition=definition,
        version=entry.version,
        live=entry.status == "live",
        published_revision=entry.published_revision,
        publish_command_id=entry.publish_command_id,
        publish_command_offset=entry.publish_command_offset,
        published_at=entry.published_at,
    )
