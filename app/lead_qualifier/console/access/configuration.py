"""Who gets in, as the settings say."""

from __future__ import annotations

from urllib.parse import urlsplit

from lead_qualifier.client.authorship import author_of_commands
from lead_qualifier.console.access.access import Access
from lead_qualifier.console.access.api_tokens import ApiTokens
from lead_qualifier.console.access.claims import RolesClaim, roles_by_value
from lead_qualifier.console.access.cookies import SessionCookie
from lead_qualifier.console.access.hosts import Hosts, in_url, is_loopback, name_in, origin_of
from lead_qualifier.console.access.link import OneTimeLink
from lead_qualifier.console.access.people import Person, user_of_this_machine
from lead_qualifier.console.access.provider import Provider
from lead_qualifier.console.access.sessions import SessionLimits, Sessions
from lead_qualifier.console.access.sign_in import SignIn
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.settings import Approval, InvalidSettings, Settings

CALLBACK = "/sign-in/callback"
"""Where the provider sends people back to."""


def access_of(settings: Settings, database: Database, *, port: int, key: str | None = None) -> Access:
    """`database`: of the sessions. `key`: of a link that was made already, which signs in whatever the settings say.

    Raises InvalidSettings.
    """
    sessions = Sessions(database, SessionLimits(settings.session_length, settings.session_idle))
    if key is not None or settings.oidc_issuer is None:
        return link_access(sessions, port=port, person=user_of_this_machine(author_of_commands(settings)), key=key)
    if settings.oidc_client_id is None:
        raise InvalidSettings("LEAD_QUALIFIER_OIDC_CLIENT_ID: needed with LEAD_QUALIFIER_OIDC_ISSUER")
    if "openid" not in settings.oidc_scopes.split():
        raise InvalidSettings(f"LEAD_QUALIFIER_OIDC_SCOPES: should contain openid (it is {settings.oidc_scopes!r})")
    _check_web_address("LEAD_QUALIFIER_OIDC_ISSUER", settings.oidc_issuer)
    settings.read_oidc_client_secret()  # else a file that is not there would show only when somebody signs in
    url = _url(settings, port)
    try:
        roles = RolesClaim(settings.oidc_roles_claim, roles_by_value(settings.oidc_roles))
    except ValueError as error:
        raise InvalidSettings(f"LEAD_QUALIFIER_OIDC_ROLES: {error}") from error
    provider = Provider(settings.oidc_issuer)
    audience = settings.oidc_audience
    return Access(
        hosts=Hosts(url),
        sessions=sessions,
        cookie=SessionCookie.by_provider(port, secure=url.startswith("https:")),
        sign_in=SignIn(
            provider,
            client_id=settings.oidc_client_id,
            client_secret=settings.read_oidc_client_secret,
            scope=settings.oidc_scopes,
            redirect_uri=url + CALLBACK,
            roles=roles,
        ),
        tokens=None if audience is None else ApiTokens(provider, audience=audience, roles=roles),
    )


def link_access(sessions: Sessions, *, port: int, person: Person, key: str | None = None) -> Access:
    """By a link, which signs in `person`. `key`: of a link that was made already."""
    return Access(
        hosts=Hosts(),
        sessions=sessions,
        cookie=SessionCookie.by_link(port),
        link=OneTimeLink(person, key),
    )


def check_access(settings: Settings) -> None:
    """Raises InvalidSettings if a setting requires OIDC and none is configured: a public address, or second-person
    approval.
    """
    if settings.approval is Approval.SECOND_PERSON and settings.oidc_issuer is None:
        raise InvalidSettings(
            "LEAD_QUALIFIER_APPROVAL: second-person needs people who sign in: set LEAD_QUALIFIER_OIDC_ISSUER"
        )
    host = settings.console_host
    if is_loopback(host):
        return
    if settings.oidc_issuer is None:
        raise InvalidSettings(
            f"LEAD_QUALIFIER_CONSOLE_HOST: should be a loopback address such as 127.0.0.1 (it is {host!r}), unless "
            "people sign in by OpenID Connect: set LEAD_QUALIFIER_OIDC_ISSUER, or forward the port from another "
            "machine: ssh -L 6070:127.0.0.1:6070 HOST"
        )
    if settings.console_url is None:
        raise InvalidSettings(
            f"LEAD_QUALIFIER_CONSOLE_URL: needed if the console listens on {host}: the address that people open, such "
            "as https://leads.example.com"
        )


def _url(settings: Settings, port: int) -> str:
    """The address that people open."""
    if settings.console_url is None:
        return f"http://{in_url(settings.console_host)}:{port}"
    _check_web_address("LEAD_QUALIFIER_CONSOLE_URL", settings.console_url)
    parts = urlsplit(settings.console_url)
    if parts.path not in {"", "/"} or parts.query or parts.fragment or "@" in parts.netloc:
        raise InvalidSettings(
            "LEAD_QUALIFIER_CONSOLE_URL: should be scheme, host and port only, such as https://leads.example.com "
            f"(it is {settings.console_url!r})"
        )
    return origin_of(settings.console_url)


def _check_web_address(variable: str, address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme == "https" and parts.netloc:
        return
    if parts.scheme != "http" or not is_loopback(name_in(parts.netloc)):
        raise InvalidSettings(f"{variable}: should begin with https:// (it is {address!r})")
