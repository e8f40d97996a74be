"""A qualification model as people write it: criteria, actions, and what re-opens a qualification."""

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Literal

from msgspec import Struct

from lead_qualifier.qualification.criteria import AtLeast, Criterion, Group, Match, Member
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.qualification.flags import FLAGS, Actions

Policy = Literal["never", "when_reset", "on_recross"]
ExistingLeads = Literal["evaluate", "ignore"]

_POLICIES = ("never", "when_reset", "on_recross")
_EXISTING_LEADS = ("evaluate", "ignore")

MAX_DEPTH = 10
"""How deep groups of criteria may be nested."""
LONGEST_HOLD = timedelta(days=365)
LONGEST_MAX_AGE = timedelta(days=3650)


Problem = tuple[str, Finding]
"""The path of a field, such as `criteria.1.threshold`, counted from 0, and what is wrong there."""


class InvalidModel(ValueError):
    """A definition that cannot be a qualification model; `problems` holds everything that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{field}: {fault.code}" for field, fault in problems[:10]))


class Requalification(Struct, frozen=True, omit_defaults=True):
    """When the model may qualify a lead again."""

    policy: Policy = "when_reset"
    """`never`; `when_reset`: after the CRM has reset a flag or reopened the lead; `on_recross`: also after the scores
    have fallen below the criteria and risen again.
    """
    cool_down: timedelta | None = None
    """How long after the last qualification the next trigger must occur at the earliest."""


class Recycling(Struct, frozen=True, omit_defaults=True):
    """What happens to a lead that sales has rejected."""

    requalify: bool = True
    """Whether the model may qualify the lead again."""
    cool_down: timedelta | None = None
    """How long after the rejection the next trigger must occur at the earliest."""


class OnRejection(Struct, frozen=True, omit_defaults=True):
    """What happens to leads that sales rejects, by the reason of the rejection."""

    otherwise: Recycling = Recycling()
    """For reasons that `reasons` does not name, and for rejections without a reason."""
    reasons: dict[str, Recycling] = {}
    """For these reasons."""

    def for_reason(self, reason: str | None) -> Recycling:
        """What holds for a rejection with this reason. None: without one."""
        return self.otherwise if reason is None else self.reasons.get(reason, self.otherwise)


class QualificationModel(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The definition of a qualification model.

    A consistent one: construction raises InvalidModel, with every problem found, if it is not.
    """

    id: str
    """Identifies the model across its versions."""
    name: str
    """Display name."""
    match: Match
    """How many of the criteria, or of `members` if there are any, must be met."""
    criteria: tuple[Criterion, ...]
    """Every criterion, in the order in which people wrote them."""
    actions: Actions
    """What a qualification changes on the lead."""
    existing_leads: ExistingLeads = "evaluate"
    """Whether publishing evaluates the leads that are already known."""
    requalification: Requalification = Requalification()
    """When the model may qualify a lead again."""
    members: tuple[Member, ...] = ()
    """How the criteria are grouped: each member is the index of a criterion, or a group. Empty: no groups."""
    hold: timedelta | None = None
    """How long the criteria must stay met before the lead qualifies (wall clock)."""
    on_rejection: OnRejection | None = None
    """What happens to leads that sales rejects."""
    audience: dict[str, Any] | None = None
    """The condition of the leads that it is about, as people write it. Absent: all leads."""
    fast_track: dict[str, Any] | None = None
    """A `lead-changed` by which this condition, as people write it, becomes true qualifies the lead whatever its
    scores.
    """

    @property
    def branches(self) -> tuple[Member, ...]:
        """What `match` is about, grouped or not."""
        return self.members or tuple(range(len(self.criteria)))

    def __post_init__(self) -> None:
        problems = [*_names(self), *_groups(self), *_criteria(self), *_match(self), *_effects(self), *_rejection(self)]
        if problems:
            raise InvalidModel(problems)


def _names(model: QualificationModel) -> list[Problem]:
    return [(field, Finding("empty")) for field, text in (("id", model.id), ("name", model.name)) if not text]


def _criteria(model: QualificationModel) -> list[Problem]:
    if not model.criteria:
        return [("criteria", Finding("no_criteria"))]
    where = paths(model)
    problems: list[Problem] = []
    first: dict[tuple[str, str], int] = {}
    for index, criterion in enumerate(model.criteria):
        group, at = where[index]
        scoring_model = criterion.scoring_model
        if not scoring_model:
            problems.append((f"{at}.scoring_model", Finding("empty")))
        elif (group, scoring_model) in first:
            before = first[group, scoring_model] + 1
            problems.append(
                (
                    f"{at}.scoring_model",
                    Finding("repeated_scoring_model", scoring_model=scoring_model, criterion=before),
                )
            )
        first.setdefault((group, scoring_model), index)
        problems += _asked(criterion, at)
        problems += _drop(model, criterion, f"{at}.drop_below")
        problems += _length(criterion.max_age, LONGEST_MAX_AGE, f"{at}.max_age")
    return problems


