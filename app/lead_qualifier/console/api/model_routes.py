"""The routes about qualification models."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from lead_qualifier.console.access.people import Permission
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.api.command_forms import CommandOutcome
from lead_qualifier.console.api.command_parameters import DefinitionBody, as_written, ordered
from lead_qualifier.console.api.model_commands import ModelCommands
from lead_qualifier.console.api.model_forms import (
    Foreseen,
    ModelDetails,
    ModelDiff,
    ModelDraft,
    ModelHistory,
    ModelList,
)
from lead_qualifier.console.api.models import DRAFT, ForeseenCommand, Models, model_text
from lead_qualifier.console.api.orders import Order
from lead_qualifier.console.api.parameters import ModelId, Wanted
from lead_qualifier.console.api.responses import answer, at_revision, carried_out, wants_yaml, yaml_text

_Ordered = Annotated[Order, ordered(Permission.EDIT_DEFINITIONS)]
AS_WRITTEN = as_written(
    "model",
    {
        "id": "enterprise",
        "match": "all",
        "criteria": [{"scoring_model": "engagement", "threshold": 70}],
        "actions": {"status_reason": "marketing_qualified"},
    },
)


def model_routes(models: Models, commands: ModelCommands) -> APIRouter:
    """All of them."""
    router = APIRouter(dependencies=[allowed(Permission.VIEW)])

    @router.get("/models", response_model=ModelList, summary="List qualification models", operation_id="listModels")
    def list_models(language: Wanted) -> Response:
        """Every model that is not deleted, by id."""
        return answer(models.all(language.wording))

    @router.get(
        "/models/{model_id}",
        response_model=ModelDetails,
        summary="Show a qualification model",
        operation_id="showModel",
    )
    def show(model_id: ModelId, language: Wanted, request: Request) -> Response:
        """Status, definition and draft. With `Accept: application/yaml` its definition, as a file to edit and apply."""
        shown = models.show(model_id, language.wording)
        if wants_yaml(request):
            return at_revision(yaml_text(model_text(shown.definition)), shown.revision)
        return at_revision(answer(shown), shown.revision)

    @router.put(
        "/models/{model_id}",
        response_model=CommandOutcome,
        summary="Apply a qualification model",
        operation_id="applyModel",
        openapi_extra=AS_WRITTEN,
    )
    def apply(
        model_id: ModelId,
        content: DefinitionBody,
        order: _Ordered,
        draft: Annotated[bool, Query(description="Keep it as a draft next to the live version.")] = False,
    ) -> Response:
        """Create a model, or replace its draft. It runs once published."""
        return carried_out(commands.apply(order, content, model_id=model_id, draft=draft))

    @router.get(
        "/models/{model_id}/draft",
        response_model=ModelDraft,
        summary="Show the draft of a qualification model",
        operation_id="showModelDraft",
    )
    def draft(model_id: ModelId, request: Request) -> Response:
        """What the next publish makes live, as people write it. With `Accept: application/yaml` as a file."""
        found = models.draft(model_id)
        shown = yaml_text(model_text(found.definition)) if wants_yaml(request) else answer(found)
        return at_revision(shown, found.revision)

    @router.get(
        "/models/{model_id}/foreseen",
        response_model=Foreseen,
        summary="Foresee a command on a qualification model",
        operation_id="foreseeModelCommand",
    )
    def foresee(
        model_id: ModelId,
        language: Wanted,
        command: Annotated[ForeseenCommand, Query(description="`replace`: a publish that replaces the live version.")],
    ) -> Response:
        """What would become of the command if it were sent now, by the rules that workers decide by."""
        return answer(models.foresee(model_id, command, language.wording))

    @router.post(
        "/models/{model_id}/publish",
        response_model=CommandOutcome,
        summary="Publish a qualification model",
        operation_id="publishModel",
    )
    def publish(
        model_id: ModelId,
        order: _Ordered,
        replace: Annotated[bool, Query(description="Replace the live version by its draft, without a gap.")] = False,
    ) -> Response:
        """Let it qualify leads as its next version. Existing leads are evaluated, unless the model says otherwise."""
        return carried_out(commands.move(order, "publish", model_id, replace=replace))

    @router.post(
        "/models/{model_id}/stop",
        response_model=CommandOutcome,
        summary="Stop a qualification model",
        operation_id="stopModel",
    )
    def stop(
        model_id: ModelId,
        order: _Ordered,
    ) -> Response:
        """It qualifies no more leads. Those that it qualified stay qualified."""
        return carried_out(commands.move(order, "stop", model_id))

    @router.delete(
        "/models/{model_id}",
        response_model=CommandOutcome,
        summary="Delete a qualification model",
        operation_id="deleteModel",
    )
    def delete(
        model_id: ModelId,
        order: _Ordered,
    ) -> Response:
        """Leads that it qualified stay qualified, even to a new model with the same id. A live model refuses."""
        return carried_out(commands.move(order, "delete", model_id))

    @router.post(
        "/models/{model_id}/shadow",
        response_model=CommandOutcome,
        summary="Run the draft of a live qualification model in shadow, or stop that",
        operation_id="shadowModel",
    )
    def shadow(
        model_id: ModelId,
        order: _Ordered,
        enabled: Annotated[bool, Query(description="false: stop it.")] = True,
    ) -> Response:
        """In shadow, workers count what the draft would do differently, without any effect."""
        return carried_out(commands.shadow(order, model_id, on=enabled))

    @router.get(
        "/models/{model_id}/history",
        response_model=ModelHistory,
        summary="List the published versions of a qualification model",
        operation_id="listModelVersions",
    )
    def history(model_id: ModelId, language: Wanted) -> Response:
        """Each with when and by whom it was published, and how long it ran; of deleted models, too."""
        return answer(models.history(model_id, language.wording))

    @router.get(
        "/models/{model_id}/diff",
        response_model=ModelDiff,
        summary="Compare two versions of a qualification model",
        operation_id="compareModelVersions",
    )
    def diff(
        model_id: ModelId,
        before: Annotated[
            str, Query(max_length=20, description="The number of a version, or `draft`.", examples=["2"])
        ],
        after: Annotated[
            str, Query(max_length=20, description="The number of the other version, or `draft`.", examples=["3"])
        ] = DRAFT,
    ) -> Response:
        """Field by field, and as the lines of both."""
        return answer(models.diff(model_id, before, after))

    return router
