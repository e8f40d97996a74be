"""What commands take from a request: who orders them, the revision that is expected, an id that makes them one."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from fastapi import Depends, Header, Request

from lead_qualifier.console.access.people import Permission, Person
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.api.bodies import beginning_of
from lead_qualifier.console.api.errors import InvalidParameter
from lead_qualifier.console.api.orders import Order
from lead_qualifier.console.api.parameters import Wanted

_REVISION = re.compile(r'(?:W/)?"([0-9]{1,18})"|([0-9]{1,18})')
_LONGEST_KEY = 200
#: More than a definition may have.
_MOST_BYTES = 1 << 20


async def expected_revision_in(
    if_match: Annotated[
        str | None,
        Header(
            description="The `ETag` of what was changed: its revision. If it has changed since, the answer is 412. "
            "Absent or `*`: whatever its revision is.",
            examples=['"17"'],
            json_schema_extra={"pattern": rf"^(\*|{_REVISION.pattern})$"},
        ),
    ] = None,
    if_none_match: Annotated[
        Literal["*"] | None,
        Header(description="Only if there is none yet; otherwise the answer is 412.", examples=["*"]),
    ] = None,
) -> int | None:
    """The revision that a command expects; None: any. Raises InvalidParameter."""
    found = None
    if if_match is not None and if_match != "*":
        found = _REVISION.fullmatch(if_match.strip())
        if found is None:
            raise InvalidParameter('must be one ETag of a revision, such as "17"', parameter="If-Match")
    if if_none_match is not None:
        return 0
    return None if found is None else int(found[1] or found[2])


async def command_id_in(
    idempotency_key: Annotated[
        str | None,
        Header(
            max_length=_LONGEST_KEY,
            description="The command's id: sending it again with the same id changes nothing, and has the same outcome."
            " Absent: a new one.",
            examples=["0d5c9a0e-5b0e-4b55-9d1c-6e1f8f9a3c11"],
        ),
    ] = None,
) -> str | None:
    """The id that the command has; None: a new one."""
    return idempotency_key or None


async def body_in(request: Request) -> bytes:
    """The body, as far as it is read: what is longer than a definition may be is refused by its reader."""
    return await beginning_of(request, _MOST_BYTES)


def as_written(what: str, example: dict[str, Any]) -> dict[str, Any]:
    """What the API's document says of such a body: for a route's `openapi_extra`."""
    content = {"schema": {"type": "object", "additionalProperties": True}, "example": example}
    return {
        "requestBody": {
            "required": True,
            "description": f"The {what} as people write it, in YAML or JSON; {_MOST_BYTES >> 20} MiB at most.",
            "content": {"application/yaml": content, "application/json": content},
        }
    }


def ordered(permission: Permission) -> Any:
    """What a route's parameter depends on, to get the order of a person who has the permission.

    The route raises NotSignedIn and NotAllowed.
    """

    async def order(
        language: Wanted,
        expected_revision: Annotated[int | None, Depends(expected_revision_in)],
        command_id: Annotated[str | None, Depends(command_id_in)],
        person: Person = allowed(permission),  # noqa: B008  FastAPI reads it; in an annotation it would not find `permission`
    ) -> Order:
        return Order(
            issued_by=person.issued_by,
            wording=language.wording,
            expected_revision=expected_revision,
            command_id=command_id,
        )

    return Depends(order)


DefinitionBody = Annotated[bytes, Depends(body_in)]
