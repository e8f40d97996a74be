"""Orders that are sent by a form with one button."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Form, Request

from lead_qualifier.console.access.people import Permission, Person
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.api.orders import Order
from lead_qualifier.console.pages.rendering import language_of


def sent_order(permission: Permission) -> Any:
    """What a route's parameter depends on, to get the order of a person who has the permission, from the form's fields.

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
