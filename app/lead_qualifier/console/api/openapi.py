"""The API's description, as OpenAPI 3.1."""

from __future__ import annotations

from typing import Any, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from lead_qualifier import __version__
from lead_qualifier.console.api.event_forms import EventsProblem
from lead_qualifier.console.api.forms import Problem
from lead_qualifier.console.api.problems import described
from lead_qualifier.console.api.resources import PREFIX, Resources, api_routes

TITLE = "lead-qualifier console"
_ABOUT = (
    "Leads, and why they are qualified or not; the models that qualify them, and who changed what. Everything that is "
    "read comes from a projection of Kafka's topics; `GET /api/v1/health` says how far it is behind. Changes are "
    "commands: they answer once a worker has decided them. Programs send an access token of the identity provider; a "
    "session's cookie does, too, with its `csrf_token` (`GET /api/v1/session`) in the header X-CSRF-Token of changes."
)
_PROBLEMS = {
    "400": "A parameter is wrong.",
    "401": "There is no session, or the token is not valid.",
    "403": "None of the person's roles allows it, or a change lacks the session's token.",
    "404": "There is nothing with this id.",
    "503": "The database does not answer, or too many streams are open; for a change also: Kafka does not answer, or "
    "does not allow it.",
}
_PROBLEMS_OF_CHANGES = {
    "409": "It was refused: `code` and `detail` say why.",
    "412": "It has changed since the revision that was expected.",
    "413": "It is too large.",
    "422": "It is not valid: see `problems`.",
    "504": "It was sent, but nothing has answered yet. It is carried out once a worker runs.",
}

_SECURITY = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "lead-qualifier-6070",
        "description": "The name ends with the port; where the console is opened over TLS, it is "
        "`__Host-lead-qualifier`.",
    },
    "token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token of the identity provider, for the audience of the console's API.",
    },
    "webhookKey": {"type": "apiKey", "in": "query", "name": "code"},
    "webhookHeader": {"type": "apiKey", "in": "header", "name": "X-Webhook-Key"},
}


class _NoResources:
    """In place of the resources: routes are described, and none of them is called."""

    def __getattr__(self, name: str) -> None:
        return None


def description() -> dict[str, Any]:
    """The OpenAPI document of the routes."""
    app = FastAPI(title=TITLE, version=__version__)
    app.include_router(api_routes(cast("Resources", _NoResources())))
    document = get_openapi(title=TITLE, version=__version__, description=_ABOUT, routes=app.routes)
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for problem in (Problem, EventsProblem):
        schema = problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= {**schema.pop("$defs", {}), problem.__name__: schema}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            operation["tags"] = [path.removeprefix(f"{PREFIX}/").split("/")[0]]  # the resource
            for parameter in operation.get("parameters", ()):
                _leave_out_null(parameter["schema"])
            if "application/json" in operation["responses"].get("422", {}).get("content", {}):
                del operation["responses"]["422"]  # FastAPI's own, in place of which there is 400
            _add_problems(operation, path, is_read=method == "get")
    document["components"]["securitySchemes"] = _SECURITY
    return document


def _leave_out_null(schema: dict[str, Any]) -> None:
    """A parameter is absent rather than null."""
    kinds = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(kinds) == 1:
        del schema["anyOf"]
        schema |= kinds[0]


def _add_problems(operation: dict[str, Any], path: str, *, is_read: bool) -> None:
    if path.endswith("/health"):
        health = {"schema": {"$ref": "#/components/schemas/Health"}}
        about = "The data is incomplete, or cannot be kept up to date."
        operation["responses"]["503"] = {"description": about, "content": {"application/json": health}}
        return
    operation.setdefault("security", [{"session": []}, {"token": []}])
    if "{lead_id}" in path:
        if is_read:
            operation["responses"]["304"] = {"description": "The client has it already (If-None-Match)."}
        operation["responses"]["500"] = described("What is stored about the lead cannot be read (`lead_unreadable`).")
    for status, about in (_PROBLEMS | ({} if is_read else _PROBLEMS_OF_CHANGES)).items():
        if status != "404" or "{" in path:
            operation["responses"].setdefault(status, described(about))
