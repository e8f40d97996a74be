"""Parameters that routes share."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import unquote

from fastapi import Depends, Path, Request

from lead_qualifier.console.api.errors import InvalidParameter
from lead_qualifier.console.languages import Language, wanted

LONGEST = 16_384
"""No id is longer than a record's key may be, and no server takes a longer URL."""


def lead_id_in(
    lead_id: Annotated[str, Path(description="The lead's id, percent-encoded.", examples=["L-1001"])],
) -> str:
    """The id in the path. Raises InvalidParameter if it is not UTF-8."""
    try:
        return unquote(lead_id, errors="strict")
    except UnicodeDecodeError as error:
        raise InvalidParameter("must be UTF-8, percent-encoded", parameter="lead_id") from error


def language_in(request: Request) -> Language:
    """The language of sentences, by the header Accept-Language."""
    return wanted(request.headers.get("accept-language", ""))


LeadId = Annotated[str, Depends(lead_id_in)]
Wanted = Annotated[Language, Depends(language_in)]
