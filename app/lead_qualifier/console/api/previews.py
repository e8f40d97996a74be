"""Previews of qualification models: begun, followed and cancelled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from lead_qualifier.client.preview import NEAR_POINTS, SAMPLE
from lead_qualifier.client.what_if import NoThresholds, Thresholds, thresholds_in
from lead_qualifier.console.access.people import Permission, Person
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.api.command_parameters import DefinitionBody
from lead_qualifier.console.api.errors import InvalidParameter
from lead_qualifier.console.api.model_commands import read_model
from lead_qualifier.console.api.model_routes import AS_WRITTEN
from lead_qualifier.console.api.parameters import LONGEST, Wanted
from lead_qualifier.console.api.preview_forms import PreviewForm
from lead_qualifier.console.api.preview_jobs import PreviewJob, PreviewJobs
from lead_qualifier.console.api.responses import answer
from lead_qualifier.console.errors import ApiError
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.lead_preview import still_held
from lead_qualifier.console.read_model.preview_process import PreviewOrder
from lead_qualifier.messages.model_definition import definition_of
from lead_qualifier.qualification.models import QualificationModel
from lead_qualifier.qualification.rules import UnknownLeads

MOST_SAMPLED = 200


class PreviewNotFound(ApiError):
    """There is no such preview of this person."""

    status = HTTPStatus.NOT_FOUND
    code = "preview_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such preview: previews are kept for an hour, for the person who started them.")


class Previews:
    """What API and pages ask about previews."""

    def __init__(
        self, jobs: PreviewJobs, database: Database, *, unknown_leads: UnknownLeads, time_tolerance: float
    ) -> None:
        """`time_tolerance`: in seconds, the workers' setting."""
        self._jobs = jobs
        self._database = database
        self._unknown_leads: UnknownLeads = unknown_leads
        self._time_tolerance = time_tolerance

    def start(
        self,
        person: Person,
        model: QualificationModel,
        *,
        near: float = NEAR_POINTS,
        sample: int = SAMPLE,
        what_if: Mapping[str, Sequence[float]] | None = None,
        revision: int = 0,
    ) -> PreviewJob:
        """Begin a preview, in place of one of the same person that still runs."""
        order = PreviewOrder(
            url=self._database.url,
            definition={**definition_of(model)},
            unknown_leads=self._unknown_leads,
            near=near,
            sample=sample,
            what_if={name: list(thresholds) for name, thresholds in (what_if or {}).items()},
            time_tolerance=self._time_tolerance,
        )
        return self._jobs.start(person.subject, order, revision=revision)

    def find(self, person: Person, preview_id: str) -> PreviewJob:
        """A preview of this person; leads that were erased since are left out. Raises PreviewNotFound."""
        job = self._jobs.find(person.subject, preview_id)
        if job is None:
            raise PreviewNotFound
        if job.result is None:
            return job
        sample = job.result["sample"]
        held = still_held(self._database, [one["lead_id"] for one in sample])
        left = [one for one in sample if one["lead_id"] in held]
        return replace(job, result={**job.result, "sample": left})

    def cancel(self, person: Person, preview_id: str) -> PreviewJob:
        """Stop it, unless it is over. Raises PreviewNotFound."""
        if self._jobs.cancel(person.subject, preview_id) is None:
            raise PreviewNotFound
        return self.find(person, preview_id)

    def close(self) -> None:
        """Stop all of them."""
        self._jobs.close()


_Editor = Annotated[Person, allowed(Permission.EDIT_DEFINITIONS)]
_PreviewId = Annotated[str, Path(description="Of the preview.", max_length=100)]


def preview_routes(previews: Previews, prefix: str) -> APIRouter:
    """The routes. `prefix`: of the API."""
    router = APIRouter()

    @router.post(
        "/models/preview",
        response_model=PreviewForm,
        status_code=202,
        summary="Preview a qualification model",
        operation_id="previewModel",
        openapi_extra=AS_WRITTEN,
    )
    def start(
        content: DefinitionBody,
        language: Wanted,
        person: _Editor,
        *,
        near: Annotated[
            float, Query(ge=0, allow_inf_nan=False, description="A score at most this far below a threshold is near.")
        ] = NEAR_POINTS,
        sample: Annotated[int, Query(ge=0, le=MOST_SAMPLED, description="How many qualifying leads to show.")] = SAMPLE,
        what_if: Annotated[
            list[Annotated[str, Query(max_length=LONGEST)]] | None,
            Query(
                description="Other thresholds of one criterion to try: a scoring model, `=`, and numbers.",
                examples=[["engagement=60,65,75"]],
            ),
        ] = None,
    ) -> Response:
        """Begin to count what the model would do if it were published now; nothing is published. One preview at a time:
        one of yours that still runs is cancelled.
        """
        model = read_model(content, language.wording)
        job = previews.start(person, model, near=near, sample=sample, what_if=_thresholds(what_if or ()))
        return answer(preview_form(job), status=202, headers={"Location": f"{prefix}/previews/{job.id}"})

    @router.get(
        "/previews/{preview_id}", response_model=PreviewForm, summary="Follow a preview", operation_id="showPreview"
    )
    def show(preview_id: _PreviewId, person: _Editor) -> Response:
        """How far it is, and its result once it is `done`."""
        return answer(preview_form(previews.find(person, preview_id)))

    @router.delete(
        "/previews/{preview_id}", response_model=PreviewForm, summary="Cancel a preview", operation_id="cancelPreview"
    )
    def cancel(preview_id: _PreviewId, person: _Editor) -> Response:
        """Stop it; one that is over stays as it is."""
        return answer(preview_form(previews.cancel(person, preview_id)))

    return router


def _thresholds(texts: Iterable[str]) -> Thresholds:
    try:
        return thresholds_in(texts)
    except NoThresholds:
        raise InvalidParameter(
            "must be a scoring model and numbers, such as engagement=60,65,70", parameter="what_if"
        ) from None


def preview_form(job: PreviewJob) -> PreviewForm:
    """A preview, as the API says it."""
    done: dict[str, Any] = {} if job.result is None else {"result": job.result}
    return PreviewForm(
        preview_id=job.id,
        qualification_model_id=str(job.order.definition["id"]),
        status=job.status,
        percent=job.percent,
        leads_read=job.read,
        problem=job.failure or None,
        **done,
    )
