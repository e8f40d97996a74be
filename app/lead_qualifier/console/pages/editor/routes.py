"""The routes of the editor of qualification models."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from lead_qualifier.client.definition_changes import ABSENT, Change, changes
from lead_qualifier.console.access.people import Permission, Person
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.api.commands import CommandRefused
from lead_qualifier.console.api.definition_text import BadDefinition
from lead_qualifier.console.api.histograms import Histograms
from lead_qualifier.console.api.model_commands import ModelCommands
from lead_qualifier.console.api.models import ModelNotFound, Models
from lead_qualifier.console.api.orders import Order
from lead_qualifier.console.api.scoring_models import ScoringModels
from lead_qualifier.console.errors import ApiError
from lead_qualifier.console.pages.editor.conditions import OPERATORS, TESTS
from lead_qualifier.console.pages.editor.criteria import GRADES, THRESHOLD
from lead_qualifier.console.pages.editor.editing import LOADED, NEW, REVISION, STATUS, Editing, without_row, yaml_of
from lead_qualifier.console.pages.editor.form import ACTIONS, CONDITIONS
from lead_qualifier.console.pages.editor.terms import FIELD_TERMS, OPERATOR_TERMS
from lead_qualifier.console.pages.editor.thresholds import ThresholdView, threshold_view
from lead_qualifier.console.pages.editor.values import UnreadableField, yaml_in
from lead_qualifier.console.pages.rendering import Pages, address, language_of
from lead_qualifier.wording.sentences import Wording

ADDRESS = "/model/edit"
_MOST_FIELDS = 10_000
_STALE = "stale_revision"
_BLANK: Mapping[str, Any] = {"match": "all"}
_NOTHING: tuple[Change, ...] = ()

Editor = Annotated[Person, allowed(Permission.EDIT_DEFINITIONS)]


async def sent_in(request: Request) -> dict[str, str]:
    """What a form sends: the last value of each field, its lines ended by a line feed."""
    form: FormData = await request.form(max_fields=_MOST_FIELDS)
    return {name: value.replace("\r\n", "\n") for name, value in form.items() if isinstance(value, str)}


Sent = Annotated[dict[str, str], Depends(sent_in)]


class StartPreview(Protocol):
    """Begins a preview of a valid definition; `revision`: of the stored model."""

    def __call__(self, person: Person, definition: Mapping[str, Any], *, revision: int) -> Response:
        """The way to its page."""


class EditorPages:
    """Renders the editor, and carries out what its buttons say."""

    def __init__(
        self,
        pages: Pages,
        models: Models,
        commands: ModelCommands,
        scoring_models: ScoringModels,
        histograms: Histograms,
        *,
        start_preview: StartPreview,
    ) -> None:
        self._start_preview = start_preview
        self._pages = pages
        self._models = models
        self._commands = commands
        self._scoring_models = scoring_models
        self._histograms = histograms

    def begin(self, request: Request, model_id: str | None, *, saved: bool) -> Response:
        """The editor of a stored model, or of a new one. `saved`: it was saved just now."""
        if model_id is None:
            return self._page(request, Editing.begin(_BLANK, revision=0, status=NEW))
        shown = self._models.show(model_id, language_of(request).wording)
        definition = shown.draft or shown.definition
        return self._page(request, Editing.begin(definition, revision=shown.revision, status=shown.status), saved=saved)

    def go_on(self, request: Request, sent: dict[str, str], person: Person) -> Response:
        """What a button of the editor does."""
        action, _, argument = sent.pop("do", "refresh").partition(":")
        editing = Editing.go_on(sent, counts=argument if action == "use" else None)
        if editing.differs or editing.problems:
            editing.check()
            return self._page(request, editing, status=HTTPStatus.UNPROCESSABLE_ENTITY if action == "save" else 200)
        focus = ""
        if "hx-request" in request.headers:
            editing.focus_attribute = "data-focus"
        match action:
            case "add-criterion":
                added = _new_row(editing, argument)
                editing.change({**editing.fields, **added})
                focus = list(added)[-1]
            case "add-test" if argument in CONDITIONS:
                added = _new_test(editing, argument)
                editing.change({**editing.fields, **added})
                focus = next(name for name in added if name.endswith(".field"))
            case "remove":
                at, _, number = argument.rpartition(".")
                if number.isdecimal():
                    editing.change(without_row(editing.fields, at, int(number)))
                focus = at if at == "criteria" else f"{at}-set"
            case "save":
                return self._save(request, editing, person)
            case "preview" if editing.check() and editing.definition is not None:
                return self._start_preview(person, editing.definition, revision=editing.revision)
        if editing.fields["checked"]:
            editing.check()
        return self._page(request, editing, focus=focus)

    def _save(self, request: Request, editing: Editing, person: Person) -> Response:
        wording = language_of(request).wording
        if not editing.check() or editing.definition is None:
            return self._page(request, editing, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        order = Order(issued_by=person.issued_by, wording=wording, expected_revision=editing.revision)
        stored_id = self._stored_id(editing)
        try:
            self._commands.apply(order, yaml_of(editing.definition), model_id=stored_id, draft=editing.status == "live")
        except BadDefinition as error:
            for one in error.problems:
                editing.tell(one.field, one.text)
            return self._page(request, editing, status=error.status)
        except CommandRefused as error:
            if error.code == _STALE:
                return self._stale(request, editing, wording)
            return self._page(request, editing, error=error)
        except ApiError as error:  # the broker or the worker is away: what was typed stays
            return self._page(request, editing, error=error)
        return RedirectResponse(address(ADDRESS, id=str(editing.definition["id"]), saved="yes"), status_code=303)

    @staticmethod
    def _stored_id(editing: Editing) -> str | None:
        if editing.status == NEW:
            return None
        try:
            return str(yaml_in(editing.fields[LOADED], LOADED)["id"])
        except (UnreadableField, KeyError, TypeError):
            return None

    def _stale(self, request: Request, editing: Editing, wording: Wording) -> Response:
        """Somebody else has changed the model: say what, and let the next attempt overwrite it knowingly."""
        assert editing.definition is not None
        try:
            shown = self._models.show(str(editing.definition["id"]), wording)
        except ModelNotFound:
            editing.fields |= {LOADED: "", REVISION: "0", STATUS: NEW}
            return self._page(request, editing, status=HTTPStatus.PRECONDITION_FAILED, deleted=True)
        current = shown.draft or shown.definition
        try:
            loaded = yaml_in(editing.fields[LOADED], LOADED) if editing.fields[LOADED] else {}
        except UnreadableField:
            loaded = {}
        changed = tuple(changes(loaded, dict(current)))
        editing.fields |= {LOADED: yaml_of(current), REVISION: str(shown.revision), STATUS: shown.status}
        return self._page(
            request,
            editing,
            status=HTTPStatus.PRECONDITION_FAILED,
            stale=True,
            changed=changed,
            changed_by=shown.changed_by,
        )

    def _page(
        self,
        request: Request,
        editing: Editing,
        *,
        status: int = 200,
        focus: str = "",
        saved: bool = False,
        error: ApiError | None = None,
        stale: bool = False,
        deleted: bool = False,
        changed: tuple[Change, ...] = _NOTHING,
        changed_by: str | None = None,
    ) -> Response:
        language = language_of(request)
        live = [one for one in self._scoring_models.list().scoring_models if one.status == "live"]
        return self._pages.page(
            request,
            "editor.html",
            status=status,
            editing=editing,
            focus=focus,
            live=live,
            addable=[one for one in live if one.scoring_model_id not in editing.scoring_models],
            live_ids={one.scoring_model_id for one in live},
            views=self._views(editing, language.wording),
            operators=OPERATORS,
            operator_terms=OPERATOR_TERMS,
            field_terms=FIELD_TERMS,
            actions=ACTIONS,
            error=error,
            saved=saved,
            stale=stale,
            deleted=deleted,
            changed=changed,
            changed_by=changed_by,
            absent=ABSENT,
        )

    def _views(self, editing: Editing, wording: Wording) -> dict[int, ThresholdView]:
        found = {}
        maxima = {one.scoring_model_id: one.maximum for one in self._scoring_models.list().scoring_models}
        for number in editing.rows:
            row = f"criteria.{number}"
            if editing.fields[f"{row}.kind"] == THRESHOLD:
                view = threshold_view(
                    self._histograms,
                    editing.fields.get(f"{row}.scoring_model", ""),
                    editing.fields.get(f"{row}.threshold", ""),
                    maximum=maxima.get(editing.fields.get(f"{row}.scoring_model", "")),
                    wording=wording,
                )
                if view is not None:
                    found[number] = view
        return found


def editor_pages(editor: EditorPages) -> APIRouter:
    """The routes."""
    router = APIRouter()

    @router.get(ADDRESS)
    def begin(request: Request, _person: Editor, id: str | None = None, saved: str = "") -> Response:  # noqa: A002  the parameter's name in the address
        return editor.begin(request, id, saved=bool(saved))

    @router.post(ADDRESS)
    def go_on(request: Request, sent: Sent, person: Editor) -> Response:
        return editor.go_on(request, sent, person)

    return router


def _new_row(editing: Editing, kind: str) -> dict[str, str]:
    row = f"criteria.{len(editing.rows)}"
    fields = {f"{row}.kind": kind, f"{row}.scoring_model": editing.fields.get("add.scoring_model", "")}
    return fields | ({f"{row}.grades": ""} if kind == GRADES else {f"{row}.threshold": ""})


def _new_test(editing: Editing, name: str) -> dict[str, str]:
    row = f"{name}.{len(editing.tests(name))}"
    return {
        f"{name}.kind": TESTS,
        f"{row}.field": "",
        f"{row}.attribute": "",
        f"{row}.operator": "equals",
        f"{row}.value": "",
    }
