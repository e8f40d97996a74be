"""The cookies by which a browser is known again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from starlette.responses import Response


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """No script reads it. `secure`: sent over TLS only, and set by no other host; `same_site`: see the factories."""

    name: str
    secure: bool
    same_site: Literal["lax", "strict"]

    @classmethod
    def by_link(cls, port: int) -> SessionCookie:
        """Where a link signs in. The port is in the name, because browsers send cookies to every port of a host."""
        return cls(f"lead-qualifier-{port}", secure=False, same_site="strict")

    @classmethod
    def by_provider(cls, port: int, *, secure: bool) -> SessionCookie:
        """Where a provider signs in: its page leads back here, and with `strict` the browser would keep the cookie."""
        return cls("__Host-lead-qualifier" if secure else f"lead-qualifier-{port}", secure=secure, same_site="lax")

    @property
    def attempt(self) -> str:
        """The name of the cookie that holds the secret of signing in."""
        return f"{self.name}-sign-in"

    def set(self, response: Response, value: str, *, seconds: int, name: str | None = None) -> None:
        """Let the browser keep a value. `name`: of another cookie than the session's."""
        response.set_cookie(
            name or self.name, value, max_age=seconds, httponly=True, secure=self.secure, samesite=self.same_site
        )

    def delete(self, response: Response, name: str | None = None) -> None:
        """Let the browser forget it."""
        response.delete_cookie(name or self.name, httponly=True, secure=self.secure, samesite=self.same_site)
