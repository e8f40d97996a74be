"""The routes about what administrators set: the feature switch and scoring models."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response

from lead_qualifier.console.access.people import Permission, Person
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.api.command_forms import CommandOutcome
from lead_qualifier.console.api.command_parameters import ordered
from lead_qualifier.console.api.feature import FeatureSwitch
from lead_qualifier.console.api.orders import Order
from lead_qualifier.console.api.parameters import ScoringModelId
from lead_qualifier.console.api.responses import answer, at_revision, carried_out
from lead_qualifier.console.api.scoring_model_forms import (
    Feature,
    FeatureSetting,
    ScoringModel,
    ScoringModelList,
    ScoringModelSetting,
)
from lead_qualifier.console.api.scoring_models import ScoringModels


def feature_routes(feature: FeatureSwitch) -> APIRouter:
    """The feature switch."""
    router = APIRouter(dependencies=[allowed(Permission.VIEW)])

    @router.get("/feature", response_model=Feature, summary="Show the feature switch", operation_id="showFeature")
    def show() -> Response:
        """Whether lead management is on, and who switched it."""
        shown = feature.show()
        return at_revision(answer(shown), shown.revision)

    @router.put(
        "/feature", response_model=CommandOutcome, summary="Turn lead management on or off", operation_id="setFeature"
    )
    def switch(setting: FeatureSetting, order: Annotated[Order, ordered(Permission.SWITCH_FEATURES)]) -> Response:
        """While it is off, no model can be published and nothing qualifies; scores and leads are still recorded."""
        return carried_out(feature.switch(order, on=setting.lead_management))

    return router


def scoring_model_routes(scoring_models: ScoringModels) -> APIRouter:
    """Scoring models."""
    router = APIRouter(dependencies=[allowed(Permission.VIEW)])

    @router.get(
        "/scoring-models",
        response_model=ScoringModelList,
        summary="List scoring models",
        operation_id="listScoringModels",
    )
    def list_scoring_models() -> Response:
        """Every scoring model that was ever announced, by id."""
        return answer(scoring_models.list())

    @router.get(
        "/scoring-models/{scoring_model_id}",
        response_model=ScoringModel,
        summary="Show a scoring model",
        operation_id="showScoringModel",
    )
    def show(scoring_model_id: ScoringModelId) -> Response:
        """Its status, its maximum, and which models name it."""
        return answer(scoring_models.show(scoring_model_id))

    @router.put(
        "/scoring-models/{scoring_model_id}",
        response_model=ScoringModel,
        summary="Announce a scoring model",
        operation_id="setScoringModel",
    )
    def set_scoring_model(
        scoring_model_id: ScoringModelId,
        setting: ScoringModelSetting,
        person: Annotated[Person, allowed(Permission.SET_SCORING_MODELS)],
    ) -> Response:
        """Does what its engine would do, and waits until a worker confirms it. Only scores of live ones count."""
        return answer(scoring_models.set(person, scoring_model_id, setting))

    return router
