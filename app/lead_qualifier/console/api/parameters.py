"""Parameters that routes share. Their readers are async although none waits: FastAPI runs others in a thread."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import Depends, Path, Query, Request

from lead_qualifier.console.api.errors import InvalidParameter
from lead_qualifier.console.languages import Language, wanted
from lead_qualifier.messages.fields import Timestamp

LONGEST = 16_384
"""No id is longer than a record's key may be, and no server takes a longer URL."""


def _id_in_path(name: str, of_what: str, example: str) -> Any:
    """What a route's parameter depends on, to get the id that its path has under this name.

    The route raises InvalidParameter if the id is not UTF-8.
    """
    place = Path(alias=name, description=f"{of_what} id, percent-encoded.", examples=[example])

    async def decoded(text: str = place) -> str:
        try:
            return unquote(text, errors="strict")
        except UnicodeDecodeError as error:
            raise InvalidParameter("must be UTF-8, percent-encoded", parameter=name) from error

    return Depends(decoded)


async def language_in(request: Request) -> Language:
    """The language of sentences, by the header Accept-Language."""
    return wanted(request.headers.get("accept-language", ""))


DeadLetterId = Annotated[str, _id_in_path("dead_letter_id", "The dead letter's", "lead-dead-letters:3:17")]
DefinitionId = Annotated[str, _id_in_path("definition_id", "The definition's", "react-fast")]
LeadId = Annotated[str, _id_in_path("lead_id", "The lead's", "L-1001")]
ModelId = Annotated[str, _id_in_path("model_id", "The qualification model's", "enterprise")]
ScoringModelId = Annotated[str, _id_in_path("scoring_model_id", "The scoring model's", "engagement")]
Since = Annotated[
    Timestamp | None,
    Query(
        description="Only qualifications written at this time (RFC 3339, with a zone) or later.",
        examples=["2026-11-23T00:00:00Z"],
    ),
]
Cursor = Annotated[
    str | None,
    Query(
        # Twice as long as an id: it is encoded twice.
        max_length=2 * LONGEST,
        description="`next_cursor` of a page, for the one after it.",
        json_schema_extra={"pattern": "^[A-Za-z0-9_-]+$"},
    ),
]
Wanted = Annotated[Language, Depends(language_in)]
