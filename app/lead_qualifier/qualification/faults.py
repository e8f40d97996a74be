"""What can be wrong in the definition of a qualification model, beside the field at which it is."""

from dataclasses import dataclass

from lead_qualifier.qualification.findings import Finding


class Empty(Finding):
    """A text that must not be empty."""


class NoCriteria(Finding):
    """There is no criterion."""


@dataclass(frozen=True, slots=True)
class RepeatedScoringModel(Finding):
    """The scoring model stands in this criterion already, counted from 1."""

    scoring_model: str
    criterion: int


class NotFinite(Finding):
    """A number that is infinite, NaN or beyond every double."""


@dataclass(frozen=True, slots=True)
class DropAboveThreshold(Finding):
    """`drop_below` is above the threshold."""

    threshold: float


class DropWithoutRecross(Finding):
    """`drop_below` has no effect without `on_recross`."""


@dataclass(frozen=True, slots=True)
class NestedTooDeep(Finding):
    """Groups may be nested so deep."""

    most: int


class EmptyGroup(Finding):
    """A group without a criterion."""


class CriteriaOutOfOrder(Finding):
    """Groups do not name each criterion once, in order."""


@dataclass(frozen=True, slots=True)
class AtLeastOutOfRange(Finding):
    """It must be between 1 and this number of criteria."""

    criteria: int


class UnknownMatch(Finding):
    """It is none of the ways in which criteria combine."""


@dataclass(frozen=True, slots=True)
class NoAction(Finding):
    """No flag would be set; these there are, as they are written."""

    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotOneOf(Finding):
    """It is none of these."""

    known: tuple[str, ...]


class Negative(Finding):
    """A duration below nothing."""


@dataclass(frozen=True, slots=True)
class HoldOutOfRange(Finding):
    """A hold of nothing, or of more than these days."""

    days: int


class CoolDownWithoutRequalify(Finding):
    """It has no effect, since the model qualifies no rejected lead again."""


class CoolDownWithoutRequalification(Finding):
    """It has no effect, since the model qualifies no lead again."""
