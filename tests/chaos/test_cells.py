"""Whatever models there are, flat or nested: a cell's own can be applied, and ask for scores of that cell only."""

from __future__ import annotations

import pytest

from lead_qualifier.messages.model_reading import model_of
from tests.chaos.cells import Cell
from tests.support.models import MODELS


@pytest.mark.parametrize("number", range(len(MODELS)), ids=[model["id"] for model in MODELS])
def test_a_cells_model_is_valid_and_asks_for_the_cells_own_scores(number: int) -> None:
    cell = Cell("c1", seed=7, leads=1)
    for _ in range(5):
        model = model_of(cell.definition(number))
        assert {criterion.scoring_model for criterion in model.criteria} <= set(cell.scoring_models())
