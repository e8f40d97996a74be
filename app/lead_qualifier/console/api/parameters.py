"""Parameters that routes share. Their readers are async, without waiting: else each would take a thread."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import unquote

from fastapi import Depends, Path, Query, Request

from lead_qualifier.console.api.errors import InvalidParameter
from lead_qualifier.console.languages import Language, wanted
from lead_qualifier.messages.fields import Timestamp

LONGEST = 16_384
"""No id is longer than a record's key may be, and no server takes a longer URL."""


async def lead_id_in(
    lead_id: Annotated[str, Path(description="The lead's id, percent-encoded.", examples=["L-1001"])],
) -> str:
    """The id in the path. Raises InvalidParameter if it is not UTF-8."""
    return _decoded(lead_id, "lead_id")


async def model_id_in(
    model_id: Annotated[
        str, Path(description="The qualification model's id, percent-encoded.", examples=["enterprise"])
    ],
) -> str:
    """The id in the path. Raises InvalidParameter if it is not UTF-8."""
    return _decoded(model_id, "model_id")


async def scoring_model_id_in(
    scoring_model_id: Annotated[
        str, Path(description="The scoring model's id, percent-encoded.", examples=["engagement"])
    ],
) -> str:
    """The id in the path. Raises InvalidParameter if it is not UTF-8."""
    return _decoded(scoring_model_id, "scoring_model_id")


async def definition_id_in(
    definition_id: Annotated[str, Path(description="The definition's id, percent-encoded.", examples=["react-fast"])],
) -> str:
    """The id in the path. Raises InvalidParameter if it is not UTF-8."""
    return _decoded(definition_id, "definition_id")


async def dead_letter_id_in(
    dead_letter_id: Annotated[
        str, Path(description="The dead letter's id, percent-encoded.", examples=["lead-dead-letters:3:17"])
    ],
) -> str:
    """The id in the path. Raises InvalidParameter if it is not UTF-8."""
    return _decoded(dead_letter_id, "dead_letter_id")


def _decoded(text: str, parameter: str) -> str:
    """An id that is percent-encoded in a path. Raises InvalidParameter if it is not UTF-8."""
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError as error:
        raise InvalidParameter("must be UTF-8, percent-encoded", parameter=parameter) from error


async def language_in(request: Request) -> Language:
    """The language of sentences, by the header Accept-Language."""
    return wanted(request.headers.get("accept-language", ""))


DeadLetterId = Annotated[str, Depends(dead_letter_id_in)]
LeadId = Annotated[str, Depends(lead_id_in)]
ModelId = Annotated[str, Depends(model_id_in)]
DefinitionId = Annotated[str, Depends(definition_id_in)]
ScoringModelId = Annotated[str, Depends(scoring_model_id_in)]
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
