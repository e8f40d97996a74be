"""Base of what the console refuses, each with the code and the HTTP status of its problem."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any


class ApiError(Exception):
    """Base class; the message says what to do."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR
    code = "failed"
    headers: Mapping[str, str] = MappingProxyType({})
    """More headers of the answer."""
    problems: tuple[Any, ...] = ()
    """Everything that is wrong with a definition, as the API's form FieldProblem has it."""
    told: str | None = None
    """The message in the language of the request; None: it is in English only."""

    def __init__(self, message: str, *, parameter: str | None = None) -> None:
        self.parameter = parameter
        super().__init__(message)


class DatabaseAway(ApiError):
    """The database does not answer."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "database_unavailable"

    def __init__(self) -> None:
        super().__init__("The console's database does not answer: try again in a moment.")
