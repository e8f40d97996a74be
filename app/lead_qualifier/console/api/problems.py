"""What goes wrong, as problems of RFC 9457."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Response
from fastapi.exceptions import RequestValidationError

from lead_qualifier.console.api.forms import Problem
from lead_qualifier.console.errors import ApiError

MEDIA_TYPE = "application/problem+json"


def of_error(error: ApiError) -> Problem:
    """What the API refuses."""
    return Problem(
        title=error.status.phrase,
        status=error.status,
        code=error.code,
        detail=str(error),
        parameter=error.parameter,
        problems=list(error.problems) or None,
    )


#: In place of the framework's words, which are about Python.
_SAID = {
    "json_invalid": "must be JSON",
    "missing": "is missing",
    "extra_forbidden": "is no field of this request: remove it, or correct its name",
    "model_attributes_type": "must be a JSON object, sent with Content-Type: application/json",
}


def of_validation(error: RequestValidationError) -> Problem:
    """The first parameter that is not of its form; its value is not repeated."""
    first = error.errors()[0]
    status = HTTPStatus.BAD_REQUEST
    return Problem(
        title=status.phrase,
        status=status,
        code="invalid_parameter",
        detail=_SAID.get(first["type"], str(first["msg"])),
        # Where the body is not JSON, the last part of the place is a number of characters.
        parameter="body" if first["type"] == "json_invalid" else str(first["loc"][-1]),
    )


_OF_ADDRESSES = {
    HTTPStatus.NOT_FOUND: "There is nothing at this address: GET /api/v1/openapi.json lists all that there are.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address does not take the method: the header Allow names those that it takes.",
}


def of_status(number: int) -> Problem:
    """What the framework refuses: an address or a method that is not there."""
    status = HTTPStatus(number)
    detail = _OF_ADDRESSES.get(status, f"{status.description}.")
    return Problem(title=status.phrase, status=status, code=status.name.lower(), detail=detail)


def answer(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """The response."""
    body = problem.model_dump_json(exclude_none=True)
    return Response(body, status_code=problem.status, media_type=MEDIA_TYPE, headers=headers)


def described(about: str, *, form: str = "Problem") -> dict[str, Any]:
    """What the API's document says of a status. `form`: the schema of the problem."""
    schema = {"$ref": f"#/components/schemas/{form}"}
    return {"description": about, "content": {MEDIA_TYPE: {"schema": schema}}}
