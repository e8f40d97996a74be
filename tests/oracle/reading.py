"""Reads input records: which are valid by schemas/, and which become dead letters (docs/explanation/reliability.md)."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Headers = Sequence[tuple[str, bytes | None]]

_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_STATUSES = ("open", "qualified", "disqualified")
_REASONS = (
    *("new", "contacted", "qualified", "lost", "cannot_contact", "no_longer_interested", "canceled"),
    "marketing_qualified",
)


class Bad(Exception):
    """The record is bad input: it becomes a dead letter."""


@dataclass(frozen=True)
class Input:
    """A record as it lies in an input topic. `topic` is without prefix."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    written_ms: int | None = None
    """When Kafka says that it was written, in milliseconds since 1970; None: it does not say."""


#: Milliseconds since 1970: a clock that was ever set shows a time from 2000 on, before 2201.
_CLOCKS_MS = (946_684_800_000, 7_289_654_400_000)


def moment(text: object) -> datetime:
    """RFC 3339 with zone. Raises Bad."""
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        raise Bad(f"no time with zone: {text!r}")
    # Python reads at most microseconds of a fraction, of any length, and knows only upper case.
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise Bad(str(error)) from None


def when(record: Input, text: object, tolerance: timedelta = timedelta(hours=1)) -> datetime:
    """ "An input dated more than a tolerance ahead of the broker's record time is a dead letter; times outside
    1970–2200 too." Raises Bad."""
    at = moment(text)
    if at < datetime(1970, 1, 1, tzinfo=UTC) or at >= datetime(2201, 1, 1, tzinfo=UTC):
        raise Bad("outside 1970 to 2200")
    # a record of a time that no clock shows was written when it was read: tests date none ahead of that
    written = record.written_ms
    has_time = written is not None and _CLOCKS_MS[0] <= written < _CLOCKS_MS[1]
    if has_time and (at - datetime(1970, 1, 1, tzinfo=UTC) - tolerance) > timedelta(milliseconds=written or 0):
        raise Bad("dated ahead")
    return at


def message(record: Input) -> dict[str, Any]:
    """The JSON object that a record carries: its value, or the data of a CloudEvent in structured mode. Raises Bad."""
    named(record)
    if record.value is None:
        raise Bad("no value")
    found = _json(record.value)
    kinds = [(content or b"").lower() for name, content in record.headers if name.lower() == "content-type"]
    announced = any(kind.strip().startswith(b"application/cloudevents+json") for kind in kinds)
    called_json = any(kind.split(b";")[0].strip().endswith(b"json") for kind in kinds)
    if announced or (called_json and _is_envelope(found)):
        found = _event_data(found)
    if not isinstance(found, dict):
        raise Bad("no object")
    return found


def named(record: Input) -> None:
    """A name of a header that is not UTF-8 has its bytes as surrogates. Raises Bad."""
    for name, _ in record.headers:
        try:
            name.encode()
        except UnicodeEncodeError:
            raise Bad(f"a header is named {name!r}") from None


def _is_envelope(found: Any) -> bool:
    """A CloudEvent that the headers call plain JSON: all four of these, and no event id of ours."""
    attributes = ("specversion", "id", "source", "type")
    return isinstance(found, dict) and "event_id" not in found and all(_is_text(found.get(one)) for one in attributes)


def score(record: Input, partitions: int) -> dict[str, Any]:
    """A lead-score-changed. Raises Bad."""
    found = message(record)
    for name in ("event_id", "lead_id", "scoring_model_id"):
        _id(found, name)
    when(record, found.get("occurred_at"))
    found["score"] = _finite(found.get("score"))
    _key(record, found["lead_id"], partitions)
    return found


def change(record: Input, partitions: int) -> dict[str, Any]:
    """A lead-changed that has a value. Raises Bad."""
    found = message(record)
    for name in ("event_id", "lead_id"):
        _id(found, name)
    when(record, found.get("occurred_at"))
    valid = {
        "status": found.get("status", "open") in _STATUSES,
        "status_reason": found.get("status_reason", "new") in _REASONS,
        "sales_ready": isinstance(found.get("sales_ready", False), bool),
        "attributes": isinstance(found.get("attributes", {}), dict),
        "owner_id": found.get("owner_id") is None or _is_text(found["owner_id"]),
        "contact_id": found.get("contact_id") is None or _is_text(found["contact_id"]),
    }
    if not all(valid.values()):
        raise Bad(f"bad: {[name for name, is_valid in valid.items() if not is_valid]}")
    for value in found.get("attributes", {}).values():
        if not (value is None or isinstance(value, str)):
            _finite(int(value) if isinstance(value, bool) else value)
    _key(record, found["lead_id"], partitions)
    return found


