"""Base of what the console refuses, each with the code and the HTTP status of its problem."""

from __future__ import annotations

from http import HTTPStatus


class ApiError(Exception):
    """Base class; the message says what to do."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR
    code = "failed"

    def __init__(self, message: str, *, parameter: str | None = None) -> None:
        self.parameter = parameter
        super().__init__(message)
