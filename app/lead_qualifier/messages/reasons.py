"""Why a record was refused, in a sentence for people. Names the field and the kind of value found, never the value."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from lead_qualifier.messages.errors import BadMessage
from lead_qualifier.messages.nearest import Nearest
from lead_qualifier.wording.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_NAMED_AT_MOST = 5
_LONGEST_NAME = 60
_EXAMPLE = "such as 2026-11-23T09:30:00Z"


def bad_message(
    error: ValidationError, tags: frozenset[str] = frozenset(), closed: Mapping[str, Collection[str]] | None = None
) -> BadMessage:
    """What pydantic found, as a BadMessage.

    `tags`: parts of paths that are not fields, but members of a union. `closed`: the known fields of objects that take
    no others, by path, so that the nearest one can be suggested.
    """
    errors = error.errors(include_url=False)
    if (wrapped := _wrapped(errors)) is not None:
        return BadMessage(wrapped)
    known = {place: Nearest(fields) for place, fields in (closed or {}).items()}
    problems = [
        (field_of(one, tags), _unknown(one, known) if one["type"] == "extra_forbidden" else sentence(one))
        for one in errors
    ]
    named = [f"{field or 'the value'} {text}" for field, text in problems[:_NAMED_AT_MOST]]
    if len(problems) > _NAMED_AT_MOST:
        named.append(f"and {len(problems) - _NAMED_AT_MOST} more")
    return BadMessage("; ".join(named), problems[0][0])


def _unknown(error: ErrorDetails, known: Mapping[str, Nearest]) -> str:
    nearest = known.get(path(error["loc"][:-1]))
    return "is unknown" if nearest is None else f"is unknown: {nearest.advice(str(error['loc'][-1]))}"


def _wrapped(errors: list[ErrorDetails]) -> str | None:
    """The tool whose envelope the value is, if fields are missing only because they are inside the envelope."""
    missing = (one for one in errors if one["type"] in {"missing", "union_tag_not_found"} and len(one["loc"]) < 2)
    fields = next((one["input"] for one in missing), None)
    if not isinstance(fields, dict):
        return None
    payload = fields["payload"] if {"schema", "payload"} <= fields.keys() else fields
    if isinstance(payload, dict) and "op" in payload and payload.keys() & {"before", "after"}:
        return (
            "the value is a Debezium change event: send this topic's message instead, with the transform "
            "ExtractNewRecordState and one that renames the fields"
        )
    if payload is not fields:
        return (
            "the value is wrapped in {schema, payload} by Kafka Connect: set value.converter.schemas.enable=false "
            "there, so that it sends the payload alone"
        )
    return None


def field_of(error: ErrorDetails, tags: frozenset[str] = frozenset()) -> str:
    """The path of the invalid field, such as `criteria.0.threshold`; empty for the whole value."""
    parts: list[str | int] = [part for part in error["loc"] if part not in tags]
    if error["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        parts.append(error["ctx"]["discriminator"].strip("'"))
    return path(parts)


def path(steps: Iterable[str | int]) -> str:
    """The steps down to a field as a path, such as `criteria.0.threshold`."""
    return ".".join(_shown(step) if isinstance(step, str) else str(step) for step in steps)


def _shown(name: str) -> str:
    """A name from the message, shortened and escaped for printing."""
    if len(name) > _LONGEST_NAME:
        name = name[:_LONGEST_NAME] + "…"
    return printable(name)


def kind(value: object) -> str:
    """The kind of a JSON value, in words."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case str():
            return "text" if value else "empty text"
        case float() if math.isnan(value):
            return "NaN"
        case float() if math.isinf(value):
            return "a number that is too large or infinite"
        case int() | float():
            return "a number"
        case dict():
            return "an object"
        case list() | tuple():
            return "an array"
        case _:
            return f"a value of type {type(value).__name__}"


def sentence(error: ErrorDetails) -> str:
    """What is wrong, as the end of a sentence that starts with the field's path."""
    say = _SENTENCES.get(error["type"])
    if say is not None:
        return say(error["input"], error.get("ctx", {}))
    return f"is not valid (found {kind(error['input'])})"


def _must_be(what: str) -> Callable[[Any, dict[str, Any]], str]:
    return lambda value, _context: f"must be {what}, found {kind(value)}"


def _finite(value: object, _context: object) -> str:
    return f"must be a finite number (an IEEE double), found {_number_kind(value)}"


def _attribute(value: object, _context: object) -> str:
    return f"must be text, a finite number, true, false or null, found {_number_kind(value)}"


def _number_kind(value: object) -> str:
    """The kind of value found in place of a finite number. An integer is refused only if no double is that large."""
    return "a number that is too large" if isinstance(value, int) and not isinstance(value, bool) else kind(value)


