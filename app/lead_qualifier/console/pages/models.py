"""The pages about qualification models: the list, one model, and its life."""

from __future__ import annotations

import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from lead_qualifier.console.access.people import Permission
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.api.audit import Audit
from lead_qualifier.console.api.model_commands import ModelCommands
from lead_qualifier.console.api.model_forms import ModelVersion
from lead_qualifier.console.api.models import DRAFT, ModelNotFound, Models, model_text
from lead_qualifier.console.api.orders import Order
from lead_qualifier.console.errors import ApiError
from lead_qualifier.console.pages.differences import difference_of_draft, marked
from lead_qualifier.console.pages.rendering import Pages, address, language_of
from lead_qualifier.console.pages.sent_orders import sent_order

LIST, ADDRESS = "/models", "/model"
CONFIRM, DIFF = f"{ADDRESS}/confirm", f"{ADDRESS}/diff"

_EMPTY = ""
_MODEL = "model"
#: Commands that are shown before they are carried out, and those that change nothing for leads.
_Confirmed = Literal["publish", "replace", "stop", "delete"]
_Shadow = Literal["shadow_on", "shadow_off"]


def model_pages(models: Models, commands: ModelCommands, audit: Audit, pages: Pages) -> APIRouter:
    """All but the one on which a model is written."""
    router = APIRouter()
    shown = _ModelPages(models, commands, audit, pages)
    may_view = [allowed(Permission.VIEW)]

    @router.get(LIST, dependencies=may_view)
    def find(request: Request, done: str = _EMPTY) -> Response:
        found = models.all(language_of(request).wording)
        return pages.page(request, "models.html", found=found, done=done)

    @router.get(ADDRESS, dependencies=may_view)
    def show(request: Request, id: str, done: str = _EMPTY) -> Response:  # noqa: A002  the name in the address
        return shown.one(request, id, done=done)

    @router.get(DIFF, dependencies=may_view)
    def compare(request: Request, id: str, before: str, after: str = DRAFT) -> Response:  # noqa: A002
        return shown.compare(request, id, before, after)

    @router.get(CONFIRM, dependencies=[allowed(Permission.EDIT_DEFINITIONS)])
    def confirm(request: Request, id: str, action: _Confirmed) -> Response:  # noqa: A002
        return shown.confirm(request, id, action)

    @router.post(ADDRESS)
    def move(
        request: Request,
        order: Annotated[Order, sent_order(Permission.EDIT_DEFINITIONS)],
        id: Annotated[str, Form()],  # noqa: A002  the field's name
        action: Annotated[_Confirmed | _Shadow, Form()],
    ) -> Response:
        return shown.move(request, id, action, order)

    return router


class _ModelPages:
    """What several routes show."""

    def __init__(self, models: Models, commands: ModelCommands, audit: Audit, pages: Pages) -> None:
        self._models = models
        self._commands = commands
        self._audit = audit
        self._pages = pages

    def one(self, request: Request, model_id: str, *, done: str = _EMPTY, error: ApiError | None = None) -> Response:
        """One model. `error`: why a command on it was not carried out."""
        wording = language_of(request).wording
        model = self._models.show(model_id, wording)
        return self._pages.page(
            request,
            "model.html",
            model=model,
            text=model_text(model.definition),
            difference=difference_of_draft(model),
            versions=self._versions(request, model_id),
            done=done,
            error=error,
            command_id=uuid.uuid4(),
        )

    def compare(self, request: Request, model_id: str, before: str, after: str) -> Response:
        """Two versions of a model."""
        diff = self._models.diff(model_id, before, after)
        return self._pages.page(request, "model_diff.html", diff=diff, difference=marked(diff.lines))

    def confirm(
        self,
        request: Request,
        model_id: str,
        action: _Confirmed,
        *,
        error: ApiError | None = None,
        seen: int | None = None,
    ) -> Response:
        """What a command would do, and the button that sends it.

        `error`: why it was not carried out; `seen`: the revision that it was meant for, if the model has changed since.
        """
        wording = language_of(request).wording
        model = self._models.show(model_id, wording)
        meanwhile = self._audit.since(_MODEL, model_id, seen) if seen else []
        return self._pages.page(
            request,
            "model_confirm.html",
            model=model,
            action=action,
            foreseen=self._models.foresee(model_id, action, wording),
            to_publish=model.draft or model.definition,
            difference=difference_of_draft(model) if action == "replace" else None,
            meanwhile=meanwhile,
            error=error,
            command_id=uuid.uuid4(),
        )

    def move(self, request: Request, model_id: str, action: _Confirmed | _Shadow, order: Order) -> Response:
        """Carry a command out, and show what has come of it."""
        if action == "shadow_on" or action == "shadow_off":  # noqa: PLR1714  mypy narrows the other type by it
            return self._shadow(request, model_id, action, order)
        try:
            if action == "replace":
                done = self._commands.move(order, "publish", model_id, replace=True)
            else:
                done = self._commands.move(order, action, model_id)
        except ApiError as error:
            seen = order.expected_revision if error.code == "stale_revision" else None
            return self.confirm(request, model_id, action, error=error, seen=seen)
        if action == "delete":
            return RedirectResponse(address(LIST, done=done.code), status_code=303)
        return RedirectResponse(address(ADDRESS, id=model_id, done=done.code), status_code=303)

    def _shadow(self, request: Request, model_id: str, action: _Shadow, order: Order) -> Response:
        try:
            done = self._commands.shadow(order, model_id, on=action == "shadow_on")
        except ApiError as error:
            return self.one(request, model_id, error=error)
        return RedirectResponse(address(ADDRESS, id=model_id, done=done.code), status_code=303)

    def _versions(self, request: Request, model_id: str) -> list[ModelVersion]:
        try:
            return list(reversed(self._models.history(model_id, language_of(request).wording).versions))
        except ModelNotFound:  # the trail no longer holds anything about it
            return []
