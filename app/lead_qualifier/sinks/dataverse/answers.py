"""What an answer of Dataverse means for the event."""

from __future__ import annotations

import re
from datetime import datetime

import msgspec

from lead_qualifier.sinks.answers import Again, Answer, Done, Never, Verdict
from lead_qualifier.sinks.retry_after import retry_after

_CODE = re.compile(r"^0x[0-9a-fA-F]{1,8}$")


class _Error(msgspec.Struct):
    code: str = ""


class _Body(msgspec.Struct):
    error: _Error = msgspec.field(default_factory=_Error)


def judge(answer: Answer, now: datetime) -> Verdict:
    """Of an update. 412 is about the version that was read: who reads first reads again instead of asking here."""
    status, said = answer.status, code_of(answer)
    wait = retry_after(answer.headers.get("retry-after"), now)
    if 200 <= status < 300:
        return Done()
    if 300 <= status < 400:
        return Again(f"HTTP {status}: redirects are not followed, set org to the environment's own address")
    if status == 401:
        return Again(f"HTTP 401{said}: Dataverse refuses the token, make the app registration an application user")
    if status == 404:
        return Never(f"HTTP 404{said}: there is no such lead in Dataverse")
    if status == 412:
        return Never(f"HTTP 412{said}: the row is not there, or nobody may update it so")
    if status == 429:
        return Again(f"HTTP 429{said}: too many requests", wait, fault=False, busy=True)
    if status in {408, 409, 425}:
        return Again(f"HTTP {status}{said}", wait, fault=status == 408)
    if 400 <= status < 500:
        return Never(f"HTTP {status}{said}: Dataverse refuses the update")
    return Again(f"HTTP {status}{said}", wait)


def code_of(answer: Answer) -> str:
    """The error's code for a message; its text may hold data of the lead."""
    try:
        code = msgspec.json.decode(answer.body, type=_Body).error.code
    except (msgspec.DecodeError, ValueError, RecursionError):
        return ""
    return f" ({code})" if _CODE.fullmatch(code) else ""