def merge(record: Input, partitions: int) -> dict[str, Any]:
    """A lead-merged. Raises Bad."""
    found = message(record)
    for name in ("event_id", "lead_id", "survivor_id"):
        _id(found, name)
    when(record, found.get("occurred_at"))
    if found["survivor_id"] == found["lead_id"]:
        raise Bad("merged into itself")
    _key(record, found["lead_id"], partitions)
    return found


def response(record: Input, partitions: int) -> dict[str, Any]:
    """A lead-sales-response. Raises Bad."""
    found = message(record)
    for name in ("event_id", "lead_id"):
        _id(found, name)
    when(record, found.get("occurred_at"))
    optional = ("reason", "seller_id", "qualification_model_id")
    if found.get("response") not in {"accepted", "rejected"}:
        raise Bad("no such response")
    if not all(found.get(name) is None or _is_text(found[name]) for name in optional):
        raise Bad("no text")
    _key(record, found["lead_id"], partitions)
    return found


def about_lead(record: Input, partitions: int) -> dict[str, Any]:
    """Another message about a lead, of which nothing but that is looked at. Raises Bad."""
    found = message(record)
    for name in ("event_id", "lead_id"):
        _id(found, name)
    when(record, found.get("occurred_at"))
    _key(record, found["lead_id"], partitions)
    return found


def of_lead(record: Input, partitions: int) -> dict[str, Any] | None:
    """What any topic tells about a lead; None: that it is erased. Raises Bad."""
    match record.topic:
        case "lead-changed" if record.value is None:
            erased(record, partitions)
            return None
        case "lead-changed":
            return change(record, partitions)
        case "lead-merged":
            return merge(record, partitions)
        case "lead-sales-response":
            return response(record, partitions)
        case _:
            return about_lead(record, partitions)


def erased(record: Input, partitions: int) -> str:
    """The lead that a lead-changed without value erases. Raises Bad."""
    named(record)
    if not record.key:
        raise Bad("no key")
    try:
        lead_id = record.key.decode()
    except UnicodeDecodeError:
        raise Bad("no lead has such a key") from None
    _key(record, lead_id, partitions)
    return lead_id


def partition_of(key: bytes, partitions: int) -> int:
    """Where Java's default partitioner puts a key."""
    return (_murmur2(key) & 0x7FFFFFFF) % partitions


def _json(value: bytes) -> Any:
    try:
        found = json.loads(value.decode(), parse_constant=_no_constant)
        json.dumps(found, ensure_ascii=False).encode()  # fails on half of a surrogate pair
    except (ValueError, RecursionError) as error:
        raise Bad(f"not JSON in UTF-8: {error}") from None
    return found


def _no_constant(name: str) -> Any:
    raise Bad(f"{name} is no JSON")


def _event_data(envelope: Any) -> Any:
    if not isinstance(envelope, dict) or envelope.get("specversion") != "1.0":
        raise Bad("no CloudEvent")
    if "data" in envelope:
        return envelope["data"]
    encoded = envelope.get("data_base64")
    if isinstance(encoded, str):
        try:
            return _json(base64.b64decode(encoded, validate=True))
        except ValueError:
            raise Bad("not base64") from None
    raise Bad("no data")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _id(found: dict[str, Any], name: str) -> None:
    if not _is_text(found.get(name)):
        raise Bad(f"{name} is {found.get(name)!r}")


def _finite(number: object) -> float:
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise Bad(f"no number: {number!r}")
    try:
        double = float(number)
    except OverflowError:
        raise Bad("beyond every double") from None
    if not math.isfinite(double):
        raise Bad("not finite")
    return double


def _key(record: Input, lead_id: str, partitions: int) -> None:
    if record.key != lead_id.encode():
        raise Bad("the key is not the lead's id")
    if record.partition != partition_of(record.key, partitions):
        raise Bad("wrong partitioner")


def _murmur2(data: bytes) -> int:
    mask, m = 0xFFFFFFFF, 0x5BD1E995
    h = 0x9747B28C ^ len(data)
    whole = len(data) & ~3
    for at in range(0, whole, 4):
        k = int.from_bytes(data[at : at + 4], "little") * m & mask
        k = (k ^ (k >> 24)) * m & mask
        h = (h * m & mask) ^ k
    if len(data) > whole:
        h = (h ^ int.from_bytes(data[whole:], "little")) * m & mask
    h = (h ^ (h >> 13)) * m & mask
    return h ^ (h >> 15)