def _one_of(value: object, context: dict[str, Any]) -> str:
    return f"must be one of {_expected(context)}, found {_text_kind(value)}"


def _text_kind(value: object) -> str:
    """The kind of value found in place of one of several texts."""
    return "another text" if isinstance(value, str) and value else kind(value)


def _entries(count: int) -> str:
    return f"{count} {'entry' if count == 1 else 'entries'}"


def _expected(context: dict[str, Any]) -> str:
    listed = str(context.get("expected") or context.get("expected_tags", ""))
    return listed.replace("'", "").replace(" or ", ", ")


def _time(value: object, _context: object) -> str:
    if not isinstance(value, str):
        return f"must be a time with time zone as text, {_EXAMPLE}, found {kind(value)}"
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        found = "a date without time and time zone"
    elif re.fullmatch(r"[-+]?[0-9.]+", value):
        found = "a number as text"
    elif re.fullmatch(r"[0-9-]+[Tt ][0-9:.]+", value):
        found = "a time without time zone (append Z or an offset such as +01:00)"
    elif re.fullmatch(r"[0-9-]+[Tt ][0-9]{2}:[0-9]{2}:60.*", value):
        found = "a leap second, which is not supported (send second 59)"
    elif re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}.*", value):
        found = "a date, time or offset that does not exist or has another form"
    else:
        found = kind(value) + (" in another form" if value else "")
    return f"must be a time with time zone (RFC 3339), {_EXAMPLE}, found {found}"


def _not_json(value: object, context: dict[str, Any]) -> str:
    raw = value if isinstance(value, bytes) else b""
    if not raw.strip():
        return "is empty: it must be a JSON object"
    if (fault := encoding_fault(raw)) is not None:
        return fault
    found = str(context["error"])
    for beginning, meaning in _JSON_FAULTS.items():
        if found.startswith(beginning):
            found = found.replace(beginning, meaning)
    return f"is not JSON in UTF-8: {found}"


def form_in_words(pattern: str) -> str:
    """The form of a text for people: an example and its description, in place of a regular expression."""
    return FORMS_IN_WORDS.get(pattern, "that its schema requires")


_DURATION = "30d, a whole number and one of the units s, m, h, d, w"
FORMS_IN_WORDS = {
    r"^[0-9]{1,8}[smhdw]$": _DURATION,
    r"^[1-9][0-9]{0,4}[smhdw]$": _DURATION,
    r"^[1-9][0-9]{0,5}[smhdw]$": _DURATION,
    r"^([1-9]|[1-9][0-9]|1[01][0-9]|120)h$": "8h, from 1h to 120h",
    r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$": "08:30, a time of day from 00:00 to 24:00",
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$": "2026-12-24, a date",
    r"^[0-9]+$": "17, a whole number",
    r"^[A-Za-z0-9._-]*$": "acme., of letters, digits, dots, hyphens and underscores",
    r"^[a-zA-Z0-9._-]{1,100}$": "crm-1, of 1 to 100 letters, digits, dots, hyphens and underscores",
    r"^[A-Za-z_][A-Za-z0-9_]*$": "CRM_SECRET, the name of an environment variable",
    r"^[a-z_][a-z0-9_]{0,99}$": "new_score, a column's logical name: lowercase letters, digits and underscores",
}
"""For every pattern of a definition, message or setting: what follows `of the form`."""


def encoding_fault(raw: bytes) -> str | None:
    """What a value is that is not JSON in UTF-8, by its first bytes; None if they do not show it."""
    if raw.startswith(b"\xef\xbb\xbf"):
        return "is not JSON: it starts with a byte order mark; remove it"
    if (name := wide_encoding(raw)) is not None:
        return f"is not JSON in UTF-8 but looks like {name}"
    if raw.startswith(b"\0") and raw[_FRAMING:].lstrip().startswith(b"{"):
        return (
            "is not plain JSON: it starts with the framing of a Schema Registry (a zero byte and the schema's id); set "
            "LEAD_QUALIFIER_SCHEMA_REGISTRY_FRAMING=read, or send the JSON alone"
        )
    beginnings = (what for start, what in _BEGINNINGS.items() if raw.startswith(start) and len(raw) > _FRAMING)
    named = next(beginnings, None)
    return None if named is None else f"is not JSON but {named}: send JSON in UTF-8"


