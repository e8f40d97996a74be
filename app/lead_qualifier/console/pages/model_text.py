"""The page on which a qualification model is written as text, in YAML or JSON."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from lead_qualifier.console.access.people import Permission, Person
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.api.commands import NoAnswer
from lead_qualifier.console.api.model_commands import ModelCommands
from lead_qualifier.console.api.model_forms import ModelDetails
from lead_qualifier.console.api.models import ModelNotFound, Models, model_text
from lead_qualifier.console.api.orders import Order
from lead_qualifier.console.errors import ApiError
from lead_qualifier.console.pages.differences import difference
from lead_qualifier.console.pages.models import ADDRESS, CONFIRM, LIST
from lead_qualifier.console.pages.rendering import Pages, address, language_of
from lead_qualifier.console.pages.terms import marked as _

TEXT = f"{ADDRESS}/yaml"

_EMPTY = ""
_STALE = "stale_revision"
_BEGIN = """\
id: webinar
name: Webinar
match: all
criteria:
- {scoring_model: engagement, threshold: 70}
actions: {status_reason: marketing_qualified, sales_ready: true}
existing_leads: evaluate
requalification: {policy: when_reset}
"""
_Field = Annotated[str, Form()]
_Intent = Literal["check", "save", "publish"]


@dataclass(frozen=True, slots=True)
class _Kind:
    """What the template asks about the kind of definition."""

    path: str = ADDRESS
    list_path: str = LIST
    edit_path: str = TEXT
    new: str = _("New model in YAML")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """What the form holds. `id`: empty for a new model; `base`: the text from which it was edited."""

    id: str = _EMPTY
    text: str
    base: str = _EMPTY
    revision: int = 0
    command_id: str = field(default_factory=lambda: str(uuid.uuid4()))


def model_text_pages(models: Models, commands: ModelCommands, pages: Pages) -> APIRouter:
    """The one page."""
    router = APIRouter()
    editor = _Editor(models, commands, pages)

    @router.get(TEXT, dependencies=[allowed(Permission.EDIT_DEFINITIONS)])
    def edit(request: Request, id: str = _EMPTY) -> Response:  # noqa: A002  the name in the address
        return editor.begin(request, id)

    @router.post(TEXT)
    def save(  # noqa: PLR0917  the fields of the form
        request: Request,
        person: Annotated[Person, allowed(Permission.EDIT_DEFINITIONS)],
        intent: Annotated[_Intent, Form()],
        revision: Annotated[int, Form()],
        command_id: _Field,
        text: _Field = _EMPTY,
        base: _Field = _EMPTY,
        id: _Field = _EMPTY,  # noqa: A002  the field's name
    ) -> Response:
        written = _Written(id=id, text=_unix(text), base=_unix(base), revision=revision, command_id=command_id)
        return editor.save(request, written, intent, person.issued_by)

    return router


class _Editor:
    def __init__(self, models: Models, commands: ModelCommands, pages: Pages) -> None:
        self._models = models
        self._commands = commands
        self._pages = pages

    def begin(self, request: Request, model_id: str) -> Response:
        """The form with what the next publish lets run, or with an example for a new model."""
        if not model_id:
            return self._page(request, _Written(text=_BEGIN))
        model = self._models.show(model_id, language_of(request).wording)
        text = model_text(model.draft or model.definition)
        return self._page(request, _Written(id=model_id, text=text, base=text, revision=model.revision))

    def save(self, request: Request, written: _Written, intent: _Intent, issued_by: str) -> Response:
        """Check the text, or keep it as a draft and go on."""
        wording = language_of(request).wording
        order = Order(
            issued_by=issued_by,
            wording=wording,
            expected_revision=written.revision,
            command_id=written.command_id,
        )
        try:
            model_id = self._commands.check(written.text, wording, model_id=written.id or None)
            if intent == "check":
                return self._page(request, written, done="valid")
            done = self._commands.apply(order, written.text, model_id=written.id or None, draft=True)
        except ApiError as error:
            return self._not_saved(request, written, error)
        if intent == "publish":
            model = self._models.show(model_id, wording)
            if model.status != "live" or model.draft is not None:  # else it runs already
                action = "replace" if model.status == "live" else "publish"
                return RedirectResponse(address(CONFIRM, id=model_id, action=action), status_code=303)
        return RedirectResponse(address(ADDRESS, id=model_id, done=done.code), status_code=303)

    def _not_saved(self, request: Request, written: _Written, error: ApiError) -> Response:
        """The form with what was written, why it was not saved, and what others have changed meanwhile."""
        again = written if isinstance(error, NoAnswer) else replace(written, command_id=str(uuid.uuid4()))
        if error.code != _STALE or not written.id:
            return self._page(request, again, error=error)
        try:
            meanwhile = self._models.show(written.id, language_of(request).wording)
        except ModelNotFound:  # it was deleted: the error says so
            return self._page(request, again, error=error)
        theirs = model_text(meanwhile.draft or meanwhile.definition)
        again = replace(again, base=theirs, revision=meanwhile.revision)
        return self._page(request, again, error=error, meanwhile=meanwhile, before=written.base)

    def _page(
        self,
        request: Request,
        written: _Written,
        *,
        error: ApiError | None = None,
        meanwhile: ModelDetails | None = None,
        before: str = _EMPTY,
        done: str = _EMPTY,
    ) -> Response:
        lines = written.text.split("\n")
        problems = () if error is None else error.problems
        return self._pages.page(
            request,
            "definition_edit.html",
            kind=_Kind(),
            written=written,
            problems=[(one, lines[one.line - 1] if one.line and one.line <= len(lines) else None) for one in problems],
            is_taken=error is not None and error.code == _STALE and not written.id,
            error=error,
            meanwhile=meanwhile,
            difference=None if meanwhile is None else difference(before, written.base),
            done=done,
        )


def _unix(text: str) -> str:
    """With the ends of lines as they are in files: forms send others."""
    return text.replace("\r\n", "\n")
