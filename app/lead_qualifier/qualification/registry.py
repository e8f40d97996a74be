"""The lifecycle of models: which command is accepted, what it changes, and what is said to whoever issued it."""

from datetime import datetime
from shlex import quote

from msgspec.structs import replace

from lead_qualifier.qualification.commands import Code, Issued, ScoringModelChange, Verdict
from lead_qualifier.qualification.entries import (
    LEAD_MANAGEMENT,
    FeatureEntry,
    ModelEntry,
    ScoringModelEntry,
    feature_key,
    model_key,
)
from lead_qualifier.qualification.findings import first_of
from lead_qualifier.qualification.ineligibility import Hindrance, hindrances
from lead_qualifier.qualification.judging import Judge
from lead_qualifier.qualification.models import InvalidModel, QualificationModel
from lead_qualifier.qualification.utc import EARLIEST_PLAUSIBLE, in_utc


class Registry(Judge):
    """Judges one command in each of its methods and changes nothing: after() has what a verdict changed."""

    def after(self, verdict: Verdict) -> "Registry":
        """The registry with what a verdict of this one stores."""
        entries = self._entries | {stored.key: stored for stored in verdict.stored()}
        return Registry(entries, self._unreadable, self.revision)

    # Commands on models

    def repeated(self, model_id: str, issued: Issued) -> Verdict | None:
        """What a command on a model was answered, if it was given before and that is remembered."""
        return self._repeat(model_key(model_id), issued)

    def apply_model(self, definition: QualificationModel, issued: Issued, *, beside: bool = False) -> Verdict:
        """Create or replace the draft of a model that is not live, or with `beside` of one that is.

        A draft beside a live version that says the same as that is none: it is dropped.
        """
        model_id = definition.id
        entry, key = self._model_or_deleted(model_id), model_key(model_id)
        if repeat := self._repeat(key, issued):
            return repeat
        if refusal := self._stale(key, model_id, entry, issued):
            return refusal
        live = entry is not None and entry.status == "live"
        if live and not beside:
            other = "or keep it as a draft beside the live version (lead-qualifier model apply --draft FILE)"
            return self._refuse(key, entry, issued, Code.MODEL_LIVE, f"{_stop_first(model_id)}, {other}")
        hindering = self._hindrances(definition)
        unreachable = [one for one in hindering if one.code is Code.THRESHOLD_ABOVE_MAXIMUM]
        if unreachable:
            message = f"{model_id}: {'; '.join(_told(unreachable))}"
            return self._refuse(key, entry, issued, Code.THRESHOLD_ABOVE_MAXIMUM, message)
        warnings = tuple(_told(hindering))
        if entry is not None and definition == (entry.draft or entry.published):
            whose = "its live version" if live and entry.draft is None else "its draft"
            message = f"{model_id}: {whose} says so already"
            return self._answer(key, entry, issued, Code.UNCHANGED, message, warnings=warnings)
        if entry is None:
            changed = ModelEntry(id=model_id, revision=0, status="draft", draft=definition)
        elif entry.status == "deleted":
            changed = replace(entry, status="draft", draft=definition)
        elif live and definition == entry.published:
            changed = replace(entry, draft=None, shadow=False)
        else:
            changed = replace(entry, draft=definition)
        message = _applied(changed)
        return self._change(key, changed, issued, Code.APPLIED, message, warnings=warnings, definition=definition)

    def refuse_invalid(self, model_id: str, problem: InvalidModel, issued: Issued) -> Verdict:
        """Answer an apply whose definition does not hold together."""
        key = model_key(model_id)
        if repeat := self._repeat(key, issued):
            return repeat
        message = f"{model_id}: {problem}; correct the model file and apply it again"
        return self._refuse(key, self._model_or_deleted(model_id), issued, Code.INVALID_MODEL, message)

    def refuse_too_large(self, model_id: str, issued: Issued) -> Verdict:
        """Answer a command whose model, together with the version that runs, is larger than what can be kept."""
        message = (
            f"{model_id} takes more bytes than a record may have, together with the version that runs: make it smaller,"
            " or divide it into several models"
        )
        key = model_key(model_id)
        return self._refuse(key, self._model_or_deleted(model_id), issued, Code.TOO_LARGE, message)

    def publish(self, model_id: str, issued: Issued, *, replacing: bool = False) -> Verdict:
        """Make the draft, or what ran last, the model's next version and let it run.

        `replacing`: the draft of a live model takes the place of the version that runs, in one step.
        """
        entry, key = self._model_or_deleted(model_id), model_key(model_id)
        if repeat := self._repeat(key, issued):
            return repeat
        if entry is None or entry.definition is None:
            return self._refuse(key, entry, issued, Code.UNKNOWN_MODEL, _unknown(model_id))
        if refusal := self._stale(key, model_id, entry, issued):
            return refusal
        if mismatch := _cannot_replace(entry) if replacing else _cannot_publish(entry):
            return self._refuse(key, entry, issued, *mismatch)
        definition = entry.draft or entry.definition
        if hindering := self._hindrances(definition):
            message = f"{model_id} cannot be published: {'; '.join(_told(hindering))}"
            return self._refuse(key, entry, issued, hindering[0].code, message)
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
            shadow=False,
        )
        place = f", in place of version {entry.version}" if replacing else ""
        message = f"{model_id} is live in version {changed.version}{place}"
        return self._change(key, changed, issued, Code.PUBLISHED, message, definition=definition)

    def shadow(self, model_id: str, enabled: bool, issued: Issued) -> Verdict:
        """Let the draft of a live model run in its shadow, counted and without effect, or end that."""
        entry, key = self._model_or_deleted(model_id), model_key(model_id)
        if repeat := self._repeat(key, issued):
            return repeat
        if entry is None or entry.status == "deleted":
            return self._refuse(key, entry, issued, Code.UNKNOWN_MODEL, _unknown(model_id))
        if refusal := self._stale(key, model_id, entry, issued):
            return refusal
        if enabled and entry.status != "live":
            message = (
                f"{model_id} is not live, so there is nothing to compare its draft with"
                f" (to let it run: lead-qualifier model publish {quote(model_id)})"
            )
            return self._refuse(key, entry, issued, Code.MODEL_NOT_LIVE, message)
        if enabled and entry.draft is None:
            return self._refuse(key, entry, issued, Code.NO_DRAFT, _no_draft(entry))
        if entry.shadow == enabled:
            message = f"{model_id}: its draft {'runs' if enabled else 'does not run'} in shadow already"
            return self._answer(key, entry, issued, Code.UNCHANGED, message)
        changed = replace(entry, shadow=enabled)
        if entry.draft is None or not enabled:
            message = f"{model_id}: its draft runs in shadow no longer"
            return self._change(key, changed, issued, Code.SHADOW_OFF, message)
        message = (
            f"{model_id}: its draft runs in the shadow of version {entry.version}; workers count what it would do"
            " differently (lead_qualifier_shadow_total in their /metrics)"
        )
        # All but what publishing would refuse: what counts as not met in the shadow is worth a word.
        warnings = tuple(_told(self._hindrances(entry.draft)))
        return self._change(key, changed, issued, Code.SHADOW_ON, message, warnings=warnings)

    def stop(self, model_id: str, issued: Issued) -> Verdict:
        """Stop a live model, so that it can be edited. Leads keep their marks; a draft beside it is kept."""
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
        if entry.draft is not None:
            message = f"{model_id} is stopped; publish it to let its draft run"
        changed = replace(entry, status="stopped", shadow=False)
        return self._change(key, changed, issued, Code.STOPPED, message)

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

    def observe_scoring_model(self, change: ScoringModelChange, latest: datetime | None = None) -> Verdict:
        """Hold what a scoring engine says, unless it is older than what is held. Equal times: the later word counts.

        What says nothing new takes no revision; its newer time is held all the same. What is held with a time after
        `latest`, the latest that is plausible now, is older than anything that is said.
        """
        at = in_utc(change.occurred_at)
        held = self.scoring_model(change.id)
        if held is not None and latest is not None and held.occurred_at > latest:
            held = replace(held, occurred_at=EARLIEST_PLAUSIBLE)
        if held is not None and at < held.occurred_at:
            message = f"scoring model {change.id}: older than what is held, ignored"
            return Verdict(accepted=False, code=Code.STALE, message=message, revision=held.revision)
        said = ScoringModelEntry(
            id=change.id,
            revision=self.revision + 1,
            status=change.status,
            occurred_at=at,
            name=change.name,
            maximum=change.maximum,
        )
        if held is not None and said == replace(held, revision=said.revision, occurred_at=at):
            message = f"scoring model {change.id} is {change.status} already"
            entry = replace(held, occurred_at=at) if at > held.occurred_at else None
            return Verdict(accepted=True, code=Code.UNCHANGED, message=message, entry=entry, revision=held.revision)
        message = f"scoring model {change.id} is {change.status}"
        return Verdict(accepted=True, code=Code.OBSERVED, message=message, entry=said, revision=said.revision)

    def _hindrances(self, definition: QualificationModel) -> list[Hindrance]:
        return hindrances(definition, self.scoring_model, enabled=self.enabled(LEAD_MANAGEMENT))


