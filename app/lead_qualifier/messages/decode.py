"""Decodes the records that the worker reads: messages that follow their contract, or a BadMessage that says why not.

Every function takes key, value and headers as a Kafka consumer returns them. The value may be plain JSON or a
CloudEvent in binary or structured mode, behind the framing of a Schema Registry if read_framing() says so; the key must
be the id that the contract names. The times of leads' messages come in UTC.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar, cast

import msgspec
from pydantic import TypeAdapter, ValidationError

from lead_qualifier.messages import id_form
from lead_qualifier.messages.cloud_events import data_of, is_envelope
from lead_qualifier.messages.command_messages import FeatureCommand, ModelCommand, ScoringModelChanged
from lead_qualifier.messages.errors import BadMessage, BadMessageClass
from lead_qualifier.messages.lead_messages import LeadChanged, LeadMerged, LeadSalesResponse, LeadScoreChanged
from lead_qualifier.messages.reasons import FRAMING_LENGTH, bad_message, fault_of_value, wrong_key
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.qualification.leads import LeadChange
from lead_qualifier.qualification.utc import in_utc
from lead_qualifier.wording.reading import BETWEEN_FAULTS
from lead_qualifier.wording.sentences import IN_ENGLISH

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    Headers = Iterable[tuple[str, bytes | None]] | None

# The validators themselves, built once each: calling them through TypeAdapter.validate_json takes twice as long.
_lead_score_changed: Callable[[bytes], LeadScoreChanged] = TypeAdapter(LeadScoreChanged).validator.validate_json
_lead_changed: Callable[[bytes], LeadChanged] = TypeAdapter(LeadChanged).validator.validate_json
_lead_merged: Callable[[bytes], LeadMerged] = TypeAdapter(LeadMerged).validator.validate_json
_sales_response: Callable[[bytes], LeadSalesResponse] = TypeAdapter(LeadSalesResponse).validator.validate_json
_scoring_model_changed: Callable[[bytes], ScoringModelChanged] = TypeAdapter(
    ScoringModelChanged
).validator.validate_json
_model_command: Callable[[bytes], ModelCommand] = TypeAdapter[Any](ModelCommand).validator.validate_json
_feature_command: Callable[[bytes], FeatureCommand] = TypeAdapter(FeatureCommand).validator.validate_json


Message = TypeVar("Message", bound="Mapping[str, object]")

_COMMANDS = frozenset({"apply", "publish", "stop", "delete", "shadow"})


class ChangedLead(msgspec.Struct, frozen=True, gc=False):
    """A lead-changed record with a value."""

    lead_id: str
    event_id: str
    change: LeadChange


class ChangedScore(msgspec.Struct, frozen=True, gc=False):
    """A lead-score-changed record; the lead is its key."""

    event_id: str
    scoring_model_id: str
    score: float
    occurred_at: datetime
    grade: str | None = None


class ErasedLead(msgspec.Struct, frozen=True, gc=False):
    """A lead-changed record without value: everything held about the lead must be erased."""

    lead_id: str


_Text = Annotated[str, msgspec.Meta(min_length=1)]


class _PlainScore(msgspec.Struct, gc=False):
    """The usual form of lead-score-changed. Whatever msgspec decodes as this, pydantic decodes alike, but slower."""

    event_id: _Text
    lead_id: _Text
    scoring_model_id: _Text
    score: float
    occurred_at: msgspec.Raw
    previous_score: float | None = None
    grade: str | None = None
    scoring_model_version: int | None = None


_plain_score: Callable[[bytes], _PlainScore] = msgspec.json.Decoder(_PlainScore).decode
_plain_time: Callable[[bytes], datetime] = msgspec.json.Decoder(datetime).decode
#: "2026-11-23T09:30:00.123456Z" with its quotes. msgspec would round longer ones, and accepts time zones in forms that
#: RFC 3339 does not have.
_PLAIN_TIME_LENGTH = 29
#: The contract's validator refuses more than 200 levels and numbers of more than 4,300 digits, even in unknown fields,
#: which msgspec skips. Short values cannot exceed either; longer ones are checked.
_PLAIN_LENGTH = 400
_MOST_LEVELS = 190
_MOST_BYTES = 4_300


def decode_score(key: bytes | None, value: bytes | None, headers: Headers = None) -> ChangedScore:
    """Accept and refuse the same records as decode_lead_score_changed(), without the unused fields: the fast way.

    Raises BadMessage.
    """
    data = _data(value, headers)
    try:
        plain = _plain_score(data)
        time = bytes(plain.occurred_at)
        if (
            len(time) <= _PLAIN_TIME_LENGTH
            and time.endswith(b'Z"')
            and key == plain.lead_id.encode()
            and (len(data) < _PLAIN_LENGTH or _is_flat(data))
        ):
            if not data.isascii():
                data.decode()  # msgspec does not check the fields that it skips
            if (form := id_form.required) is not None:
                form.check("lead_id", plain.lead_id)
            occurred_at = _plain_time(time)
            return ChangedScore(plain.event_id, plain.scoring_model_id, plain.score, occurred_at, plain.grade or None)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass  # unusual or invalid: the contract's validator decides, and says what is wrong
    message = _validated(_lead_score_changed, "lead_id", key, data)
    return ChangedScore(
        message["event_id"],
        message["scoring_model_id"],
        message["score"],
        in_utc(message["occurred_at"]),
        message.get("grade") or None,
    )


def decode_lead_score_changed(key: bytes | None, value: bytes | None, headers: Headers = None) -> LeadScoreChanged:
    """Raises BadMessage."""
    return decode(_lead_score_changed, "lead_id", key, value, headers)


def decode_lead_changed(key: bytes | None, value: bytes | None, headers: Headers = None) -> ChangedLead | ErasedLead:
    """Raises BadMessage. Only a record without value erases; empty bytes and the text null are invalid."""
    if value is None:
        return ErasedLead(_erased_id(key))
    message = cast("dict[str, Any]", decode(_lead_changed, "lead_id", key, value, headers))
    lead_id, event_id, at = message.pop("lead_id"), message.pop("event_id"), in_utc(message.pop("occurred_at"))
    # What remains are the fields of LeadChange by their names; one that is absent here is UNSET there.
    return ChangedLead(lead_id, event_id, LeadChange(occurred_at=at, **message))


def decode_lead_merged(key: bytes | None, value: bytes | None, headers: Headers = None) -> LeadMerged:
    """Raises BadMessage, also if the lead was merged into itself."""
    message = decode(_lead_merged, "lead_id", key, value, headers)
    if message["survivor_id"] == message["lead_id"]:
        raise BadMessage(Finding("merged_into_itself"), "survivor_id")
    message["occurred_at"] = in_utc(message["occurred_at"])
    return message


def decode_sales_response(key: bytes | None, value: bytes | None, headers: Headers = None) -> LeadSalesResponse:
    """Raises BadMessage."""
    message = decode(_sales_response, "lead_id", key, value, headers)
    message["occurred_at"] = in_utc(message["occurred_at"])
    return message


def decode_scoring_model_changed(
    key: bytes | None, value: bytes | None, headers: Headers = None
) -> ScoringModelChanged:
    """Raises BadMessage."""
    return decode(_scoring_model_changed, "scoring_model_id", key, value, headers)


def decode_model_command(key: bytes | None, value: bytes | None, headers: Headers = None) -> ModelCommand:
    """Raises BadMessage. An apply's definition may be any object: the command processor says what is wrong with it."""
    return decode(_model_command, "qualification_model_id", key, value, headers)


