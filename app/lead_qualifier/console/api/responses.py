"""Responses of the API: JSON, with an ETag where a client may have the answer already."""

from __future__ import annotations

import hashlib

from fastapi import Request, Response
from pydantic import BaseModel

from lead_qualifier.console.api.command_forms import CommandOutcome
from lead_qualifier.console.languages import Language

YAML = "application/yaml"


def answer(model: BaseModel, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """The model as JSON; fields that are None are left out."""
    body = model.model_dump_json(exclude_none=True)
    return Response(body, status_code=status, media_type="application/json", headers=headers)


def at_revision(response: Response, revision: int) -> Response:
    """The response with the revision as its ETag, for If-Match. Not used for 304 responses, because other fields can
    change without a new revision.
    """
    response.headers.update({"ETag": f'"{revision}"', "Vary": "Accept, Accept-Language, Cookie"})
    return response


def carried_out(outcome: CommandOutcome) -> Response:
    """The outcome of a command, with the revision after it as its ETag."""
    return at_revision(answer(outcome), outcome.revision)


def wants_yaml(request: Request) -> bool:
    """Whether the client asks for a definition as a file."""
    return "yaml" in request.headers.get("accept", "")


def yaml_text(text: str) -> Response:
    """A definition as a file."""
    return Response(text, media_type=YAML)


def in_language(language: Language) -> dict[str, str]:
    """The headers of an answer that is in a language."""
    return {"Content-Language": language.code, "Vary": "Accept-Language, Cookie"}


def tagged(model: BaseModel, request: Request, language: Language) -> Response:
    """With an ETag; 304 if the client has it already."""
    response = answer(model)
    tag = f'"{hashlib.sha256(bytes(response.body)).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", **in_language(language)}
    known = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    if tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return response
