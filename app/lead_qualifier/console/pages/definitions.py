"""The pages of journeys, assignments, sequences and follow-ups: one implementation for all kinds."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from lead_qualifier.console.access.people import Permission, Person
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.api.definition_forms import DefinitionDetails
from lead_qualifier.console.api.definitions import DefinitionNotFound, Definitions
from lead_qualifier.console.api.models import model_text
from lead_qualifier.console.api.orders import Order
from lead_qualifier.console.errors import ApiError
from lead_qualifier.console.pages.definition_kinds import KINDS_OF_PAGES, KindOfPages
from lead_qualifier.console.pages.definition_text import Intent, Sent, TextForm, TextKind, Written
from lead_qualifier.console.pages.differences import difference_of_draft
from lead_qualifier.console.pages.rendering import Pages, address, language_of
from lead_qualifier.console.pages.sent_orders import sent_order
from lead_qualifier.wording.sentences import Wording

_EMPTY = ""
#: What a command on a page is: `replace` publishes a draft in place of the live version.
_Move = Literal["publish", "replace", "stop", "delete"]


def definition_pages(definitions: Definitions, pages: Pages) -> APIRouter:
    """The pages of every kind."""
    router = APIRouter()
    for kind in KINDS_OF_PAGES:
        shown = _KindPages(kind, definitions, pages)
        _add_reading(router, kind, shown)
        _add_writing(router, kind, shown)
    return router


def _add_reading(router: APIRouter, kind: KindOfPages, shown: _KindPages) -> None:
    may_view = [allowed(Permission.VIEW)]

    @router.get(kind.list_path, dependencies=may_view)
    def find(request: Request, done: str = _EMPTY) -> Response:
        return shown.list(request, done)

    @router.get(kind.path, dependencies=may_view)
    def show(request: Request, id: str, done: str = _EMPTY) -> Response:  # noqa: A002  the name in the address
        return shown.one(request, id, done=done)


def _add_writing(router: APIRouter, kind: KindOfPages, shown: _KindPages) -> None:
    @router.post(kind.path)
    def move(
        request: Request,
        order: Annotated[Order, sent_order(Permission.EDIT_DEFINITIONS)],
        id: Annotated[str, Form()],  # noqa: A002  the field's name
        action: Annotated[_Move, Form()],
    ) -> Response:
        return shown.move(request, id, action, order)

    @router.get(kind.edit_path, dependencies=[allowed(Permission.EDIT_DEFINITIONS)])
    def edit(request: Request, id: str = _EMPTY) -> Response:  # noqa: A002  the name in the address
        return shown.edit(request, id)

    @router.post(kind.edit_path)
    def save(
        request: Request,
        person: Annotated[Person, allowed(Permission.EDIT_DEFINITIONS)],
        intent: Annotated[Intent, Form()],
        written: Sent,
    ) -> Response:
        return shown.save(request, written, intent, person.issued_by)


class _KindPages:
    """The pages of one kind."""

    def __init__(self, kind: KindOfPages, definitions: Definitions, pages: Pages) -> None:
        self._kind = kind
        self._definitions = definitions
        self._pages = pages
        text_kind = TextKind(path=kind.path, list_path=kind.list_path, edit_path=kind.edit_path, new=kind.new)
        self._form = TextForm(text_kind, pages)

    def list(self, request: Request, done: str) -> Response:
        found = self._definitions.all(self._kind.name).definitions
        return self._page(request, "definitions.html", found=found, done=done)

    def one(
        self, request: Request, definition_id: str, *, done: str = _EMPTY, error: ApiError | None = None
    ) -> Response:
        wording = language_of(request).wording
        found = self._definitions.show(self._kind.name, definition_id, wording)
        versions = self._definitions.history(self._kind.name, definition_id, wording).versions
        return self._page(
            request,
            "definition.html",
            one=found,
            text=model_text(found.definition),
            difference=difference_of_draft(found),
            versions=[(one, None if one.definition is None else model_text(one.definition)) for one in versions],
            done=done,
            error=error,
            command_id=uuid.uuid4(),
        )

    def move(self, request: Request, definition_id: str, action: _Move, order: Order) -> Response:
        try:
            done = self._definitions.move(
                self._kind.name,
                order,
                "publish" if action == "replace" else action,
                definition_id,
                replace=action == "replace",
            )
        except ApiError as error:
            return self.one(request, definition_id, error=error)
        if action == "delete":
            return RedirectResponse(address(self._kind.list_path, done=done.code), status_code=303)
        return RedirectResponse(address(self._kind.path, id=definition_id, done=done.code), status_code=303)

    def edit(self, request: Request, definition_id: str) -> Response:
        if not definition_id:
            return self._form.show(request, Written(text=self._kind.begin))
        found = self._definitions.show(self._kind.name, definition_id, language_of(request).wording)
        return self._form.begin(request, definition_id, found)

    def save(self, request: Request, written: Written, intent: Intent, issued_by: str) -> Response:
        order = Order(
            issued_by=issued_by,
            wording=language_of(request).wording,
            command_id=written.command_id,
            expected_revision=written.revision,
        )
        wanted = written.id or None
        try:
            definition = self._definitions.check(self._kind.name, written.text, order.wording, definition_id=wanted)
            if intent == "check":
                return self._form.show(request, written, done="valid")
            done = self._definitions.apply(self._kind.name, order, written.text, definition_id=wanted, draft=True)
        except ApiError as error:
            return self._form.not_saved(request, written, error, stored=lambda: self._stored(written.id, order.wording))
        saved_id = str(definition["id"])
        saved = self._stored(saved_id, order.wording)
        if saved is None:  # it is saved, and not shown yet
            return RedirectResponse(address(self._kind.list_path, done=done.code), status_code=303)
        if intent == "save" or (saved.status == "live" and not saved.has_draft):  # it runs already
            return RedirectResponse(address(self._kind.path, id=saved_id, done=done.code), status_code=303)
        publishing = replace(order, command_id=f"{written.command_id}-publish", expected_revision=done.revision)
        return self.move(request, saved_id, "replace" if saved.status == "live" else "publish", publishing)

    def _stored(self, definition_id: str, wording: Wording) -> DefinitionDetails | None:
        try:
            return self._definitions.show(self._kind.name, definition_id, wording)
        except DefinitionNotFound:
            return None

    def _page(self, request: Request, template: str, **values: Any) -> Response:
        return self._pages.page(request, template, kind=self._kind, **values)
