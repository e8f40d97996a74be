"""What all verdicts on commands have in common: what is held, repeats, stale revisions, answers remembered."""

from collections.abc import Mapping

from msgspec.structs import replace

from lead_qualifier.qualification.commands import Code, Issued, Verdict
from lead_qualifier.qualification.entries import (
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
from lead_qualifier.qualification.findings import LONGEST_MESSAGE, cut
from lead_qualifier.qualification.models import QualificationModel
from lead_qualifier.qualification.remembering import remembered
from lead_qualifier.qualification.snapshot import revision_of
from lead_qualifier.qualification.utc import in_utc

ANSWERS_KEPT = 1000
"""How many commands on one entry are remembered at most: more than a model is given in the week that its topic keeps
them."""


class Judge:
    """All entries, by key, and how one command is answered: with the next revision if it changes something.

    Revisions are one total order over all models, scoring models and features.
    """

    def __init__(
        self,
        entries: Mapping[str, Stored] | None = None,
        unreadable: Mapping[str, str] | None = None,
        given: int = 0,
    ) -> None:
        """`unreadable`: keys under which something is stored that cannot be read, and why. Commands on what it is about
        are refused, since its versions are not known. `given`: a revision that was given, whatever the entries say.
        """
        self._entries: dict[str, Stored] = dict(entries or {})
        self._unreadable = unreadable or {}
        self.revision = max(given, revision_of(self._entries))

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

    def _model_or_deleted(self, model_id: str) -> ModelEntry | None:
        entry = self._entries.get(model_key(model_id))
        return entry if isinstance(entry, ModelEntry) else None

    def _repeat(self, key: str, issued: Issued) -> Verdict | None:
        """The verdict on a command that is not to be judged: one that was, or one on what cannot be read."""
        for one in (key, answers_key(key)):
            if (reason := self._unreadable.get(one)) is not None:
                message = (
                    f"what is stored under {one} cannot be read: {reason}. Write that record as it was before, or one "
                    "without value, which forgets it; then repeat the command"
                )
                return Verdict(accepted=False, code=Code.UNREADABLE, message=message)
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
        definition: QualificationModel | None = None,
    ) -> Verdict:
        changed = replace(
            entry,
            revision=self.revision + 1,
            changed_at=in_utc(issued.issued_at),
            changed_by=issued.issued_by,
        )
        return self._answer(
            key, changed, issued, code, message, warnings=warnings, changed=changed, definition=definition
        )

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
        definition: QualificationModel | None = None,
    ) -> Verdict:
        message = cut(message, LONGEST_MESSAGE)
        answer = Answer(
            command_id=issued.command_id,
            accepted=accepted,
            code=code,
            message=message,
            warnings=warnings,
            version=entry.version if isinstance(entry, ModelEntry) else 0,
            revision=0 if entry is None else entry.revision,
        )
        kept = remembered(self._answers(key).answers, answer, most=ANSWERS_KEPT)
        return Verdict(
            accepted=accepted,
            code=code,
            message=message,
            warnings=warnings,
            entry=changed,
            definition=definition,
            answers=Answers(target=key, answers=kept),
            version=answer.version,
            revision=answer.revision,
        )

    def _answers(self, key: str) -> Answers:
        answers = self._entries.get(answers_key(key))
        return answers if isinstance(answers, Answers) else Answers(target=key)
