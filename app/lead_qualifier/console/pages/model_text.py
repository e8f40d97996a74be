"""The page on which a qualification model is written as text, in YAML or JSON."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from lead_qualifier.console.access.people import Permission, Person
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.api.model_commands import ModelCommands
from lead_qualifier.console.api.model_forms import ModelDetails
from lead_qualifier.console.api.models import ModelNotFound, Models
from lead_qualifier.console.api.orders import Order
from lead_qualifier.console.errors import ApiError
from lead_qualifier.console.pages.definition_text import Intent, Sent, TextForm, TextKind, Written
from lead_qualifier.console.pages.models import ADDRESS, CONFIRM, LIST
from lead_qualifier.console.pages.rendering import Pages, address, language_of
from lead_qualifier.console.pages.terms import marked as _
from lead_qualifier.wording.sentences import Wording

TEXT = f"{ADDRESS}/yaml"

_EMPTY = ""
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
_KIND = TextKind(path=ADDRESS, list_path=LIST, edit_path=TEXT, new=_("New model in YAML"))


def model_text_pages(models: Models, commands: ModelCommands, pages: Pages) -> APIRouter:
    """The one page."""
    router = APIRouter()
    editor = _Editor(models, commands, pages)

    @router.get(TEXT, dependencies=[allowed(Permission.EDIT_DEFINITIONS)])
    def edit(request: Request, id: str = _EMPTY) -> Response:  # noqa: A002  the name in the address
        return editor.begin(request, id)

    @router.post(TEXT)
    def save(
        request: Request,
        person: Annotated[Person, allowed(Permission.EDIT_DEFINITIONS)],
        intent: Annotated[Intent, Form()],
        written: Sent,
    ) -> Response:
        return editor.save(request, written, intent, person.issued_by)

    return router


class _Editor:
    def __init__(self, models: Models, commands: ModelCommands, pages: Pages) -> None:
        self._models = models
        self._commands = commands
        self._form = TextForm(_KIND, pages)

    def begin(self, request: Request, model_id: str) -> Response:
        """The form with the text that the next publish makes live, or with an example for a new model."""
        if not model_id:
            return self._form.show(request, Written(text=_BEGIN))
        return self._form.begin(request, model_id, self._models.show(model_id, language_of(request).wording))

    def save(self, request: Request, written: Written, intent: Intent, issued_by: str) -> Response:
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
                return self._form.show(request, written, done="valid")
            done = self._commands.apply(order, written.text, model_id=written.id or None, draft=True)
        except ApiError as error:
            return self._form.not_saved(request, written, error, stored=lambda: self._stored(written.id, wording))
        if intent == "publish":
            model = self._models.show(model_id, wording)
            if model.status != "live" or model.draft is not None:  # else it runs already
                action = "replace" if model.status == "live" else "publish"
                return RedirectResponse(address(CONFIRM, id=model_id, action=action), status_code=303)
        return RedirectResponse(address(ADDRESS, id=model_id, done=done.code), status_code=303)

    def _stored(self, model_id: str, wording: Wording) -> ModelDetails | None:
        try:
            return self._models.show(model_id, wording)
        except ModelNotFound:
            return None
