"""The page of the feature switch, and the pages about scoring models."""

from __future__ import annotations

import math
import uuid
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from lead_qualifier.console.access.people import Permission, Person
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.api.audit import Audit
from lead_qualifier.console.api.feature import FeatureSwitch
from lead_qualifier.console.api.histograms import Histograms
from lead_qualifier.console.api.orders import Order
from lead_qualifier.console.api.scoring_model_forms import ScoringModelSetting, ScoringModelStatus
from lead_qualifier.console.api.scoring_models import ScoringModels
from lead_qualifier.console.errors import ApiError
from lead_qualifier.console.pages.editor.thresholds import threshold_view
from lead_qualifier.console.pages.editor.values import number_in
from lead_qualifier.console.pages.rendering import Pages, address, language_of
from lead_qualifier.console.pages.sent_orders import sent_order
from lead_qualifier.definitions.qualification_models.entries import LEAD_MANAGEMENT

SETTINGS = "/settings"
LIST, ADDRESS, SCORES = "/scoring-models", "/scoring-model", "/scoring-model/scores"

_EMPTY = ""
_STALE = "stale_revision"
_Text = Annotated[str, Form()]


def settings_pages(feature: FeatureSwitch, audit: Audit, pages: Pages) -> APIRouter:
    """The feature switch."""
    router = APIRouter()

    def page(
        request: Request, *, done: str = _EMPTY, error: ApiError | None = None, seen: int | None = None
    ) -> Response:
        return pages.page(
            request,
            "settings.html",
            feature=feature.show(),
            meanwhile=audit.since("feature", LEAD_MANAGEMENT, seen) if seen else [],
            done=done,
            error=error,
            command_id=uuid.uuid4(),
        )

    @router.get(SETTINGS, dependencies=[allowed(Permission.VIEW)])
    def show(request: Request, done: str = _EMPTY) -> Response:
        return page(request, done=done)

    @router.post(SETTINGS)
    def switch(
        request: Request,
        order: Annotated[Order, sent_order(Permission.SWITCH_FEATURES)],
        lead_management: Annotated[bool, Form()],
    ) -> Response:
        try:
            done = feature.switch(order, on=lead_management)
        except ApiError as error:
            return page(request, error=error, seen=order.expected_revision if error.code == _STALE else None)
        return RedirectResponse(address(SETTINGS, done=done.code), status_code=303)

    return router


def scoring_model_pages(scoring_models: ScoringModels, histograms: Histograms, pages: Pages) -> APIRouter:
    """The list of scoring models, and the pages of each: its current scores, and the form that announces it."""
    router = APIRouter()

    def form(
        request: Request, values: dict[str, Any], *, error: ApiError | None = None, wrong: str = _EMPTY
    ) -> Response:
        """The form with these values. `wrong`: the field that is."""
        status = HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK
        return pages.page(request, "scoring_model.html", status=status, error=error, values=values, wrong=wrong)

    @router.get(LIST, dependencies=[allowed(Permission.VIEW)])
    def find(request: Request, done: str = _EMPTY) -> Response:
        found = scoring_models.list().scoring_models
        return pages.page(request, "scoring_models.html", found=found, done=done)

    @router.get(SCORES, dependencies=[allowed(Permission.VIEW)])
    def scores(request: Request, id: str) -> Response:  # noqa: A002  the name in the address
        one = scoring_models.show(id)
        view = threshold_view(histograms, id, _EMPTY, maximum=one.maximum, wording=language_of(request).wording)
        return pages.page(request, "scoring_model_scores.html", one=one, view=view)

    @router.get(ADDRESS, dependencies=[allowed(Permission.SET_SCORING_MODELS)])
    def show(request: Request, id: str = _EMPTY) -> Response:  # noqa: A002  the name in the address
        if not id:
            return form(request, {"id": _EMPTY, "is_new": True, "status": "live", "name": _EMPTY, "maximum": _EMPTY})
        one = scoring_models.show(id)
        maximum = _EMPTY if one.maximum is None else language_of(request).wording.value(one.maximum)
        values = {"id": id, "is_new": False, "status": one.status, "name": one.name or _EMPTY, "maximum": maximum}
        return form(request, values)

    @router.post(ADDRESS)
    def set_scoring_model(  # noqa: PLR0917  the fields of the form
        request: Request,
        person: Annotated[Person, allowed(Permission.SET_SCORING_MODELS)],
        status: Annotated[ScoringModelStatus, Form()],
        id: _Text = _EMPTY,  # noqa: A002  the field's name
        name: _Text = _EMPTY,
        maximum: _Text = _EMPTY,
        is_new: Annotated[bool, Form()] = False,
    ) -> Response:
        values = {"id": id, "is_new": is_new, "status": status, "name": name, "maximum": maximum}
        scoring_model_id = id.strip() if is_new else id
        if not scoring_model_id:
            return form(request, values, wrong="id")
        highest = _number(maximum)
        if highest is not None and not math.isfinite(highest):
            return form(request, values, wrong="maximum")
        setting = ScoringModelSetting(status=status, name=name.strip() or None, maximum=highest)
        try:
            scoring_models.set(person, scoring_model_id, setting)
        except ApiError as error:
            return form(request, values, error=error)
        return RedirectResponse(address(LIST, done="announced"), status_code=303)

    return router


def _number(text: str) -> float | None:
    """A number as people write it, with a comma or a dot; None if it is empty, NaN if it is no number."""
    written = text.strip()
    if not written:
        return None
    number = number_in(written)
    return math.nan if isinstance(number, str) else float(number)
