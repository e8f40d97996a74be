"""What-if thresholds: the counts are those of models that have these thresholds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from lead_qualifier.client.preview import Previewer
from lead_qualifier.client.what_if import NoSuchCriterion
from lead_qualifier.qualification.criteria import AtLeast, Criterion, Group
from lead_qualifier.qualification.leads import Lead, Mark, Score
from lead_qualifier.qualification.models import QualificationModel
from tests.support.examples import examples
from tests.unit.qualification.given import START, minute, model, rules

SCORES = st.integers(0, 10).map(lambda value: value * 10.0)
NAMES = ("engagement", "demographic", "intent")


def definitions() -> st.SearchStrategy[QualificationModel]:
    plain = st.builds(
        lambda match, thresholds, hold: model(
            match=match, criteria=dict(zip(NAMES, thresholds, strict=True)), hold=hold
        ),
        st.sampled_from(["all", "any", AtLeast(2)]),
        st.tuples(SCORES, SCORES, SCORES),
        st.sampled_from([None, timedelta(minutes=5)]),
    )
    grouped = plain.map(lambda one: replace(one, match="all", members=(0, Group("any", (1, 2)))))
    return st.builds(fresh, plain | grouped, st.sampled_from([None, timedelta(minutes=60)]))


def fresh(definition: QualificationModel, max_age: timedelta | None) -> QualificationModel:
    """With a limit on the age of engagement."""
    first, *others = definition.criteria
    return replace(definition, criteria=(replace(first, max_age=max_age), *others))


def leads() -> st.SearchStrategy[Lead]:
    marks: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
        [{}, {"enterprise": Mark(1, 1, START, "e")}, {"enterprise": Mark(1, 1, START, "e", cleared=True)}]
    )
    return st.builds(
        lambda scores, held, status, age: Lead(
            status=status,
            scores={name: Score(value, minute(-age)) for name, value in scores.items()},
            marks=dict(held),
        ),
        st.dictionaries(st.sampled_from(NAMES), SCORES),
        marks,
        st.sampled_from(["open", "open", "disqualified"]),
        st.sampled_from([0, 1]),
    )


def qualifying(definition: QualificationModel, held: list[Lead], live: list[str]) -> int:
    previewer = Previewer(definition, rules(scoring_models=live), minute(60))
    for number, lead in enumerate(held):
        previewer.add(str(number).encode(), lead)
    found = previewer.result()
    return found.qualifying + found.holding


@given(
    definitions(),
    st.lists(leads(), max_size=12),
    st.sampled_from(NAMES),
    st.lists(SCORES, min_size=1, max_size=4),
    st.lists(st.sampled_from(NAMES), unique=True, min_size=2),
)
@examples(200)
def test_each_threshold_counts_as_if_the_model_had_it(
    definition: QualificationModel, held: list[Lead], name: str, thresholds: list[float], live: list[str]
) -> None:
    previewer = Previewer(
        definition,
        rules(scoring_models=live),
        minute(60),
        what_if={name: thresholds, "engagement": [50.0, *thresholds]},
    )
    for number, lead in enumerate(held):
        previewer.add(str(number).encode(), lead)
    for found in previewer.result().what_if:
        own = {one.scoring_model: one.threshold for one in definition.criteria}[found.scoring_model_id]
        assert {threshold for threshold, _ in found.qualifying} >= {own, *thresholds}
        assert found.threshold == own
        for threshold, count in found.qualifying:
            changed = tuple(
                replace(one, threshold=threshold) if one.scoring_model == found.scoring_model_id else one
                for one in definition.criteria
            )
            assert count == qualifying(replace(definition, criteria=changed), held, live)


def test_a_criterion_that_is_not_there_or_there_twice_is_refused_by_name() -> None:
    with pytest.raises(NoSuchCriterion, match="has no criterion on intent; it has criteria on engagement, demographic"):
        Previewer(model(), rules(), minute(0), what_if={"intent": [1]})
    criteria = (Criterion("engagement", 70), Criterion("demographic", 50), Criterion("engagement", 90))
    twice = replace(model(), match="any", criteria=criteria, members=(Group("all", (0, 1)), 2))
    with pytest.raises(NoSuchCriterion, match="has 2 criteria on engagement"):
        Previewer(twice, rules(), minute(0), what_if={"engagement": [1]})