def _asked(criterion: Criterion, at: str) -> list[Problem]:
    if criterion.threshold is None:
        if not criterion.grades:
            return [(at, Finding("no_threshold_or_grades"))]
        return [
            (f"{at}.grades.{number}", Finding("repeated_grade", grade=grade) if grade else Finding("empty"))
            for number, grade in enumerate(criterion.grades)
            if not grade or grade in criterion.grades[:number]
        ]
    if criterion.grades:
        return [(f"{at}.threshold", Finding("threshold_and_grades"))]
    return [] if _finite(criterion.threshold) else [(f"{at}.threshold", Finding("not_finite"))]


def _drop(model: QualificationModel, criterion: Criterion, field: str) -> list[Problem]:
    if criterion.drop_below is None:
        return []
    if criterion.threshold is None:
        return [(field, Finding("drop_below_grades"))]
    if not _finite(criterion.drop_below):
        return [(field, Finding("not_finite"))]
    if criterion.drop_below > criterion.threshold:
        return [(field, Finding("drop_above_threshold", threshold=criterion.threshold))]
    if model.requalification.policy != "on_recross":
        return [(field, Finding("drop_without_recross"))]
    return []


def paths(model: QualificationModel) -> list[tuple[str, str]]:
    """For each criterion: the path of the list that it is in, and its own path."""
    found: dict[int, tuple[str, str]] = {}

    def walk(members: tuple[Member, ...], at: str) -> None:
        for number, member in enumerate(members):
            if isinstance(member, Group):
                walk(member.members, f"{at}.{number}.{member_field(member.match)}")
            else:
                found[member] = (at, f"{at}.{number}")

    walk(model.branches, "criteria")
    return [found.get(index, ("criteria", f"criteria.{index}")) for index in range(len(model.criteria))]


def member_field(match: Match) -> str:
    """The field that the members of a group are written under: `all`, `any`, or `of` beside an at_least."""
    return "of" if isinstance(match, AtLeast) else match


def _groups(model: QualificationModel) -> list[Problem]:
    problems: list[Problem] = []
    indexes: list[int] = []

    def walk(members: tuple[Member, ...], at: str, depth: int) -> None:
        for number, member in enumerate(members):
            if not isinstance(member, Group):
                indexes.append(member)
                continue
            here = f"{at}.{number}"
            under = f"{here}.{member_field(member.match)}"
            if depth > MAX_DEPTH:
                problems.append((here, Finding("nested_too_deep", most=MAX_DEPTH)))
            elif not member.members:
                problems.append((under, Finding("empty_group")))
            else:
                problems.extend((f"{here}{field}", fault) for field, fault in _fits(member.match, member.members))
                walk(member.members, under, depth + 1)

    walk(model.members, "criteria", 1)
    if not problems and model.members and indexes != list(range(len(model.criteria))):
        problems.append(("members", Finding("criteria_out_of_order")))
    return problems


def _finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # an integer beyond what an IEEE double holds
        return False


def _match(model: QualificationModel) -> list[Problem]:
    return [(f"match{field}", fault) for field, fault in _fits(model.match, model.branches)]


def _fits(match: Match, members: Sequence[object]) -> list[Problem]:
    if isinstance(match, AtLeast):
        if members and not 1 <= match.at_least <= len(members):
            return [(".at_least", Finding("at_least_out_of_range", criteria=len(members)))]
    elif match not in ("all", "any"):
        return [("", Finding("unknown_match"))]
    return []


def _effects(model: QualificationModel) -> list[Problem]:
    problems: list[Problem] = []
    if not model.actions.flags:
        written = tuple(f"{flag.name}: {str(flag.qualified).lower()}" for flag in FLAGS)
        problems.append(("actions", Finding("no_action", actions=written)))
    if model.existing_leads not in _EXISTING_LEADS:
        problems.append(("existing_leads", Finding("not_one_of", known=_EXISTING_LEADS)))
    if model.requalification.policy not in _POLICIES:
        problems.append(("requalification.policy", Finding("not_one_of", known=_POLICIES)))
    cool_down = model.requalification.cool_down
    if cool_down is not None and cool_down < timedelta(0):
        problems.append(("requalification.cool_down", Finding("negative")))
    return problems + _length(model.hold, LONGEST_HOLD, "hold")


def _length(length: timedelta | None, longest: timedelta, field: str) -> list[Problem]:
    if length is None or timedelta(0) < length <= longest:
        return []
    return [(field, Finding("length_out_of_range", days=longest.days))]


def _rejection(model: QualificationModel) -> list[Problem]:
    if model.on_rejection is None:
        return []
    rules = {"on_rejection": model.on_rejection.otherwise}
    rules |= {f"on_rejection.reasons.{reason}": rule for reason, rule in model.on_rejection.reasons.items()}
    problems: list[Problem] = []
    for field, rule in rules.items():
        if rule.cool_down is None:
            continue
        if rule.cool_down < timedelta(0):
            problems.append((f"{field}.cool_down", Finding("negative")))
        if not rule.requalify:
            problems.append((f"{field}.cool_down", Finding("cool_down_without_requalify")))
        elif model.requalification.policy == "never":
            problems.append((f"{field}.cool_down", Finding("cool_down_without_requalification")))
    return problems
