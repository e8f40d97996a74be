"""Orders that are sent by a form with one button."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Form, Request

from lead_qualifier.console.access.people import Permission, Person
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.api.orders import Order
from lead_qualifier.console.pages.rendering import language_of


def sent_order(permission: Permission) -> Any:
    """For a parameter of a route: the order in the form's fields, issued by a person who has the permission.

    The route raises NotSignedIn and NotAllowed.
    """

    def order(
        request: Request,
        revision: Annotated[int, Form()],
        command_id: Annotated[str, Form()],
        person: Person = allowed(permission),  # noqa: B008  FastAPI reads it; in an annotation it would not find `permission`
    ) -> Order:
        return Order(
            issued_by=person.issued_by,
            wording=language_of(request).wording,
            expected_revision=revision,
            command_id=command_id,
        )

    return Depends(order)