def unreadable_envelope(value: bytes, error: Exception) -> str:
    """Why a CloudEvents envelope cannot be read. `error`: what decoding it raised."""
    if (fault := encoding_fault(value)) is not None:
        return f"the value {fault}"
    if isinstance(error, UnicodeDecodeError):
        return f"the value is not UTF-8 (byte {error.start})"
    if isinstance(error, RecursionError):
        return "the CloudEvents envelope is nested too deeply"
    # msgspec's messages contain positions, names and types, never values.
    return f"the value is not a CloudEvents envelope, although the content-type header says so: {error}"


def wide_encoding(raw: bytes) -> str | None:
    """UTF-16 or UTF-32 if a text is that, by its byte order mark or the zero bytes of its first characters."""
    if raw.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return "UTF-32"
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16"
    return _WIDE.get(tuple(at for at, byte in enumerate(raw[:8]) if byte == 0))


_FRAMING = 5
_WIDE = {(1, 3, 5, 7): "UTF-16", (0, 2, 4, 6): "UTF-16", (1, 2, 3, 5, 6, 7): "UTF-32", (0, 1, 2, 4, 5, 6): "UTF-32"}
_BEGINNINGS = {
    b"\0": "what looks like Avro or Protobuf with the framing of a Schema Registry",
    b"\x03\0": "what looks like the framing of AWS Glue",
    b"\x1f\x8b": "gzip (let the Kafka producer compress: compression.type)",
    b"\x28\xb5\x2f\xfd": "zstd (let the Kafka producer compress: compression.type)",
    b"Obj\x01": "an Avro file",
    b"\xac\xed\0\x05": "a serialized Java object",
    b"<": "XML",
}


def key_fault(key: bytes | None, message_id: str) -> str:
    """What is wrong with a key that should be an id in UTF-8: the rest of a sentence about the record. `{}` is the
    id's field.
    """
    if not key:
        return "has no key"
    if key.startswith(b"\0") and key[_FRAMING:].strip(b'"') == message_id.encode():
        return "has its {} in the framing of a Schema Registry as key (use StringSerializer for keys)"
    encoding = "utf-16-be" if key.startswith(b"\0") else "utf-16"
    if key.removeprefix(b"\xef\xbb\xbf") == message_id.encode():
        return "has a byte order mark before its {} as key"
    try:
        found = json.loads(key)
    except (ValueError, RecursionError):
        found = None
    if found == message_id:
        return "has its {} in JSON quotes as key (use StringSerializer, or Connect's StringConverter, for keys)"
    if isinstance(found, dict):
        return "has a JSON object as key (use StringSerializer, or Connect's StringConverter, for keys)"
    if key.decode(encoding, errors="replace") == message_id:
        return "has its {} in UTF-16 as key"
    return "has a key that is not its {}"


_JSON_FAULTS = {
    "invalid unicode code point": "bytes that are not UTF-8",
    "unexpected end of hex escape": "an unpaired surrogate",
    "lone leading surrogate in hex escape": "an unpaired surrogate",
    "recursion limit exceeded": "nested too deeply",
    "number out of range": "a number with too many digits",
    "EOF while parsing": "it ends too early, while parsing",
}

_SENTENCES: dict[str, Callable[[Any, dict[str, Any]], str]] = {
    "missing": lambda _value, _context: "is missing",
    "string_type": _must_be("text"),
    "string_too_short": lambda _value, _context: "must not be empty",
    "string_unicode": lambda _value, _context: "must be text that UTF-8 can encode, found an unpaired surrogate",
    "float_type": lambda value, _context: f"must be a number, found {_number_kind(value)}",
    "finite_number": _finite,
    "int_type": _must_be("a whole number"),
    "int_from_float": lambda _value, _context: "must be a whole number, found a number with a fraction",
    "greater_than_equal": lambda _value, context: f"must be {context['ge']} or more",
    "bool_type": _must_be("true or false"),
    "literal_error": _one_of,
    "union_tag_invalid": lambda _value, context: f"must be one of {_expected(context)}, found another text",
    "union_tag_not_found": lambda _value, _context: "is missing",
    "dict_type": lambda value, _context: f"must be a JSON object, found {kind(value)}",
    "rfc_3339": _time,
    "hours": lambda _value, _context: (
        "must start and end at different times, and start before 24:00; a whole day is 00:00 to 24:00"
    ),
    "day": lambda _value, _context: "must be a date that exists, such as 2026-12-24",
    "string_pattern_mismatch": lambda _value, context: f"must be text of the form {form_in_words(context['pattern'])}",
    "kind_of_step": lambda value, context: (
        f"must be one of {context['kinds']}, found {_text_kind(value.get(context['field']))}"
    ),
    "too_short": lambda _value, context: f"must have at least {_entries(context['min_length'])}",
    "too_long": lambda _value, context: f"must have at most {_entries(context['max_length'])}",
    "attribute_value": _attribute,
    "json_invalid": _not_json,
}
