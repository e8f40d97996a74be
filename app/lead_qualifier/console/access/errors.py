"""Why a request is refused before, or instead of, what it asks for."""

from __future__ import annotations

from http import HTTPStatus

from lead_qualifier.console.errors import ApiError


class NotSignedIn(ApiError):
    """There is no session."""

    status = HTTPStatus.UNAUTHORIZED
    code = "not_signed_in"

    def __init__(self, *, by_link: bool = False) -> None:
        """`by_link`: whether a link signs in, rather than a provider."""
        self.headers = {} if by_link else {"WWW-Authenticate": "Bearer"}
        super().__init__(
            "There is no session: open the link that the console printed when it started."
            if by_link
            else "There is no session: sign in at /sign-in, or send an API token of your identity provider."
        )


class NotAllowed(ApiError):
    """None of the person's roles allows it."""

    status = HTTPStatus.FORBIDDEN
    code = "not_allowed"


class NoRole(ApiError):
    """The provider knows the person, and gives no role that the console knows."""

    status = HTTPStatus.FORBIDDEN
    code = "no_role"

    def __init__(self) -> None:
        super().__init__("You have no role here: ask the person who assigns the roles of the console.")


class SignInFailed(ApiError):
    """What came back from the provider is not what was asked for."""

    status = HTTPStatus.BAD_REQUEST
    code = "sign_in_failed"

    def __init__(self) -> None:
        super().__init__("Signing in failed: begin again at /sign-in. The console's log says why.")


class ProviderAway(ApiError):
    """The identity provider does not answer, or not as it should."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "provider_unavailable"

    def __init__(self) -> None:
        super().__init__("The identity provider does not answer as it should: try again in a moment.")


class InvalidToken(ApiError):
    """An API token is not the provider's, not for this API, or has expired."""

    status = HTTPStatus.UNAUTHORIZED
    code = "invalid_token"

    def __init__(self) -> None:
        self.headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        super().__init__("The token is not valid for this API, or has expired: get a new one.")


class TokensNotAccepted(ApiError):
    """An API token came, and the console takes none."""

    status = HTTPStatus.UNAUTHORIZED
    code = "tokens_not_accepted"

    def __init__(self) -> None:
        super().__init__("The console accepts no API tokens: set LEAD_QUALIFIER_OIDC_AUDIENCE, or use a session.")


class TooManyAttempts(ApiError):
    """Somebody tries too often to sign in."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "too_many_attempts"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"There were too many attempts to sign in: try again in {seconds} seconds.")
        self.headers = {"Retry-After": str(seconds)}


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

    def __init__(self, url: str | None) -> None:
        """`url`: the address of the console; None: any name of this machine."""
        super().__init__(
            "The console answers only to the names 127.0.0.1 and localhost: open the link that it printed."
            if url is None
            else f"The console answers only at {url} (LEAD_QUALIFIER_CONSOLE_URL)."
        )


class FormTooLarge(ApiError):
    """A form is larger than the console reads."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "form_too_large"
