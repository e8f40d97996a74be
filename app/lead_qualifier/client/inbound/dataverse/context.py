"""The execution context that Dataverse posts to a webhook: what happened to which row, and the columns that changed.

https://learn.microsoft.com/en-us/power-apps/developer/data-platform/use-webhooks
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from lead_qualifier.messages.errors import BadMessage, BadMessageClass

SIZE_EXCEEDED = "x-ms-dynamics-msg-size-exceeded"
"""The header (lowercase) of a context that Dataverse has stripped of parameters and images, above 256 KB."""

Columns = dict[str, str]
"""The columns of a row by their logical names, each as text; empty: null."""

_TIME = re.compile(r"/Date\((-?[0-9]{1,15})([+-][0-9]{4})?\)/")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Pair(msgspec.Struct):
    key: str
    value: Any = None


class _Context(msgspec.Struct, rename="pascal"):
    """The fields of a RemoteExecutionContext that are used."""

    message_name: str
    primary_entity_name: str
    primary_entity_id: str = ""
    operation_created_on: str | None = None
    input_parameters: list[_Pair] | None = None
    pre_entity_images: list[_Pair] | None = None
    post_entity_images: list[_Pair] | None = None


_contexts = msgspec.json.Decoder(_Context)


class Context:
    """One thing that happened in Dataverse."""

    def __init__(self, read: _Context, *, now: datetime) -> None:
        self.message = read.message_name
        """Such as Update."""
        self.table = read.primary_entity_name
        self.row_id = read.primary_entity_id
        self.at = _instant(read.operation_created_on or "", now=now)
        """When the operation was begun; None if the context does not say so."""
        self._parameters = {one.key: one.value for one in read.input_parameters or ()}
        self.pre_image = _image(read.pre_entity_images)
        """The row as the step's images show it before the operation."""
        self.post_image = _image(read.post_entity_images)
        """The row as the step's images show it after the operation."""

    @property
    def target(self) -> Columns:
        """The columns that were set."""
        return _columns(self._parameters.get("Target"))

    def text(self, parameter: str) -> str:
        """A parameter as text: an id for a reference; empty if it is not there."""
        return _text(self._parameters.get(parameter)) or ""


def read_context(body: bytes, *, now: datetime) -> Context:
    """The context in a request's body. Raises BadMessage."""
    try:
        body.decode()
        return Context(_contexts.decode(body), now=now)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # msgspec's messages contain positions, names and types, never values.
        why = error if isinstance(error, msgspec.DecodeError) else type(error).__name__
        text = f"the body is not an execution context of Dataverse in JSON: {why}"
        raise BadMessage(text, kind=BadMessageClass.UNDECODABLE) from None


def _image(images: Iterable[_Pair] | None) -> Columns:
    return {name: text for one in images or () for name, text in _columns(one.value).items()}


def _columns(entity: Any) -> dict[str, str]:
    """The attributes of an Entity; none for what is not one. Values that have no text are left out."""
    pairs = entity.get("Attributes") if isinstance(entity, dict) else None
    columns: dict[str, str] = {}
    for pair in pairs if isinstance(pairs, list) else ():
        if isinstance(pair, dict) and isinstance(name := pair.get("key"), str):
            text = _text(pair.get("value"))
            if text is not None:
                columns[name] = text
    return columns


def _text(value: Any) -> str | None:
    """A value as text: the id of a reference, the number of a choice or an amount. None: it has none."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            at = _instant(value, now=None)
            return value if at is None else at.isoformat()
        case int() | float():
            return repr(value)
        case {"LogicalName": _, "Id": str(row_id)}:  # EntityReference, and Entity
            return row_id
        case {"Value": inner}:  # OptionSetValue, Money, BooleanManagedProperty, AliasedValue
            return _text(inner)
        case list():  # OptionSetValueCollection
            return _joined(map(_text, value))
        case _:
            return None


def _joined(texts: Iterable[str | None]) -> str | None:
    found = list(texts)
    return None if None in found else ",".join(filter(None, found))


def _instant(text: str, *, now: datetime | None) -> datetime | None:
    """The time that `/Date(1506384247000)/` is; None for other texts.

    With an offset, as in `/Date(1506409448000-0700)/`, the milliseconds should be UTC all the same. Dataverse has sent
    local ones: with `now`, the later of the two that is not in the future is taken.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    try:
        at = _EPOCH + timedelta(milliseconds=int(found[1]))
        if found[2] is None or now is None:
            return at
        offset = timedelta(hours=int(found[2][:3]), minutes=int(found[2][0] + found[2][3:]))
        past = [one for one in (at, at + offset) if one <= now + timedelta(minutes=5)]
        return max(past, default=min(at, at + offset))
    except OverflowError:
        return None
