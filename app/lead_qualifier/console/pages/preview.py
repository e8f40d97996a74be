"""The page on which a preview is followed, and from which the model is published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from lead_qualifier.client.evidence import changes_finding, criteria_finding
from lead_qualifier.client.formula import terms
from lead_qualifier.console.access.people import Permission, Person
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.api.histogram_forms import ScoreBand
from lead_qualifier.console.api.model_commands import ModelCommands
from lead_qualifier.console.api.model_forms import ModelDetails
from lead_qualifier.console.api.models import ModelNotFound, Models
from lead_qualifier.console.api.orders import Order
from lead_qualifier.console.api.preview_jobs import PreviewJob
from lead_qualifier.console.api.previews import Previews
from lead_qualifier.console.errors import ApiError
from lead_qualifier.console.pages.charts import Chart
from lead_qualifier.console.pages.editor.editing import yaml_of
from lead_qualifier.console.pages.editor.form import is_same
from lead_qualifier.console.pages.editor.thresholds import score_chart
from lead_qualifier.console.pages.rendering import Pages, address, language_of
from lead_qualifier.messages.model_reading import model_of
from lead_qualifier.qualification.models import QualificationModel
from lead_qualifier.wording.sentences import Wording

ADDRESS = "/model/preview"
_SAMPLE = 20
_Editor = Annotated[Person, allowed(Permission.EDIT_DEFINITIONS)]
_Text = Annotated[str, Form()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """A lead that would qualify: what changes about it, and how its criteria stand, in words."""

    lead_id: str
    changes: str
    criteria: str


class PreviewPages:
    """Begins previews, shows them, and publishes what was previewed."""

    def __init__(self, pages: Pages, previews: Previews, models: Models, commands: ModelCommands) -> None:
        self._pages = pages
        self._previews = previews
        self._models = models
        self._commands = commands

    def start(self, person: Person, definition: Mapping[str, Any], *, revision: int) -> Response:
        """Begin a preview of a valid definition, and go to its page."""
        model = model_of(definition)
        job = self._previews.start(person, model, sample=_SAMPLE, what_if=tried_thresholds(model), revision=revision)
        return RedirectResponse(address(ADDRESS, job=job.id), status_code=303)

    def start_stored(self, request: Request, person: Person, model_id: str) -> Response:
        """Begin a preview of a stored model: of its draft, if it has one. Raises ModelNotFound."""
        shown = self._models.show(model_id, language_of(request).wording)
        return self.start(person, shown.draft or shown.definition, revision=shown.revision)

    def show(self, request: Request, person: Person, job_id: str, *, error: ApiError | None = None) -> Response:
        """A preview as it stands. Raises PreviewNotFound."""
        wording = language_of(request).wording
        job = self._previews.find(person, job_id)
        definition, result = job.order.definition, job.result
        return self._pages.page(
            request,
            "preview.html",
            error=error,
            job=job,
            definition=definition,
            formula=wording.sentence(terms(model_of(definition))),
            result=result,
            sample=[] if result is None else [_sampled(one, wording) for one in result["sample"]],
            charts=[] if result is None else [_chart(one, wording) for one in result["criteria"]],
            stored_as=_stored_as(self._stored(job, wording), job),
        )

    def cancel(self, person: Person, job_id: str) -> Response:
        """Stop a preview. Raises PreviewNotFound."""
        self._previews.cancel(person, job_id)
        return RedirectResponse(address(ADDRESS, job=job_id), status_code=303)

    def publish(self, request: Request, person: Person, job_id: str) -> Response:
        """Save what was previewed as the draft, unless it is that, and publish it. Raises PreviewNotFound."""
        wording = language_of(request).wording
        job = self._previews.find(person, job_id)
        model_id = str(job.order.definition["id"])
        stored = self._stored(job, wording)  # once: what changes after that is refused as stale
        is_live = stored is not None and stored.status == "live"
        try:
            if stored is not None and _stored_as(stored, job) == "same":
                revision = stored.revision
            else:
                order = Order(issued_by=person.issued_by, wording=wording, expected_revision=job.revision)
                done = self._commands.apply(order, yaml_of(job.order.definition), model_id=model_id, draft=is_live)
                revision = done.revision
            order = Order(issued_by=person.issued_by, wording=wording, expected_revision=revision)
            self._commands.move(order, "publish", model_id, replace=is_live)
        except ApiError as error:
            return self.show(request, person, job_id, error=error)
        return RedirectResponse(address("/model", id=model_id, done="published"), status_code=303)

    def _stored(self, job: PreviewJob, wording: Wording) -> ModelDetails | None:
        try:
            return self._models.show(str(job.order.definition["id"]), wording)
        except ModelNotFound:
            return None


def _stored_as(stored: ModelDetails | None, job: PreviewJob) -> str:
    """How the stored model stands to what was previewed.

    `same`: its draft says the same. `other`: it says something else. `live`: the live version says the same, and
    there is no draft. `new`: it has no draft. `none`: there is no such model.
    """
    if stored is None:
        return "none"
    if stored.draft is not None:
        return "same" if is_same(stored.draft, job.order.definition) else "other"
    if stored.status == "live":
        return "live" if is_same(stored.definition, job.order.definition) else "new"
    return "same" if is_same(stored.definition, job.order.definition) else "other"


def preview_pages(previews: PreviewPages) -> APIRouter:
    """The routes."""
    router = APIRouter()

    @router.get(ADDRESS)
    def show(request: Request, person: _Editor, job: str) -> Response:
        return previews.show(request, person, job)

    @router.post(ADDRESS)
    def start(request: Request, person: _Editor, id: _Text) -> Response:  # noqa: A002  the field's name
        return previews.start_stored(request, person, id)

    @router.post(f"{ADDRESS}/cancel")
    def cancel(person: _Editor, job: _Text) -> Response:
        return previews.cancel(person, job)

    @router.post(f"{ADDRESS}/publish")
    def publish(request: Request, person: _Editor, job: _Text) -> Response:
        return previews.publish(request, person, job)

    return router


def tried_thresholds(model: QualificationModel) -> dict[str, list[float]]:
    """For each criterion that is the only one on its scoring model, some thresholds around its own."""
    found: dict[str, list[float]] = {}
    names = [one.scoring_model for one in model.criteria]
    for one in model.criteria:
        if one.threshold is not None and names.count(one.scoring_model) == 1:
            step = 5.0 if abs(one.threshold) >= 20 else (abs(one.threshold) / 10 or 1.0)
            found[one.scoring_model] = [round(one.threshold + step * count, 6) for count in (-2, -1, 1, 2)]
    return found


def _sampled(one: Mapping[str, Any], wording: Wording) -> Sampled:
    return Sampled(
        lead_id=str(one["lead_id"]),
        changes=wording.sentence(changes_finding(one["changes"])),
        criteria=wording.sentence(criteria_finding(one["criteria"])),
    )


def _chart(criterion: Mapping[str, Any], wording: Wording) -> Chart | None:
    """The scores of the leads that were asked about; None where the criterion asks for grades."""
    if "bands" not in criterion:
        return None
    bands = [
        ScoreBand(at_least=one.get("from"), below=one.get("below"), leads=one["leads"]) for one in criterion["bands"]
    ]
    return score_chart(bands, criterion["threshold"], wording)
