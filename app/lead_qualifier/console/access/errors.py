"""Why a request is refused before, or instead of, what it asks for."""

from __future__ import annotations

from http import HTTPStatus

from lead_qualifier.console.errors import ApiError


class NotSignedIn(ApiError):
    """There is no session."""

    status = HTTPStatus.UNAUTHORIZED
    code = "not_signed_in"

    def __init__(self) -> None:
        super().__init__("There is no session: open the link that the console printed when it started.")


class NotAllowed(ApiError):
    """None of the person's roles allows it."""

    status = HTTPStatus.FORBIDDEN
    code = "not_allowed"


class WrongCsrfToken(ApiError):
    """A change came without the token of the session."""

    status = HTTPStatus.FORBIDDEN
    code = "wrong_csrf_token"

    def __init__(self) -> None:
        super().__init__(
            "The request lacks the session's token: reload the page and send it again. Programs send `csrf_token` of "
            "GET /api/v1/session in the header X-CSRF-Token."
        )


class ForeignOrigin(ApiError):
    """Another site's page sent the request."""

    status = HTTPStatus.FORBIDDEN
    code = "foreign_origin"

    def __init__(self) -> None:
        super().__init__("A page of another site sent this: the console takes changes from its own pages only.")


class ForeignHost(ApiError):
    """The request names a host that is not this console."""

    status = HTTPStatus.MISDIRECTED_REQUEST
    code = "foreign_host"

    def __init__(self) -> None:
        super().__init__(
            "The console answers only to the names 127.0.0.1 and localhost: open the link that it printed."
        )


class FormTooLarge(ApiError):
    """A form is larger than the console reads."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "form_too_large"
