"""The pages of journeys, assignments, sequences and follow-ups: one implementation for all kinds."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from difflib import unified_diff
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from lead_qualifier.console.access.people import Permission, Person
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.api.commands import NoAnswer
from lead_qualifier.console.api.definition_forms import DefinitionDetails
from lead_qualifier.console.api.definitions import DefinitionNotFound, Definitions
from lead_qualifier.console.api.orders import Order
from lead_qualifier.console.errors import ApiError
from lead_qualifier.console.pages.definition_kinds import KINDS_OF_PAGES, KindOfPages
from lead_qualifier.console.pages.rendering import Pages, address, language_of
from lead_qualifier.messages.definition_writing import model_lines

_EMPTY = ""
_VALID = "valid"
#: What a command on a page is: `replace` publishes a draft in place of the live version.
_Move = Literal["publish", "replace", "stop", "delete"]
_Text = Annotated[str, Form()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What the form of an edited definition holds. `base`: the text from which it was edited."""

    id: str = _EMPTY
    text: str
    base: str = _EMPTY
    revision: int = 0
    command_id: str = field(default_factory=lambda: str(uuid.uuid4()))


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
    def move(  # noqa: PLR0917  the fields of the form
        request: Request,
        person: Annotated[Person, allowed(Permission.EDIT_DEFINITIONS)],
        id: _Text,  # noqa: A002  the field's name
        action: Annotated[_Move, Form()],
        revision: Annotated[int, Form()],
        command_id: _Text,
    ) -> Response:
        order = Order(
            issued_by=person.issued_by,
            wording=language_of(request).wording,
            command_id=command_id,
            expected_revision=revision,
        )
        return shown.move(request, id, action, order)

    @router.get(kind.edit_path, dependencies=[allowed(Permission.EDIT_DEFINITIONS)])
    def edit(request: Request, id: str = _EMPTY) -> Response:  # noqa: A002  the name in the address
        return shown.edit(request, id)

    @router.post(kind.edit_path)
    def save(  # noqa: PLR0917  the fields of the form
        request: Request,
        person: Annotated[Person, allowed(Permission.EDIT_DEFINITIONS)],
        intent: Annotated[Literal["check", "save", "publish"], Form()],
        revision: Annotated[int, Form()],
        command_id: _Text,
        text: _Text = _EMPTY,
        base: _Text = _EMPTY,
        id: _Text = _EMPTY,  # noqa: A002  the field's name
    ) -> Response:
        written = Written(id=id, text=_unix(text), base=_unix(base), revision=revision, command_id=command_id)
        return shown.save(request, written, intent, person.issued_by)


class _KindPages:
    """The pages of one kind."""

    def __init__(self, kind: KindOfPages, definitions: Definitions, pages: Pages) -> None:
        self._kind = kind
        self._definitions = definitions
        self._pages = pages

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
            text=_text(found.definition),
            difference=None if found.draft is None else _difference(_text(found.definition), _text(found.draft)),
            versions=[(one, None if one.definition is None else _text(one.definition)) for one in versions],
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
            return self._editor(request, Written(text=self._kind.begin))
        found = self._definitions.show(self._kind.name, definition_id, language_of(request).wording)
        text = _text(found.draft or found.definition)
        return self._editor(request, Written(id=definition_id, text=text, base=text, revision=found.revision))

    def save(
        self, request: Request, written: Written, intent: Literal["check", "save", "publish"], issued_by: str
    ) -> Response:
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
                return self._editor(request, written, done=_VALID)
            done = self._definitions.apply(self._kind.name, order, written.text, definition_id=wanted, draft=True)
        except ApiError as error:
            return self._not_saved(request, written, error)
        saved_id = str(definition["id"])
        try:
            saved = self._definitions.show(self._kind.name, saved_id, order.wording)
        except DefinitionNotFound:  # it is saved, and not shown yet
            return RedirectResponse(address(self._kind.list_path, done=done.code), status_code=303)
        if intent == "save" or (saved.status == "live" and not saved.has_draft):  # it runs already
            return RedirectResponse(address(self._kind.path, id=saved_id, done=done.code), status_code=303)
        publishing = replace(order, command_id=f"{written.command_id}-publish", expected_revision=done.revision)
        return self.move(request, saved_id, "replace" if saved.status == "live" else "publish", publishing)

    def _not_saved(self, request: Request, written: Written, error: ApiError) -> Response:
        """The form with what was written, why it was not saved, and what others have changed meanwhile."""
        command_id = written.command_id if isinstance(error, NoAnswer) else str(uuid.uuid4())
        again = replace(written, command_id=command_id)
        meanwhile: DefinitionDetails | None = None
        if error.code == "stale_revision" and written.id:
            try:
                meanwhile = self._definitions.show(self._kind.name, written.id, language_of(request).wording)
            except DefinitionNotFound:
                pass  # it was deleted: the error says so
            else:
                theirs = _text(meanwhile.draft or meanwhile.definition)
                again = replace(again, base=theirs, revision=meanwhile.revision)
        return self._editor(
            request,
            again,
            error=error,
            meanwhile=meanwhile,
            difference=None if meanwhile is None else _difference(written.base, again.base),
        )

    def _editor(
        self, request: Request, written: Written, *, error: ApiError | None = None, done: str = _EMPTY, **more: Any
    ) -> Response:
        lines = written.text.split("\n")
        problems = [] if error is None else error.problems
        at_lines = [(one, lines[one.line - 1] if one.line and one.line <= len(lines) else None) for one in problems]
        return self._page(
            request,
            "definition_edit.html",
            written=written,
            problems=at_lines,
            is_taken=error is not None and error.code == "stale_revision" and not written.id,
            error=error,
            done=done,
            **{"meanwhile": None, "difference": None, **more},
        )

    def _page(self, request: Request, template: str, **values: Any) -> Response:
        return self._pages.page(request, template, kind=self._kind, **values)


def _text(definition: dict[str, Any]) -> str:
    """A definition as people edit it."""
    return "\n".join(model_lines(definition)) + "\n"


def _difference(before: str, after: str) -> list[tuple[str, str]]:
    """The lines of both texts, each with `added`, `removed` or nothing."""
    return list(_marked(before, after))


def _marked(before: str, after: str) -> Iterator[tuple[str, str]]:
    lines = unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=10_000)
    for number, line in enumerate(lines):
        if number > 2:  # after the names of both, and where they begin
            yield {"+": "added", "-": "removed"}.get(line[:1], _EMPTY), line


def _unix(text: str) -> str:
    """With the ends of lines as they are in files: forms send others."""
    return text.replace("\r\n", "\n")
