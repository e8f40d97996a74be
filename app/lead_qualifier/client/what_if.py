"""How many leads would qualify with other thresholds of one criterion. One pass over the leads answers for all of them.

The higher a threshold, the fewer leads meet the criterion, and meeting a criterion never keeps a lead from qualifying.
So each lead has one score up to which the threshold can rise, and two decisions tell whether that is its own score.
"""

from __future__ import annotations

import math
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from msgspec.structs import replace as with_fields

from lead_qualifier.client.errors import ClientError
from lead_qualifier.qualification.decide import Outcome, decide
from lead_qualifier.qualification.leads import Lead, Qualification
from lead_qualifier.qualification.rules import RuledModel, Rules

Thresholds = Mapping[str, Sequence[float]]
"""By scoring model, the thresholds to try."""


class NoThresholds(ClientError):
    """A text does not name a scoring model and thresholds."""


def thresholds_in(texts: Iterable[str]) -> Thresholds:
    """What is to be tried, from texts such as `engagement=60,65,70`. Raises NoThresholds."""
    found: dict[str, list[float]] = {}
    for text in texts:
        name, _, listed = text.rpartition("=")
        try:
            numbers = [float(number) for number in listed.split(",")]
        except ValueError:
            numbers = []
        if not name or not numbers or not all(map(math.isfinite, numbers)):
            raise NoThresholds(f"{text} is not a scoring model and numbers, such as engagement=60,65,70")
        found.setdefault(name, []).extend(numbers)
    return found


@dataclass(frozen=True, slots=True)
class WhatIf:
    """How many leads would qualify, now or after the hold, for each threshold of one criterion; the others stay.

    `threshold`: the one that the model has.
    """

    scoring_model_id: str
    threshold: float
    qualifying: tuple[tuple[float, int], ...]


class NoSuchCriterion(ClientError):
    """The model has no criterion on this scoring model, or several."""


class WhatIfCounter:
    """Counts leads, one after the other, for the thresholds of one criterion."""

    def __init__(self, model: RuledModel, rules: Rules, at: datetime, scoring_model_id: str) -> None:
        """`model`, `rules` and `at` as of a preview. Raises NoSuchCriterion."""
        self._rules, self._at = rules, at
        self._name = scoring_model_id
        self._threshold = _threshold(model, scoring_model_id)
        self._met_by_all = _with_threshold(model, scoring_model_id, -sys.float_info.max)
        self._met_by_none = _with_threshold(model, scoring_model_id, sys.float_info.max)
        self._anyway = 0
        self._up_to = array("d")

    def add(self, lead: Lead, outcome: Outcome) -> None:
        """Count a lead with this outcome in the model as it is."""
        if outcome in _QUALIFYING:
            if (score := lead.scores.get(self._name)) is None or self._qualifies(lead, self._met_by_none):
                self._anyway += 1
            else:
                self._up_to.append(score.value)
        elif outcome is Outcome.CRITERIA_NOT_MET:
            score = lead.scores.get(self._name)
            if score is not None and score.value < self._threshold and self._qualifies(lead, self._met_by_all):
                self._up_to.append(score.value)

    def result(self, thresholds: Sequence[float]) -> WhatIf:
        """The counts for these thresholds, and for the one that the model has, in ascending order."""
        scores = sorted(self._up_to)
        asked = sorted({self._threshold, *thresholds})
        counts = tuple((one, self._anyway + len(scores) - bisect_left(scores, one)) for one in asked)
        return WhatIf(self._name, self._threshold, counts)

    def _qualifies(self, lead: Lead, model: RuledModel) -> bool:
        decided = decide(lead, model, self._rules, self._at)
        return type(decided) is Qualification or decided in _QUALIFYING


def _threshold(model: RuledModel, scoring_model_id: str) -> float:
    thresholds = [one.threshold for one in model.definition.criteria if one.scoring_model == scoring_model_id]
    if None in thresholds:
        raise NoSuchCriterion(f"{model.id} asks for grades on {scoring_model_id}, so there is no threshold to change")
    if len(thresholds) == 1 and thresholds[0] is not None:
        return thresholds[0]
    if thresholds:
        raise NoSuchCriterion(
            f"{model.id} has {len(thresholds)} criteria on {scoring_model_id}, so another threshold could replace "
            "either: change the file instead, and preview that"
        )
    known = ", ".join(dict.fromkeys(one.scoring_model for one in model.definition.criteria))
    raise NoSuchCriterion(f"{model.id} has no criterion on {scoring_model_id}; it has criteria on {known}")


_QUALIFYING = (Outcome.QUALIFIED, Outcome.HOLDING)


def _with_threshold(model: RuledModel, scoring_model_id: str, threshold: float) -> RuledModel:
    criteria = tuple(
        with_fields(one, threshold=threshold, drop_below=None) if one.scoring_model == scoring_model_id else one
        for one in model.definition.criteria
    )
    return replace(model, definition=with_fields(model.definition, criteria=criteria))
