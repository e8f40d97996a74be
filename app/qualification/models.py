"""A qualification model as people write it: criteria, actions, and what re-opens a qualification."""

import math
from datetime import timedelta
from typing import Literal

from msgspec import Struct

from app.qualification.criteria import AtLeast, Criterion, Match

Policy = Literal["never", "when_reset"]
ExistingLeads = Literal["evaluate", "ignore"]

_POLICIES = ("never", "when_reset")
_EXISTING_LEADS = ("evaluate", "ignore")


class InvalidModel(ValueError):
    """A definition that cannot be a qualification model.

    `problems` holds every (field path, message) found; a path reads like `criteria.1.threshold`, counted from 0.
    """

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{field}: {message}" for field, message in problems))


class Actions(Struct, frozen=True, omit_defaults=True):
    """What a qualified lead gets: Status Reason becomes Marketing Qualified, Sales Ready becomes yes, or both."""

    marketing_qualified: bool = False
    sales_ready: bool = False


class Requalification(Struct, frozen=True, omit_defaults=True):
    """What lets a model qualify a lead once more.

    `never`: nothing. `when_reset`: the CRM reset a flag or reopened the lead. With a `cool_down` the next qualification
    must be triggered by something that occurred at least so long after the last one.
    """

    policy: Policy = "when_reset"
    cool_down: timedelta | None = None


class QualificationModel(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A definition that holds together: construction raises InvalidModel, with every problem found, if it does not."""

    id: str
    name: str
    match: Match
    criteria: tuple[Criterion, ...]
    actions: Actions
    existing_leads: ExistingLeads = "evaluate"
    requalification: Requalification = Requalification()

    def __post_init__(self) -> None:
        problems = [*_names(self), *_criteria(self), *_match(self), *_effects(self)]
        if problems:
            raise InvalidModel(problems)


def _names(model: QualificationModel) -> list[tuple[str, str]]:
    return [(field, "must not be empty") for field, text in (("id", model.id), ("name", model.name)) if not text]


def _criteria(model: QualificationModel) -> list[tuple[str, str]]:
    if not model.criteria:
        return [("criteria", "name at least one scoring model with its threshold")]
    problems = []
    first: dict[str, int] = {}
    for index, criterion in enumerate(model.criteria):
        scoring_model = criterion.scoring_model
        if not scoring_model:
            problems.append((f"criteria.{index}.scoring_model", "must not be empty"))
        elif scoring_model in first:
            before = first[scoring_model] + 1
            message = f"{scoring_model} is named by criterion {before} already: keep one threshold per scoring model"
            problems.append((f"criteria.{index}.scoring_model", message))
        first.setdefault(scoring_model, index)
        if not _finite(criterion.threshold):
            problems.append((f"criteria.{index}.threshold", "must be a finite number"))
    return problems


def _finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # an integer beyond what an IEEE double holds
        return False


def _match(model: QualificationModel) -> list[tuple[str, str]]:
    match, count = model.match, len(model.criteria)
    if isinstance(match, AtLeast):
        if count and not 1 <= match.at_least <= count:
            return [("match.at_least", f"must be between 1 and the number of criteria, {count}")]
    elif match not in ("all", "any"):
        return [("match", "must be all, any or {at_least: k}")]
    return []


def _effects(model: QualificationModel) -> list[tuple[str, str]]:
    problems = []
    if not (model.actions.marketing_qualified or model.actions.sales_ready):
        message = "name at least one: status_reason: marketing_qualified, or sales_ready: true"
        problems.append(("actions", message))
    if model.existing_leads not in _EXISTING_LEADS:
        problems.append(("existing_leads", f"must be one of {', '.join(_EXISTING_LEADS)}"))
    if model.requalification.policy not in _POLICIES:
        problems.append(("requalification.policy", f"must be one of {', '.join(_POLICIES)}"))
    cool_down = model.requalification.cool_down
    if cool_down is not None and cool_down < timedelta(0):
        problems.append(("requalification.cool_down", "must not be negative"))
    return problems
