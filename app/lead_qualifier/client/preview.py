"""What a qualification model would do if it were live: leads counted by outcome, and by each criterion."""

from __future__ import annotations

import heapq
from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from zlib import crc32

from lead_qualifier.client.score_bands import Band, ScoreBands
from lead_qualifier.client.what_if import Thresholds, WhatIf, WhatIfCounter
from lead_qualifier.qualification.criteria import Criterion
from lead_qualifier.qualification.decide import Outcome, decide
from lead_qualifier.qualification.evidence import is_expired, is_reached, means
from lead_qualifier.qualification.leads import Lead, Qualification
from lead_qualifier.qualification.models import QualificationModel
from lead_qualifier.qualification.rules import RuledModel, Rules

NEAR_POINTS = 5.0
SAMPLE = 5


@dataclass(slots=True)
class CriterionCount:
    """How many of the eligible leads meet one criterion.

    `reached`: the score reaches the threshold or has one of the grades, which counts only if the scoring model is
    `live`. `near`: below the threshold by no more than the points asked for. `expired`: too old, whatever the score.
    `no_score`: no score is stored.
    """

    criterion: Criterion
    live: bool
    reached: int = 0
    near: int = 0
    expired: int = 0
    no_score: int = 0
    by_grade: Counter[str | None] = field(default_factory=Counter)
    """If the criterion asks for grades: how many of these leads have each grade. None: a score without a grade."""
    bands: tuple[tuple[Band, int], ...] = ()
    """How many of these leads have a score in each band, lowest first. One band starts at the threshold. Empty if the
    criterion asks for grades.
    """
    whole: bool = True
    """Whether all of these scores, and the threshold, are whole numbers."""

    @property
    def met(self) -> int:
        """How many meet it now."""
        return self.reached if self.live else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """How many eligible leads the previewed model means, and the live one (`version`), by audience and criteria."""

    version: int
    both: int
    neither: int
    newly_qualifying: int
    no_longer_qualifying: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """`leads`: all known ones. `asked`: the eligible ones in the audience, for which the criteria are evaluated."""

    leads: int
    asked: int
    outcomes: Mapping[Outcome, int]
    criteria: tuple[CriterionCount, ...]
    sample: tuple[tuple[str, Qualification], ...]
    """Some that would qualify: their ids, and why."""
    compared: Compared | None
    what_if: tuple[WhatIf, ...] = ()
    """For each criterion asked about, how many would qualify with other thresholds."""
    set_already: Mapping[str, int] = field(default_factory=dict)
    """Of those that meet the criteria and have what the model sets already: how many by whose qualification, by the
    model's id; empty where it was no model.
    """

    @property
    def qualifying(self) -> int:
        """How many would qualify now."""
        return self.outcomes.get(Outcome.QUALIFIED, 0)

    @property
    def holding(self) -> int:
        """How many would qualify once they have met the criteria for as long as the hold lasts."""
        return self.outcomes.get(Outcome.HOLDING, 0)

    @property
    def outside(self) -> int:
        """How many could qualify, but are outside the audience."""
        return self.outcomes.get(Outcome.NOT_IN_AUDIENCE, 0)

    @property
    def share(self) -> float:
        """The qualifying share of all leads, from 0 to 1."""
        return self.qualifying / self.leads if self.leads else 0.0


def as_if_live(definition: QualificationModel, rules: Rules) -> tuple[RuledModel, Rules]:
    """The model as publishing would make it, and the rules with it and with lead management on.

    Scoring models stay as they are: a criterion on one that is not live is not met.
    """
    held = rules.models.get(definition.id)
    model = RuledModel(definition=definition, version=1 + (0 if held is None else held.version), live=True)
    return model, replace(rules, lead_management=True, models={**rules.models, model.id: model})


