"""What the API refuses, each with the code and the HTTP status of its problem."""

from __future__ import annotations

from http import HTTPStatus

from lead_qualifier.console.errors import ApiError


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

    def __init__(self) -> None:
        super().__init__(
            "What is stored about this lead cannot be read: its events become dead letters. Once the CRM erases the "
            "lead, they can be sent back."
        )


class TooManyStreamsOfPerson(ApiError):
    """One person follows as many streams as a process serves to one."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "too_many_streams_of_person"

    def __init__(self, most: int) -> None:
        super().__init__(
            f"You follow {most} streams already, the most for one person: close pages that you do not look at, or let "
            "programs share a stream."
        )


class TooManyStreams(ApiError):
    """As many streams are open as this process serves."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "too_many_streams"

    def __init__(self) -> None:
        super().__init__("Too many streams are open: close pages that you do not look at, and try again in a moment.")
