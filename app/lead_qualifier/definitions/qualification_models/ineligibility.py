"""What keeps a qualification model from being published: the switch, scoring models, thresholds out of reach."""

from collections.abc import Callable, Iterator

from lead_qualifier.definitions.findings import (
    Code,
    LeadManagementOff,
    ScoringModelNotLive,
    ScoringModelUnknown,
    ThresholdAboveMaximum,
)
from lead_qualifier.definitions.qualification_models.entries import LEAD_MANAGEMENT, ScoringModelEntry
from lead_qualifier.qualification.findings import Finding
from lead_qualifier.qualification.models import QualificationModel, paths

LookUp = Callable[[str], ScoringModelEntry | None]
"""What is held of a scoring model, by its id."""


def ineligibility(
    definition: QualificationModel, scoring_model: LookUp, *, enabled: bool
) -> list[tuple[Code, Finding]]:
    """Why a model of this definition cannot be published now. `enabled`: lead management is on."""
    found: list[tuple[Code, Finding]] = []
    if not enabled:
        found.append((Code.LEAD_MANAGEMENT_OFF, LeadManagementOff(LEAD_MANAGEMENT)))
    for name in dict.fromkeys(criterion.scoring_model for criterion in definition.criteria):
        entry = scoring_model(name)
        if entry is None:
            found.append((Code.SCORING_MODEL_NOT_LIVE, ScoringModelUnknown(name)))
        elif entry.status != "live":
            found.append((Code.SCORING_MODEL_NOT_LIVE, ScoringModelNotLive(name, entry.status)))
    return [*found, *((Code.THRESHOLD_ABOVE_MAXIMUM, one) for one in out_of_reach(definition, scoring_model))]


def out_of_reach(definition: QualificationModel, scoring_model: LookUp) -> Iterator[ThresholdAboveMaximum]:
    """The thresholds that no score can meet."""
    for criterion, (_, path) in zip(definition.criteria, paths(definition), strict=True):
        entry = scoring_model(criterion.scoring_model)
        if entry is not None and entry.maximum is not None and criterion.threshold > entry.maximum:
            yield ThresholdAboveMaximum(path, criterion.threshold, entry.maximum, criterion.scoring_model, entry.status)
