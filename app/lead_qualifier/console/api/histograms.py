"""The scores of leads on each scoring model, and how many meet a threshold."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import FiniteFloat

from lead_qualifier.client.score_bands import Band
from lead_qualifier.console.access.people import Permission
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.api.histogram_forms import Histogram, ScoreBand
from lead_qualifier.console.api.parameters import ScoringModelId
from lead_qualifier.console.api.responses import answer
from lead_qualifier.console.api.scoring_models import ScoringModelNotFound
from lead_qualifier.console.read_model.rule_entries import RulesReader
from lead_qualifier.console.read_model.score_histogram import Meeting, ScoreHistograms
from lead_qualifier.messages.fields import plain

MOST_BANDS = 100


class Histograms:
    """What API and pages ask about scores. Everything comes from the projection."""

    def __init__(self, histograms: ScoreHistograms, rules: RulesReader) -> None:
        self._histograms = histograms
        self._rules = rules

    def of(self, scoring_model_id: str, *, threshold: float | None = None, bands: int = 20) -> Histogram:
        """The scores on a scoring model, in about so many bands. Raises ScoringModelNotFound."""
        cuts = () if threshold is None else (threshold,)
        found = self._histograms.of(scoring_model_id, cuts=cuts, most=bands)
        if not found.with_score and self._rules.rulebook().scoring_model(scoring_model_id) is None:
            raise ScoringModelNotFound
        met = None if threshold is None else self.meeting(scoring_model_id, threshold)
        return Histogram(
            scoring_model_id=scoring_model_id,
            open_leads=found.open_leads,
            with_score=found.with_score,
            bands=[_band(band, leads) for band, leads in found.bands],
            threshold=threshold,
            meeting=None if met is None else met.leads,
            perhaps=None if met is None else met.perhaps or None,
        )

    def meeting(self, scoring_model_id: str, threshold: float) -> Meeting:
        """How many open leads have a score of at least the threshold."""
        return self._histograms.meeting(scoring_model_id, threshold)


def histogram_routes(histograms: Histograms) -> APIRouter:
    """The route."""
    router = APIRouter(dependencies=[allowed(Permission.VIEW)])

    @router.get(
        "/scoring-models/{scoring_model_id}/histogram",
        response_model=Histogram,
        summary="Show how the scores of leads are distributed",
        operation_id="showHistogram",
    )
    def show(
        scoring_model_id: ScoringModelId,
        threshold: Annotated[
            FiniteFloat | None, Query(description="Also count the leads that meet it.", examples=[70])
        ] = None,
        bands: Annotated[int, Query(ge=1, le=MOST_BANDS, description="About how many bands.")] = 20,
    ) -> Response:
        """How many open leads have which score now, and how many meet a threshold."""
        return answer(histograms.of(scoring_model_id, threshold=threshold, bands=bands))

    return router


def _band(band: Band, leads: int) -> ScoreBand:
    return ScoreBand(
        at_least=None if band.start is None else plain(band.start),
        below=None if band.below is None else plain(band.below),
        leads=leads,
    )
