"""The settings that only the console reads."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from lead_qualifier.settings.form import CONFIG, Duration, InvalidSettings, reveal


class Approval(StrEnum):
    """Who may publish what somebody has written."""

    NONE = "none"
    SECOND_PERSON = "second-person"


class ConsoleSettings(BaseSettings):
    """The part of the settings that only the console reads."""

    model_config = CONFIG

    database_url: SecretStr | None = None
    """Database of the console, such as `postgresql://user:password@host/name`. Default: an SQLite file,
    `console.sqlite3` in the data folder. It holds nothing that cannot be read again from Kafka.
    """
    console_host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    """Address of this machine to serve the console on. Without `LEAD_QUALIFIER_OIDC_ISSUER`, only loopback addresses
    are accepted, because the person who opens the console's link is its only user.
    """
    console_port: Annotated[int, Field(ge=0, le=65535)] = 6070
    """Port of the console; `0` picks a free one."""
    console_url: str | None = None
    """The address at which people open the console, such as `https://leads.example.com`: scheme, host and port, without
    a path. The console answers to this name only, and the identity provider sends people back to
    `/sign-in/callback` there. Default, on a loopback address: `http://HOST:PORT`.
    """
    console_proxies: Annotated[str | None, Field(min_length=1)] = None
    """Addresses or networks of the proxies before the console, separated by commas: their `X-Forwarded-For` says who
    sends a request, for the limit on signing in. Default: headers of proxies are not trusted.
    """
    session_length: Duration = timedelta(hours=12)
    """How long somebody stays signed in to the console at most."""
    session_idle: Duration = timedelta(hours=1)
    """How long somebody stays signed in without using the console."""
    approval: Approval = Approval.NONE
    """`second-person`: in the console, the person who applied a definition last cannot publish it. The command line
    does not check this. It needs `LEAD_QUALIFIER_OIDC_ISSUER`.
    """
    oidc_issuer: Annotated[str | None, Field(min_length=1)] = None
    """The issuer of the OpenID Connect provider at which people sign in to the console, exactly as the provider writes
    it. Without it, the person who opens the console's link on this machine is its only user.
    """
    oidc_client_id: Annotated[str | None, Field(min_length=1)] = None
    """The console's client id at the provider."""
    oidc_client_secret: SecretStr | None = None
    """The console's client secret at the provider. Without a secret it is a public client (PKCE is used always)."""
    oidc_client_secret_file: Path | None = None
    """A file with the client secret, in place of the setting. It is read at each use, so the secret may change."""
    oidc_scopes: str = "openid profile"
    """The scopes that the console asks for, separated by spaces. `openid` is one of them."""
    oidc_roles_claim: Annotated[str, Field(min_length=1)] = "roles"
    """The claim with the roles, in the ID token (else in the answer of the userinfo endpoint) and in API tokens. `a.b`
    is `b` within `a`, such as Keycloak's `realm_access.roles`.
    """
    oidc_roles: str = ""
    """Which values of the claim give which role: `value=role`, separated by semicolons, with the roles `viewer`,
    `marketer`, `administrator` and `operator`. Default: the roles by their own names.
    """
    oidc_audience: Annotated[str | None, Field(min_length=1)] = None
    """The audience of API tokens: JWTs of the provider for this audience are accepted as bearer tokens. Without it,
    none are.
    """
    console_name_attributes: Annotated[str, Field(min_length=1)] = "name,first_name,last_name,company"
    """Attributes of a lead that are its name, separated by commas: the console shows them and finds leads by them. A
    change takes effect at the console's next start, which then reads all leads again.
    """
    dataverse_webhook_key: SecretStr | None = None
    """The key with which Dataverse calls the console's webhook: 32 random characters or more. Default: it takes none.
    """
    dataverse_mapping: Annotated[str, Field(min_length=1)] = "dynamics-365"
    """What the columns of Dataverse's table `lead` are: a map as `import` reads it, by its file or its ready name."""

    def read_oidc_client_secret(self) -> str | None:
        """The console's client secret, from its file if there is one. Raises InvalidSettings for a file that is not."""
        if self.oidc_client_secret_file is None:
            return reveal(self.oidc_client_secret)
        try:
            return self.oidc_client_secret_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidSettings(
                f"LEAD_QUALIFIER_OIDC_CLIENT_SECRET_FILE: cannot be read ({type(error).__name__})"
            ) from error
