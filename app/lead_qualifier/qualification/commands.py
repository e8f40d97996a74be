"""The words of the lifecycle: what every command carries, what an engine reports, and the verdict on either."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from lead_qualifier.qualification.entries import Answers, Entry, ScoringModelStatus, Stored
from lead_qualifier.qualification.models import QualificationModel


class Code(StrEnum):
    """What became of a command or an observation."""

    APPLIED = "applied"
    PUBLISHED = "published"
    STOPPED = "stopped"
    SHADOW_ON = "shadow_on"
    SHADOW_OFF = "shadow_off"
    DELETED = "deleted"
    ENABLED = "enabled"
    DISABLED = "disabled"
    OBSERVED = "observed"
    UNCHANGED = "unchanged"
    # Refusals
    INVALID_MODEL = "invalid_model"
    UNKNOWN_MODEL = "unknown_model"
    UNKNOWN_FEATURE = "unknown_feature"
    STALE_REVISION = "stale_revision"
    MODEL_LIVE = "model_live"
    MODEL_NOT_LIVE = "model_not_live"
    NO_DRAFT = "no_draft"
    LEAD_MANAGEMENT_OFF = "lead_management_off"
    SCORING_MODEL_NOT_LIVE = "scoring_model_not_live"
    THRESHOLD_ABOVE_MAXIMUM = "threshold_above_maximum"
    TOO_LARGE = "too_large"
    STALE = "stale"
    UNREADABLE = "unreadable_state"


class Issued(Struct, frozen=True, kw_only=True):
    """What every command carries.

    `expected_revision` is that of the entry as the issuer saw it, 0 if there was none; None does without the check.
    `offset`: where the command's record stands in its topic; a sweep names it as its trigger.
    """

    command_id: str
    issued_by: str
    issued_at: datetime
    expected_revision: int | None = None
    offset: int = 0


class ScoringModelChange(Struct, frozen=True, kw_only=True):
    """What a scoring engine says of one of its models. `maximum`: the highest score it gives; None: it does not say."""

    id: str
    status: ScoringModelStatus
    occurred_at: datetime
    name: str | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer to a command, and what is to be stored because of it.

    `revision` and `version` are those of the entry afterwards, 0 where there is none. `entry` is the changed entry,
    None if nothing changed; only one whose revision is new concerns the workers. `definition` is what an apply or a
    publish that changed something made the draft or the new version. `answers` is what a repeat of the command will be
    told; `repeated` says that this is such a repeat.
    """

    accepted: bool
    code: Code
    message: str
    warnings: tuple[str, ...] = ()
    entry: Entry | None = None
    definition: QualificationModel | None = None
    answers: Answers | None = None
    version: int = 0
    revision: int = 0
    repeated: bool = False

    def stored(self) -> Iterator[Stored]:
        """All that is to be stored, each under its `key`."""
        if self.entry is not None:
            yield self.entry
        if self.answers is not None:
            yield self.answers
