"""What became of a command: the codes for programs, and the findings that people read."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from lead_qualifier.qualification.findings import Finding


class Code(StrEnum):
    """What became of a command. A kind may have another word for some of them on its topics."""

    APPLIED = "applied"
    PUBLISHED = "published"
    STOPPED = "stopped"
    DELETED = "deleted"
    UNCHANGED = "unchanged"
    SHADOW_ON = "shadow_on"
    SHADOW_OFF = "shadow_off"
    ENABLED = "enabled"
    DISABLED = "disabled"
    OBSERVED = "observed"
    # Refusals
    INVALID = "invalid_definition"
    UNKNOWN = "unknown_definition"
    UNKNOWN_FEATURE = "unknown_feature"
    STALE_REVISION = "stale_revision"
    LIVE = "definition_live"
    NOT_LIVE = "definition_not_live"
    NO_DRAFT = "no_draft"
    LEAD_MANAGEMENT_OFF = "lead_management_off"
    SCORING_MODEL_NOT_LIVE = "scoring_model_not_live"
    THRESHOLD_ABOVE_MAXIMUM = "threshold_above_maximum"
    TOO_LARGE = "too_large"
    STALE = "stale"
    UNREADABLE = "unreadable_state"

    @property
    def accepted(self) -> bool:
        """Whether the command was carried out, or had nothing to change."""
        return self in _ACCEPTED


_ACCEPTED = frozenset(
    {
        Code.APPLIED,
        Code.PUBLISHED,
        Code.STOPPED,
        Code.DELETED,
        Code.UNCHANGED,
        Code.SHADOW_ON,
        Code.SHADOW_OFF,
        Code.ENABLED,
        Code.DISABLED,
        Code.OBSERVED,
    }
)


@dataclass(frozen=True, slots=True)
class Fault(Finding):
    """What is wrong in a definition, and where: `field` is a path such as `criteria.0.threshold`, or empty."""

    field: str
    message: str | Finding


@dataclass(frozen=True, slots=True)
class OnDefinition(Finding):
    """What it is about: the kind of definition, and which one."""

    kind: str
    id: str


# What was done


class DraftSaved(OnDefinition):
    """The draft of a definition that is not live is kept."""


@dataclass(frozen=True, slots=True)
class DraftSavedBesideLive(OnDefinition):
    """The draft of a live definition is kept, while `version` runs."""

    version: int


class DraftSavedForShadow(DraftSavedBesideLive):
    """The same for a kind whose draft can run in shadow."""


@dataclass(frozen=True, slots=True)
class DraftDropped(OnDefinition):
    """The draft now says what `version` says, which goes on running."""

    version: int


class DraftUnchanged(OnDefinition):
    """What was applied is what the draft says already."""


class LiveVersionUnchanged(OnDefinition):
    """What was applied is what the live version says already."""


@dataclass(frozen=True, slots=True)
class Published(OnDefinition):
    """The draft, or what ran last, is live as `version`."""

    version: int


@dataclass(frozen=True, slots=True)
class Replaced(OnDefinition):
    """The draft is live as `version`, in place of the one `before`."""

    version: int
    before: int


class Stopped(OnDefinition):
    """It runs no longer."""


class StoppedWithDraft(OnDefinition):
    """It runs no longer, and its draft is what runs next."""


class Deleted(OnDefinition):
    """It is gone; its versions go on rising."""


# What was refused


@dataclass(frozen=True, slots=True)
class InvalidDefinition(OnDefinition):
    """The definition has faults."""

    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class IdDiffers(Finding):
    """The definition has another id than the command."""

    id: str


class UnknownDefinition(OnDefinition):
    """There is none of this id."""


@dataclass(frozen=True, slots=True)
class StaleRevision(Finding):
    """It is at revision `held`; the command was meant for revision `expected`."""

    id: str
    held: int
    expected: int


class LiveRefusesApply(OnDefinition):
    """It is live: only a draft can be kept."""


class LiveRefusesDelete(OnDefinition):
    """It is live: what runs is not deleted."""


@dataclass(frozen=True, slots=True)
class AlreadyLive(OnDefinition):
    """It is live in this version, and there is no draft to take over."""

    version: int


class AlreadyLiveWithDraft(AlreadyLive):
    """It is live in this version, and has a draft that could take over."""


class NothingToStop(OnDefinition):
    """It is not live."""


class NothingToReplace(OnDefinition):
    """It is not live, so that a draft takes nothing's place."""


@dataclass(frozen=True, slots=True)
class NoDraft(OnDefinition):
    """The live version has no draft."""

    version: int


@dataclass(frozen=True, slots=True)
class CannotApply(OnDefinition):
    """Each of the reasons keeps it from being a draft."""

    reasons: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class CannotPublish(OnDefinition):
    """Each of the reasons keeps it from being published."""

    reasons: tuple[Finding, ...]


class TooLarge(OnDefinition):
    """Together with the version that runs it takes more bytes than a record may have."""


@dataclass(frozen=True, slots=True)
class Unreadable(Finding):
    """What is stored under `key` cannot be read."""

    key: str
    reason: str


# The commands of qualification models alone


@dataclass(frozen=True, slots=True)
class ShadowOn(OnDefinition):
    """The draft runs in the shadow of `version`."""

    version: int


class ShadowOff(OnDefinition):
    """The draft runs in shadow no longer."""


class ShadowOnAlready(OnDefinition):
    """The draft runs in shadow already."""


class ShadowOffAlready(OnDefinition):
    """The draft does not run in shadow."""


class NothingToCompare(OnDefinition):
    """It is not live, so that a draft cannot run in its shadow."""


@dataclass(frozen=True, slots=True)
class OnFeature(Finding):
    """What it is about: a feature switch."""

    name: str


class FeatureOn(OnFeature):
    """It is on."""


class FeatureOff(OnFeature):
    """It is off."""


class FeatureOnAlready(OnFeature):
    """It was on before."""


class FeatureOffAlready(OnFeature):
    """It was off before."""


@dataclass(frozen=True, slots=True)
class UnknownFeature(OnFeature):
    """There is no feature of this name, but one that is called `known`."""

    known: str


@dataclass(frozen=True, slots=True)
class OnScoringModel(Finding):
    """What it is about: a scoring model, and what it is."""

    id: str
    status: Literal["draft", "live", "stopped"]


class ScoringModelObserved(OnScoringModel):
    """It is in this state now."""


class ScoringModelUnchanged(OnScoringModel):
    """It was in this state before."""


class ScoringModelStale(OnScoringModel):
    """What was announced is older than what is held."""


# What keeps a qualification model from being published


@dataclass(frozen=True, slots=True)
class LeadManagementOff(Finding):
    """The feature switch is off."""

    feature: str


@dataclass(frozen=True, slots=True)
class ScoringModelUnknown(Finding):
    """Nobody announced this scoring model."""

    id: str


class ScoringModelNotLive(OnScoringModel):
    """A scoring model that a criterion names is not live."""


@dataclass(frozen=True, slots=True)
class ThresholdAboveMaximum(Finding):
    """No score on the scoring model can meet the threshold of the criterion at `field`."""

    field: str
    threshold: float
    maximum: float
    scoring_model: str
    status: Literal["draft", "live", "stopped"]
