"""What the API refuses, each with the code and the HTTP status of its problem."""

from __future__ import annotations

from http import HTTPStatus


class ApiError(Exception):
    """Base class; the message says what to do."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR
    code = "failed"

    def __init__(self, message: str, *, parameter: str | None = None) -> None:
        self.parameter = parameter
        super().__init__(message)


class LeadNotFound(ApiError):
    """Nothing is held about the lead."""

    status = HTTPStatus.NOT_FOUND
    code = "lead_not_found"

    def __init__(self) -> None:
        super().__init__("No lead with this id is held: it was never seen, or it was erased.")


class InvalidParameter(ApiError):
    """A parameter cannot be understood."""

    status = HTTPStatus.BAD_REQUEST
    code = "invalid_parameter"


class LeadUnreadable(ApiError):
    """What is stored about the lead cannot be read."""

    code = "lead_unreadable"


class NotSignedIn(ApiError):
    """There is no session."""

    status = HTTPStatus.UNAUTHORIZED
    code = "not_signed_in"

    def __init__(self) -> None:
        super().__init__("There is no session: open the link that the console printed when it started.")


class DatabaseAway(ApiError):
    """The database does not answer."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "database_unavailable"

    def __init__(self) -> None:
        super().__init__("The console's database does not answer: try again in a moment.")


class ForeignHost(ApiError):
    """The request names a host that is not this machine."""

    status = HTTPStatus.MISDIRECTED_REQUEST
    code = "foreign_host"

    def __init__(self) -> None:
        super().__init__(
            "The console answers only to the names 127.0.0.1 and localhost: open the link that it printed."
        )
