"""The routes about definitions of downstream services."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from lead_qualifier.console.access.people import Permission
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.api.command_forms import CommandOutcome
from lead_qualifier.console.api.command_parameters import DefinitionBody, as_written, ordered
from lead_qualifier.console.api.definition_forms import (
    DefinitionDetails,
    DefinitionHistory,
    DefinitionList,
    KindName,
)
from lead_qualifier.console.api.definitions import Definitions
from lead_qualifier.console.api.orders import Order
from lead_qualifier.console.api.parameters import DefinitionId, Wanted
from lead_qualifier.console.api.responses import answer, at_revision, carried_out

_AS_WRITTEN = as_written("definition", {"id": "react-fast", "stages": [{"on": "lead-assigned", "within": "4h"}]})
Ordered = Annotated[Order, ordered(Permission.EDIT_DEFINITIONS)]


def definition_routes(definitions: Definitions) -> APIRouter:
    """All of them."""
    router = APIRouter(prefix="/definitions/{kind}", dependencies=[allowed(Permission.VIEW)])

    @router.get(
        "",
        response_model=DefinitionList,
        summary="List definitions",
        operation_id="listDefinitions",
    )
    def find(kind: KindName) -> Response:
        """All of a kind, by id."""
        return answer(definitions.all(kind))

    @router.get(
        "/{definition_id}",
        response_model=DefinitionDetails,
        summary="Show a definition",
        operation_id="showDefinition",
    )
    def show(kind: KindName, definition_id: DefinitionId, language: Wanted) -> Response:
        """Its status and its content. The ETag is the revision."""
        found = definitions.show(kind, definition_id, language.wording)
        return at_revision(answer(found), found.revision)

    @router.get(
        "/{definition_id}/history",
        response_model=DefinitionHistory,
        summary="Show a definition's versions",
        operation_id="showDefinitionHistory",
    )
    def history(kind: KindName, definition_id: DefinitionId, language: Wanted) -> Response:
        """Each with who published it and when, and how it ended."""
        return answer(definitions.history(kind, definition_id, language.wording))

    @router.put(
        "/{definition_id}",
        response_model=CommandOutcome,
        summary="Apply a definition",
        operation_id="applyDefinition",
        openapi_extra=_AS_WRITTEN,
    )
    def apply(
        kind: KindName,
        definition_id: DefinitionId,
        text: DefinitionBody,
        order: Ordered,
        draft: Annotated[bool, Query(description="Keep it as a draft beside the live version.")] = False,
    ) -> Response:
        """Create it, or replace its draft, by a text in YAML or JSON. It runs once published."""
        return carried_out(definitions.apply(kind, order, text, definition_id=definition_id, draft=draft))

    @router.post(
        "/{definition_id}/publish",
        response_model=CommandOutcome,
        summary="Publish a definition",
        operation_id="publishDefinition",
    )
    def publish(
        kind: KindName,
        definition_id: DefinitionId,
        order: Ordered,
        replace: Annotated[bool, Query(description="Replace the live version by its draft, in one step.")] = False,
    ) -> Response:
        """Let it run as its next version."""
        return carried_out(definitions.move(kind, order, "publish", definition_id, replace=replace))

    @router.post(
        "/{definition_id}/stop",
        response_model=CommandOutcome,
        summary="Stop a definition",
        operation_id="stopDefinition",
    )
    def stop(kind: KindName, definition_id: DefinitionId, order: Ordered) -> Response:
        """It no longer runs."""
        return carried_out(definitions.move(kind, order, "stop", definition_id))

    @router.delete(
        "/{definition_id}",
        response_model=CommandOutcome,
        summary="Delete a definition",
        operation_id="deleteDefinition",
    )
    def delete(kind: KindName, definition_id: DefinitionId, order: Ordered) -> Response:
        """Only one that is not live. Its versions stay in the history."""
        return carried_out(definitions.move(kind, order, "delete", definition_id))

    return router