def _told(hindering: list[Hindrance]) -> list[str]:
    return first_of(hindering, lambda one: one.message)


def _applied(entry: ModelEntry) -> str:
    """What an apply came to."""
    name = quote(entry.id)
    if entry.status != "live":
        return f"{entry.id}: draft saved; it runs once published (lead-qualifier model publish {name})"
    if entry.draft is None:
        return f"{entry.id}: its draft is dropped, since version {entry.version} says the same and goes on"
    return (
        f"{entry.id}: draft saved beside version {entry.version}, which goes on"
        f" (to see what it would do: lead-qualifier model shadow {name} on;"
        f" to let it run instead: lead-qualifier model publish --replace {name})"
    )


def _cannot_publish(entry: ModelEntry) -> tuple[Code, str] | None:
    if entry.status != "live":
        return None
    message = _stop_first(entry.id, f" already, in version {entry.version}")
    if entry.draft is not None:
        message += f", or let its draft take over (lead-qualifier model publish --replace {quote(entry.id)})"
    return Code.MODEL_LIVE, message


def _cannot_replace(entry: ModelEntry) -> tuple[Code, str] | None:
    if entry.status != "live":
        message = (
            f"{entry.id} is not live, so there is nothing to replace:"
            f" publish it (lead-qualifier model publish {quote(entry.id)})"
        )
        return Code.MODEL_NOT_LIVE, message
    return (Code.NO_DRAFT, _no_draft(entry)) if entry.draft is None else None


def _no_draft(entry: ModelEntry) -> str:
    return (
        f"{entry.id} has no draft beside version {entry.version}: apply one (lead-qualifier model apply --draft FILE)"
    )


def _stop_first(model_id: str, how: str = "") -> str:
    return f"{model_id} is live{how}: stop it first (lead-qualifier model stop {quote(model_id)})"


def _unknown(model_id: str) -> str:
    return f"there is no model {model_id}: apply its file first (lead-qualifier model apply FILE)"
