"""The route that Dataverse's webhook calls."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from lead_qualifier.console.api import problems
from lead_qualifier.console.api.bodies import body_of
from lead_qualifier.console.api.dataverse import MOST_BYTES, ContextTooLarge, Dataverse
from lead_qualifier.console.api.event_forms import EventsAccepted
from lead_qualifier.console.api.event_routes import refusal
from lead_qualifier.console.api.responses import answer
from lead_qualifier.console.errors import ApiError

PATH = "/inbound/dataverse"

_EXAMPLE: dict[str, Any] = {
    "MessageName": "Update",
    "PrimaryEntityName": "lead",
    "PrimaryEntityId": "6d81597f-0f9f-e711-8122-000d3aa2331c",
    "OperationCreatedOn": "/Date(1795426200000)/",
    "InputParameters": [
        {
            "key": "Target",
            "value": {
                "__type": "Entity:http://schemas.microsoft.com/xrm/2011/Contracts",
                "LogicalName": "lead",
                "Id": "6d81597f-0f9f-e711-8122-000d3aa2331c",
                "Attributes": [
                    {
                        "key": "statuscode",
                        "value": {
                            "__type": "OptionSetValue:http://schemas.microsoft.com/xrm/2011/Contracts",
                            "Value": 2,
                        },
                    },
                    {"key": "modifiedon", "value": "/Date(1795426200000)/"},
                ],
            },
        }
    ],
}
_BODY = {"required": True, "content": {"application/json": {"schema": {"type": "object"}, "example": _EXAMPLE}}}


def dataverse_routes(dataverse: Dataverse) -> APIRouter:
    """It."""
    router = APIRouter()

    @router.post(
        PATH,
        response_model=EventsAccepted,
        status_code=202,
        summary="Take a lead's change from Dataverse",
        operation_id="takeDataverseContext",
        responses={
            404: problems.described("This console takes no webhooks."),
            413: problems.described("Dataverse has left out what changed."),
            422: problems.described("The context cannot be converted."),
            503: problems.described("The broker does not have every event.", form="EventsProblem"),
        },
        openapi_extra={"requestBody": _BODY, "security": [{"webhookKey": []}, {"webhookHeader": []}]},
    )
    async def accept(
        request: Request,
        code: Annotated[str | None, Query(max_length=1000, description="The webhook's key.")] = None,
        x_webhook_key: Annotated[str | None, Header(max_length=1000, description="The webhook's key.")] = None,
    ) -> Response:
        """The execution context (RemoteExecutionContext) of a step on the table lead: Create, Update, Assign,
        SetState, Merge or Delete. It becomes `lead-changed`, `lead-merged` or an erasure by the mapping. Without
        columns that the mapping names, there are no events.
        """
        try:
            dataverse.check_key(code, x_webhook_key)
            body = await body_of(request, MOST_BYTES, ContextTooLarge)
            accepted = await run_in_threadpool(dataverse.accept, dict(request.headers), body)
        except ApiError as error:
            return refusal(error)
        return answer(accepted, status=202)

    return router