def decode_feature_command(key: bytes | None, value: bytes | None, headers: Headers = None) -> FeatureCommand:
    """Raises BadMessage."""
    return decode(_feature_command, "feature", key, value, headers)


def decode(  # noqa: PLR0917  a record's three parts, and its contract's
    validate: Callable[[bytes], Message],
    id_field: str,
    key: bytes | None,
    value: bytes | None,
    headers: Headers,
    closed: Mapping[str, Collection[str]] | None = None,
) -> Message:
    """Decode a record by the validator of its contract; its key must equal the field `id_field`. Raises BadMessage.

    `closed`: the known fields of objects that take no others, by path.
    """
    return _validated(validate, id_field, key, _data(value, headers), closed)


def _data(value: bytes | None, headers: Headers) -> bytes:
    """The JSON of a record, out of the framing and the envelope that it may be in. Raises BadMessage."""
    if value is None:
        raise BadMessage(Finding("no_value"))
    if _framing_is_read and value.startswith(b"\0"):  # no JSON does
        value = value[FRAMING_LENGTH:]
        if not value.lstrip().startswith(b"{"):
            raise BadMessage(Finding("framed_other"), kind=BadMessageClass.UNDECODABLE)
    return data_of(value, headers) if headers else value


def _validated(
    validate: Callable[[bytes], Message],
    id_field: str,
    key: bytes | None,
    data: bytes,
    closed: Mapping[str, Collection[str]] | None = None,
) -> Message:
    try:
        message = validate(data)
    except ValidationError as error:
        bad = bad_message(error, tags=_COMMANDS, closed=closed)
        raise (_as_envelope(bad) if is_envelope(data) else bad) from None
    if b"NaN" in data or b"Infinity" in data:  # which pydantic accepts in unknown fields
        json.loads(data, parse_constant=_no_number)  # unless they are inside a text
    message_id = str(message[id_field])
    if key != message_id.encode():
        raise wrong_key(key, id_field, message_id)
    if (form := id_form.required) is not None:
        form.check_all(message)
    return message


def read_framing(wanted: bool) -> None:
    """Set whether values may have the framing of a Schema Registry, for the whole process.

    A topic's bytes mean the same to everything in a process, so this is not a parameter of each function.
    """
    global _framing_is_read  # noqa: PLW0603  as above
    _framing_is_read = wanted


_framing_is_read = False


def _as_envelope(bad: BadMessage) -> BadMessage:
    hint = IN_ENGLISH.sentence(Finding("unannounced_envelope"))
    return BadMessage(f"{bad.reason}{BETWEEN_FAULTS}{hint}", bad.field, bad.kind)


def _is_flat(data: bytes) -> bool:
    """False: it may be nested more deeply, or have a longer number, than the contract's validator accepts."""
    return len(data) < _MOST_BYTES and data.count(b"[") + data.count(b"{") < _MOST_LEVELS


def _no_number(name: str) -> NoReturn:
    fault = Finding("not_json_in_utf_8", reason=f"{name} is not a number in JSON")
    raise BadMessage(fault_of_value(fault), kind=BadMessageClass.UNDECODABLE)


def _erased_id(key: bytes | None) -> str:
    if not key:
        raise wrong_key(key, "lead_id", "")
    try:
        lead_id = key.decode()
    except UnicodeDecodeError:
        raise BadMessage(Finding("nothing_erased"), kind=BadMessageClass.WRONG_KEY) from None
    if (form := id_form.required) is not None:
        form.check("lead_id", lead_id)
    return lead_id
