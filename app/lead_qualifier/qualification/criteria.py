"""What a lead must reach: thresholds or grades on scoring models, and how many of them it takes."""

from datetime import timedelta
from typing import Literal

from msgspec import Struct

from lead_qualifier.qualification.utc import Moment


class Criterion(Struct, frozen=True, omit_defaults=True):
    """A scoring model, and the score or the grade on it that a lead must reach: `threshold` or `grades`."""

    scoring_model: str
    """The scoring model's id."""
    threshold: float | None = None
    """The score that meets the criterion, or any higher one. Absent: the criterion asks for `grades`."""
    drop_below: float | None = None
    """With policy `on_recross`: the score has fallen only once it is below this. Absent: below `threshold`."""
    max_age: timedelta | None = None
    """A score older than this at the time of a decision does not count. Absent: every score counts."""
    grades: tuple[str, ...] = ()
    """The grades that meet the criterion."""

    @property
    def floor(self) -> float | None:
        """The score below which it has fallen. None: the criterion asks for grades."""
        return self.threshold if self.drop_below is None else self.drop_below


class AtLeast(Struct, frozen=True):
    """A number of criteria must be met."""

    at_least: int
    """How many."""


Match = Literal["all", "any"] | AtLeast
"""How criteria combine, in the form people write: `all`, `any` or `{at_least: 2}`."""


class Group(Struct, frozen=True, array_like=True):
    """Criteria that count as one: met if as many of its members are as `match` says.

    A member is the index of a criterion of the model, or a further group.
    """

    match: Match
    members: "tuple[Member, ...]"


Member = int | Group


def required(match: Match, criteria: int) -> int:
    """How many of so many criteria must be met."""
    if isinstance(match, AtLeast):
        return match.at_least
    return criteria if match == "all" else 1


class CriterionEvidence(Struct, frozen=True, omit_defaults=True):
    """How one criterion stood at a decision.

    `met` only if a score is held, its scoring model is live, the score is no older than the criterion allows and it
    reaches the threshold, or its grade is one of `grades`. The held score and its time are named also where it does not
    count; without a score they are absent. `grade`: that of the held score, where the criterion asks for grades.
    `expired`: the score is older than the criterion allows.
    """

    scoring_model_id: str
    threshold: float | None
    met: bool
    score: float | None = None
    scored_at: Moment | None = None
    grade: str | None = None
    grades: tuple[str, ...] = ()
    expired: bool = False
