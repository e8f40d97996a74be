"""What keeps a qualification model from being published (the switch, scoring models), and what to know before."""

from collections.abc import Callable, Iterator

from lead_qualifier.definitions.codes import Code
from lead_qualifier.definitions.qualification_models.entries import LEAD_MANAGEMENT, ScoringModelEntry
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.qualification.models import QualificationModel, paths

LookUp = Callable[[str], ScoringModelEntry | None]
"""What is held of a scoring model, by its id."""


def ineligibility(
    definition: QualificationModel, scoring_model: LookUp, *, enabled: bool
) -> list[tuple[Code, Finding]]:
    """Why a model of this definition cannot be published now. `enabled`: lead management is on."""
    found: list[tuple[Code, Finding]] = []
    if not enabled:
        found.append((Code.LEAD_MANAGEMENT_OFF, Finding("lead_management_off", feature=LEAD_MANAGEMENT)))
    for name in dict.fromkeys(criterion.scoring_model for criterion in definition.criteria):
        entry = scoring_model(name)
        if entry is None:
            found.append((Code.SCORING_MODEL_NOT_LIVE, Finding("scoring_model_unknown", id=name)))
        elif entry.status != "live":
            found.append((Code.SCORING_MODEL_NOT_LIVE, Finding("scoring_model_not_live", id=name, status=entry.status)))
    return [*found, *((Code.THRESHOLD_ABOVE_MAXIMUM, one) for one in out_of_reach(definition, scoring_model))]


def warnings(definition: QualificationModel, scoring_model: LookUp, *, enabled: bool) -> tuple[Finding, ...]:
    """What would refuse a publish now, and whom to update before one."""
    found = [finding for _, finding in ineligibility(definition, scoring_model, enabled=enabled)]
    if any(one.grades for one in definition.criteria):
        found.append(Finding("consumers_before_grades", id=definition.id))
    return tuple(found)


def out_of_reach(definition: QualificationModel, scoring_model: LookUp) -> Iterator[Finding]:
    """The thresholds that no score can meet."""
    for criterion, (_, path) in zip(definition.criteria, paths(definition), strict=True):
        entry = scoring_model(criterion.scoring_model)
        threshold = criterion.threshold
        if entry is None or entry.maximum is None or threshold is None:
            continue
        if threshold > entry.maximum:
            yield Finding(
                "threshold_above_maximum",
                field=path,
                threshold=threshold,
                maximum=entry.maximum,
                scoring_model=criterion.scoring_model,
                status=entry.status,
            )
