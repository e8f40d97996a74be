"""What a lead must reach: thresholds on scoring models, and how many of them it takes."""

from typing import Literal

from msgspec import Struct

from app.qualification.utc import Moment


class Criterion(Struct, frozen=True):
    """One scoring model and the score on it that qualifies: met from `threshold` upwards, the threshold included."""

    scoring_model: str
    threshold: float


class AtLeast(Struct, frozen=True):
    """As many criteria as `at_least` must be met."""

    at_least: int


Match = Literal["all", "any"] | AtLeast
"""How criteria combine, in the form people write: `all`, `any` or `{at_least: 2}`."""


def required(match: Match, criteria: int) -> int:
    """How many of so many criteria must be met."""
    if isinstance(match, AtLeast):
        return match.at_least
    return criteria if match == "all" else 1


class CriterionEvidence(Struct, frozen=True, omit_defaults=True):
    """How one criterion stood at a decision.

    `met` only if a score is held, its scoring model is live and the score reaches the threshold. The held score and
    its time are named also where the scoring model is not live; without a score both are absent.
    """

    scoring_model_id: str
    threshold: float
    met: bool
    score: float | None = None
    scored_at: Moment | None = None
