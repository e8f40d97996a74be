"""What stands in the way of a publish: the switch, scoring models that are not live, thresholds out of reach."""

from collections.abc import Callable, Iterator
from shlex import quote
from typing import NamedTuple

from lead_qualifier.qualification.commands import Code
from lead_qualifier.qualification.entries import LEAD_MANAGEMENT, ScoringModelEntry
from lead_qualifier.qualification.models import QualificationModel, paths

LookUp = Callable[[str], ScoringModelEntry | None]
"""What is held of a scoring model, by its id."""


class Hindrance(NamedTuple):
    """One reason, as a word for programs and, with what to do about it, for a person."""

    code: Code
    message: str


def hindrances(definition: QualificationModel, scoring_model: LookUp, *, enabled: bool) -> list[Hindrance]:
    """Why a model of this definition cannot be published now. `enabled`: lead management is on."""
    found = [] if enabled else [_switched_off()]
    for name in dict.fromkeys(criterion.scoring_model for criterion in definition.criteria):
        entry = scoring_model(name)
        if entry is None or entry.status != "live":
            standing = "unknown" if entry is None else f"not live but {entry.status}"
            message = (
                f"scoring model {name} is {standing}: set it live first"
                f" (lead-qualifier scoring-model set {quote(name)} --status live)"
            )
            found.append(Hindrance(Code.SCORING_MODEL_NOT_LIVE, message))
    return [*found, *_out_of_reach(definition, scoring_model)]


def _switched_off() -> Hindrance:
    message = f"lead management is off: an administrator turns it on (lead-qualifier feature enable {LEAD_MANAGEMENT})"
    return Hindrance(Code.LEAD_MANAGEMENT_OFF, message)


def _out_of_reach(definition: QualificationModel, scoring_model: LookUp) -> Iterator[Hindrance]:
    for criterion, (_, path) in zip(definition.criteria, paths(definition), strict=True):
        entry = scoring_model(criterion.scoring_model)
        if entry is None or entry.maximum is None or criterion.threshold <= entry.maximum:
            continue
        name, highest = criterion.scoring_model, _shown(entry.maximum)
        message = (
            f"{path}.threshold: {_shown(criterion.threshold)} is above {highest}, the maximum of scoring"
            f" model {name}, so that no score can meet it: lower it to {highest} or less, or correct the maximum"
            f" (lead-qualifier scoring-model set {quote(name)} --status {entry.status} --maximum N)"
        )
        yield Hindrance(Code.THRESHOLD_ABOVE_MAXIMUM, message)


def _shown(number: float) -> str:
    """As people write it: 70 rather than 70.0, and no digit less than there is."""
    return str(int(number)) if number == int(number) and abs(number) < 2**53 else repr(number)
