"""What became of a command, for programs: a code each."""

from enum import StrEnum


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
