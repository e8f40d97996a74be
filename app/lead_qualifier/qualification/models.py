"""A qualification model as people write it: criteria, actions, and what re-opens a qualification."""

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

from msgspec import Struct

from lead_qualifier.qualification.criteria import AtLeast, Criterion, Group, Match, Member
from lead_qualifier.qualification.findings import first_of
from lead_qualifier.qualification.flags import FLAGS, Actions

Policy = Literal["never", "when_reset", "on_recross"]
ExistingLeads = Literal["evaluate", "ignore"]

_POLICIES = ("never", "when_reset", "on_recross")
_EXISTING_LEADS = ("evaluate", "ignore")

MAX_DEPTH = 10
"""How deep groups of criteria may be nested."""
LONGEST_HOLD = timedelta(days=365)


class InvalidModel(ValueError):
    """A definition that cannot be a qualification model.

    `problems` holds every (field path, message) found; a path reads like `criteria.1.threshold`, counted from 0. The
    text has the first of them.
    """

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        self.problems = problems
        super().__init__("; ".join(first_of(problems, ": ".join)))


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

    @property
    def branches(self) -> tuple[Member, ...]:
        """What `match` is about, grouped or not."""
        return self.members or tuple(range(len(self.criteria)))

    def __post_init__(self) -> None:
        problems = [*_names(self), *_groups(self), *_criteria(self), *_match(self), *_effects(self), *_rejection(self)]
        if problems:
            raise InvalidModel(problems)


def _names(model: QualificationModel) -> list[tuple[str, str]]:
    return [(field, "must not be empty") for field, text in (("id", model.id), ("name", model.name)) if not text]


def _criteria(model: QualificationModel) -> list[tuple[str, str]]:
    if not model.criteria:
        return [("criteria", "name at least one scoring model with its threshold")]
    where = paths(model)
    problems = []
    first: dict[tuple[str, str], int] = {}
    for index, criterion in enumerate(model.criteria):
        group, at = where[index]
        scoring_model = criterion.scoring_model
        if not scoring_model:
            problems.append((f"{at}.scoring_model", "must not be empty"))
        elif (group, scoring_model) in first:
            before = first[group, scoring_model] + 1
            message = f"{scoring_model} is named by criterion {before} already: keep one threshold per scoring model"
            problems.append((f"{at}.scoring_model", message))
        first.setdefault((group, scoring_model), index)
        if not _finite(criterion.threshold):
            problems.append((f"{at}.threshold", "must be a finite number"))
        problems += _drop(model, criterion, f"{at}.drop_below")
    return problems


def _drop(model: QualificationModel, criterion: Criterion, field: str) -> list[tuple[str, str]]:
    if criterion.drop_below is None:
        return []
    if not _finite(criterion.drop_below):
        return [(field, "must be a finite number")]
    if criterion.drop_below > criterion.threshold:
        message = f"must not be above the threshold, {criterion.threshold:g}: below it a score counts as fallen"
        return [(field, message)]
    if model.requalification.policy != "on_recross":
        return [(field, "has no effect: leave it out, or choose requalification: {policy: on_recross}")]
    return []


def paths(model: QualificationModel) -> list[tuple[str, str]]:
    """Of each criterion the path of the list that it stands in, and its own."""
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


def _groups(model: QualificationModel) -> list[tuple[str, str]]:
    problems: list[tuple[str, str]] = []
    indexes: list[int] = []

    def walk(members: tuple[Member, ...], at: str, depth: int) -> None:
        for number, member in enumerate(members):
            if not isinstance(member, Group):
                indexes.append(member)
                continue
            here = f"{at}.{number}"
            under = f"{here}.{member_field(member.match)}"
            if depth > MAX_DEPTH:
                problems.append((here, f"groups may be nested {MAX_DEPTH} deep: put this one into a model of its own"))
            elif not member.members:
                problems.append((under, "name at least one criterion of the group"))
            else:
                problems.extend((f"{here}{field}", message) for field, message in _fits(member.match, member.members))
                walk(member.members, under, depth + 1)

    walk(model.members, "criteria", 1)
    if not problems and model.members and indexes != list(range(len(model.criteria))):
        problems.append(("members", "must name each criterion once, in order"))
    return problems


def _finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # an integer beyond what an IEEE double holds
        return False


def _match(model: QualificationModel) -> list[tuple[str, str]]:
    return [(f"match{field}", message) for field, message in _fits(model.match, model.branches)]


def _fits(match: Match, members: Sequence[object]) -> list[tuple[str, str]]:
    if isinstance(match, AtLeast):
        if members and not 1 <= match.at_least <= len(members):
            return [(".at_least", f"must be between 1 and the number of criteria, {len(members)}")]
    elif match not in ("all", "any"):
        return [("", "must be all, any or {at_least: k}")]
    return []


def _effects(model: QualificationModel) -> list[tuple[str, str]]:
    problems = []
    if not model.actions.flags:
        known = ", or ".join(f"{flag.name}: {str(flag.qualified).lower()}" for flag in FLAGS)
        problems.append(("actions", f"name at least one: {known}"))
    if model.existing_leads not in _EXISTING_LEADS:
        problems.append(("existing_leads", f"must be one of {', '.join(_EXISTING_LEADS)}"))
    if model.requalification.policy not in _POLICIES:
        problems.append(("requalification.policy", f"must be one of {', '.join(_POLICIES)}"))
    cool_down = model.requalification.cool_down
    if cool_down is not None and cool_down < timedelta(0):
        problems.append(("requalification.cool_down", "must not be negative"))
    if model.hold is not None and not timedelta(0) < model.hold <= LONGEST_HOLD:
        problems.append(("hold", f"must be longer than nothing and at most {LONGEST_HOLD.days}d"))
    return problems


def _rejection(model: QualificationModel) -> list[tuple[str, str]]:
    if model.on_rejection is None:
        return []
    rules = {"on_rejection": model.on_rejection.otherwise}
    rules |= {f"on_rejection.reasons.{reason}": rule for reason, rule in model.on_rejection.reasons.items()}
    problems = []
    for field, rule in rules.items():
        if rule.cool_down is None:
            continue
        if rule.cool_down < timedelta(0):
            problems.append((f"{field}.cool_down", "must not be negative"))
        if not rule.requalify:
            message = "has no effect: leave it out, or choose requalify: true"
            problems.append((f"{field}.cool_down", message))
        elif model.requalification.policy == "never":
            message = "has no effect: leave it out, or choose another requalification policy than never"
            problems.append((f"{field}.cool_down", message))
    return problems