class Previewer:
    """Counts leads, one after the other; the order does not matter."""

    def __init__(
        self,
        definition: QualificationModel,
        rules: Rules,
        at: datetime,
        *,
        near: float = NEAR_POINTS,
        sample: int = SAMPLE,
        what_if: Thresholds | None = None,
    ) -> None:
        """`rules`: the current ones. `at`: when the model would be published. `near`: in points. `what_if`: thresholds
        to try. Raises NoSuchCriterion.
        """
        self._model, self._rules = as_if_live(definition, rules)
        running = rules.models.get(definition.id)
        self._running = running if running is not None and running.live else None
        self._at = at
        self._sample_size = sample
        self._sample: list[tuple[int, bytes, Qualification]] = []
        self._outcomes: Counter[Outcome] = Counter()
        self._meant_pairs: Counter[tuple[bool, bool]] = Counter()
        self._set_already: Counter[str] = Counter()
        live = rules.live_scoring_models
        # Each with the scores on it: 8 bytes for each, and no object. None are kept where it asks for grades.
        self._criteria = tuple(
            (CriterionCount(one, one.scoring_model in live), array("d")) for one in definition.criteria
        )
        self._near = near
        self._thresholds = dict(what_if or {})
        self._what_if = [WhatIfCounter(self._model, self._rules, at, name) for name in self._thresholds]

    def add(self, key: bytes, lead: Lead) -> None:
        """Count a lead. `key`: its id in UTF-8."""
        model, rules = self._model, self._rules
        outcome = decide(lead, model, rules, self._at)
        if type(outcome) is Qualification:
            # Ids that hash low: the same choice in every run, without bias.
            keep = heapq.heappush if len(self._sample) < self._sample_size else heapq.heappushpop
            keep(self._sample, (-crc32(key), key, outcome))
            outcome = Outcome.QUALIFIED
        assert isinstance(outcome, Outcome)
        self._outcomes[outcome] += 1
        if self._running is not None and outcome not in _NOT_ELIGIBLE:
            meant = outcome not in _NOT_MEANT  # any other outcome comes after that
            self._meant_pairs[meant, means(self._running, lead, rules, self._at)] += 1
        if outcome in _NOT_ASKED:
            return
        if outcome is Outcome.ALREADY_QUALIFIED:
            self._set_already[_qualified_by(lead, model.id)] += 1
        for counter in self._what_if:
            counter.add(lead, outcome)
        scores = lead.scores
        for one, values in self._criteria:
            criterion = one.criterion
            score = scores.get(criterion.scoring_model)
            if score is None:
                one.no_score += 1
                continue
            if criterion.threshold is None:
                one.by_grade[score.grade] += 1
            else:
                values.append(score.value)
            if is_expired(criterion, score, self._at):
                one.expired += 1
            elif is_reached(criterion, score):
                one.reached += 1
            elif criterion.threshold is not None and score.value >= criterion.threshold - self._near:
                one.near += 1

    def result(self) -> Preview:
        """What was counted so far."""
        outcomes, meant_pairs = self._outcomes, self._meant_pairs
        leads = outcomes.total()
        return Preview(
            leads=leads,
            asked=leads - sum(outcomes[outcome] for outcome in _NOT_ASKED),
            outcomes=dict(outcomes.most_common()),
            criteria=tuple(_with_bands(one, values) for one, values in self._criteria),
            what_if=tuple(
                counter.result(thresholds)
                for counter, thresholds in zip(self._what_if, self._thresholds.values(), strict=True)
            ),
            set_already=dict(self._set_already.most_common()),
            sample=tuple((key.decode(), why) for _, key, why in sorted(self._sample, reverse=True)),
            compared=None
            if self._running is None
            else Compared(
                version=self._running.version,
                both=meant_pairs[True, True],
                neither=meant_pairs[False, False],
                newly_qualifying=meant_pairs[True, False],
                no_longer_qualifying=meant_pairs[False, True],
            ),
        )


def _with_bands(one: CriterionCount, values: array[float]) -> CriterionCount:
    if one.criterion.threshold is None:
        return one
    bands = ScoreBands(values, cuts=(one.criterion.threshold,))
    return replace(one, bands=bands.counted(values), whole=bands.whole)


def _qualified_by(lead: Lead, model_id: str) -> str:
    """The model whose mark keeps another from qualifying a lead: its own one, else the newest; empty without any."""
    if model_id in lead.marks:
        return model_id
    return max(lead.marks, key=lambda name: lead.marks[name].at, default="")


_NOT_ELIGIBLE = (Outcome.UNKNOWN_LEAD_INELIGIBLE, Outcome.LEAD_NOT_OPEN)
#: With these outcomes the criteria are not evaluated.
_NOT_ASKED = (*_NOT_ELIGIBLE, Outcome.NOT_IN_AUDIENCE)
_NOT_MEANT = (Outcome.NOT_IN_AUDIENCE, Outcome.CRITERIA_NOT_MET)
