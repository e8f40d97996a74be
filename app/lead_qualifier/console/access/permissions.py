"""The dependency by which a route says what it takes to call it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request

from lead_qualifier.console.access.errors import NotAllowed, NotSignedIn
from lead_qualifier.console.access.people import PERMISSIONS, Permission, Person
from lead_qualifier.console.access.sessions import Session

_STATE = "console_session"


def keep_session(scope: Any, session: Session) -> None:
    """Let the routes of this request see who is signed in."""
    scope.setdefault("state", {})[_STATE] = session


def session_of(request: Request) -> Session | None:
    """Who is signed in; None where the path needs no session and there is none."""
    session = getattr(request.state, _STATE, None)
    return session if isinstance(session, Session) else None


async def signed_in(request: Request) -> Session:
    """Who is signed in. Raises NotSignedIn."""
    session = session_of(request)
    if session is None:
        raise NotSignedIn
    return session


def allowed(permission: Permission) -> Any:
    """What a route's parameter depends on, to get the person who has the permission.

    Such as `person: Annotated[Person, allowed(Permission.VIEW)]`. The route raises NotSignedIn and NotAllowed.
    """

    async def person(session: SignedIn) -> Person:
        check(session.person, permission)
        return session.person

    return Depends(person)


def check(person: Person, permission: Permission, what: str = "This") -> None:
    """Raises NotAllowed, which says that `what` takes a role that has the permission."""
    if not person.may(permission):
        roles = " or ".join(role for role, permissions in PERMISSIONS.items() if permission in permissions)
        raise NotAllowed(f"{what} takes the role {roles}: ask an administrator of your identity provider for it.")


SignedIn = Annotated[Session, Depends(signed_in)]
