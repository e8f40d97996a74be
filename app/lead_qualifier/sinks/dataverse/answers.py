"""What an answer of Dataverse means for the event."""

from __future__ import annotations

import re
from datetime import datetime

import msgspec

from lead_qualifier.consumer import PermanentFailure
from lead_qualifier.http.client import Answer
from lead_qualifier.sinks.answers import raise_for_status
from lead_qualifier.sinks.errors import EndpointUnavailable

_CODE = re.compile(r"^0x[0-9a-fA-F]{1,8}$")
_REFUSED = "Dataverse refuses the update"


class _Error(msgspec.Struct):
    code: str = ""


class _Body(msgspec.Struct):
    error: _Error = msgspec.field(default_factory=_Error)


def check(answer: Answer, now: datetime) -> None:
    """Returns if Dataverse has done what was asked.

    412 concerns the version that was read: a caller that reads first must handle it before calling this.
    Raises RetryLater, PermanentFailure.
    """
    status, code = answer.status, _code(answer)
    reason = f"HTTP {status}{code}"
    if status == 401:
        raise EndpointUnavailable(
            None, f"{reason}: Dataverse refuses the token, make the app registration an application user"
        )
    if status == 404:
        raise PermanentFailure(f"{reason}: there is no such lead in Dataverse")
    if status == 410:  # about the row, not about all of Dataverse
        raise PermanentFailure(f"{reason}: {_REFUSED}")
    if status == 412:
        raise PermanentFailure(f"{reason}: the row does not exist, or nobody may update it like this")
    raise_for_status(answer, now, detail=code, redirected="set org to the environment's own address", refused=_REFUSED)


def _code(answer: Answer) -> str:
    """The error's code. Its text is left out, because it may contain data of the lead."""
    try:
        code = msgspec.json.decode(answer.body, type=_Body).error.code
    except (msgspec.DecodeError, ValueError, RecursionError):
        return ""
    return f" ({code})" if _CODE.fullmatch(code) else ""
