"""Why a record was refused, as findings. Names the field and the kind of value found, never the value."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from lead_qualifier.messages.errors import BadMessage, BadMessageClass
from lead_qualifier.messages.nearest import Nearest
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.wording.printable import printable
from lead_qualifier.wording.reading import BETWEEN_FAULTS
from lead_qualifier.wording.sentences import IN_ENGLISH

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_NAMED_AT_MOST = 5
_LONGEST_NAME = 60


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
        (field_of(one, tags), _unknown(one, known) if one["type"] == "extra_forbidden" else _fault(one))
        for one in errors
    ]
    named = [fault_of_field(field, fault) for field, fault in problems[:_NAMED_AT_MOST]]
    if len(problems) > _NAMED_AT_MOST:
        named.append(Finding("and_more", count=len(problems) - _NAMED_AT_MOST))
    kind = BadMessageClass.UNDECODABLE if errors[0]["type"] == "json_invalid" else BadMessageClass.INVALID
    return BadMessage(BETWEEN_FAULTS.join(map(IN_ENGLISH.sentence, named)), problems[0][0], kind)


def fault_of_field(field: str, fault: Finding) -> Finding:
    """What is wrong at the path of a field; at none, with the whole value."""
    return Finding("fault_of_field", field=field, fault=fault) if field else fault_of_value(fault)


def fault_of_value(fault: Finding) -> Finding:
    """What is wrong with a record's whole value."""
    return Finding("fault_of_value", fault=fault)


def _unknown(error: ErrorDetails, known: Mapping[str, Nearest]) -> Finding:
    nearest = known.get(path(error["loc"][:-1]))
    if nearest is None:
        return Finding("unknown_here")
    return Finding("unknown", advice=nearest.suggestion(str(error["loc"][-1])))


def _wrapped(errors: list[ErrorDetails]) -> Finding | None:
    """The tool whose envelope the value is, if fields are missing only because they are inside the envelope."""
    missing = (one for one in errors if one["type"] in {"missing", "union_tag_not_found"} and len(one["loc"]) < 2)
    fields = next((one["input"] for one in missing), None)
    if not isinstance(fields, dict):
        return None
    payload = fields["payload"] if {"schema", "payload"} <= fields.keys() else fields
    if isinstance(payload, dict) and "op" in payload and payload.keys() & {"before", "after"}:
        return Finding("debezium_event")
    return Finding("connect_envelope") if payload is not fields else None


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


def kind_of(value: object) -> Finding:
    """The kind of a JSON value."""
    match value:
        case None:
            return Finding("kind_null")
        case bool():
            return Finding("kind_boolean")
        case str():
            return Finding("kind_text" if value else "kind_empty_text")
        case float() if math.isnan(value):
            return Finding("kind_nan")
        case float() if math.isinf(value):
            return Finding("kind_infinite_number")
        case int() | float():
            return Finding("kind_number")
        case dict():
            return Finding("kind_object")
        case list() | tuple():
            return Finding("kind_array")
        case _:
            return Finding("kind_other", type=type(value).__name__)


def _fault(error: ErrorDetails) -> Finding:
    """What is wrong, as the end of a sentence that starts with the field's path."""
    return _not_json(error["input"], error["ctx"]) if error["type"] == "json_invalid" else finding_of(error)


def finding_of(error: ErrorDetails) -> Finding:
    """What is wrong at a field; for those errors of pydantic's that definitions can have, too."""
    find = _FINDINGS.get(error["type"])
    if find is not None:
        return find(error["input"], error.get("ctx", {}))
    return Finding("not_valid", found=kind_of(error["input"]))


def _number_kind(value: object) -> Finding:
    """The kind of value found in place of a finite number. An integer is refused only if no double is that large."""
    too_large = isinstance(value, int) and not isinstance(value, bool)
    return Finding("kind_number_too_large") if too_large else kind_of(value)


def _one_of(value: object, context: dict[str, Any]) -> Finding:
    return Finding("must_be_one_of", known=_expected(context), found=_text_kind(value))


def _text_kind(value: object) -> Finding:
    """The kind of value found in place of one of several texts."""
    return Finding("kind_another_text") if isinstance(value, str) and value else kind_of(value)


def _least_entries(_value: object, context: dict[str, Any]) -> Finding:
    count = context["min_length"]
    return Finding("least_entry" if count == 1 else "least_entries", count=count)


def _most_entries(_value: object, context: dict[str, Any]) -> Finding:
    count = context["max_length"]
    return Finding("most_entry" if count == 1 else "most_entries", count=count)


def _expected(context: dict[str, Any]) -> str:
    listed = str(context.get("expected") or context.get("expected_tags", ""))
    return listed.replace("'", "").replace(" or ", ", ")


def _time(value: object, _context: object) -> Finding:
    if not isinstance(value, str):
        return Finding("must_be_time_as_text", found=kind_of(value))
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        found = Finding("kind_date_alone")
    elif re.fullmatch(r"[-+]?[0-9.]+", value):
        found = Finding("kind_number_as_text")
    elif re.fullmatch(r"[0-9-]+[Tt ][0-9:.]+", value):
        found = Finding("kind_time_without_zone")
    elif re.fullmatch(r"[0-9-]+[Tt ][0-9]{2}:[0-9]{2}:60.*", value):
        found = Finding("kind_leap_second")
    elif re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}.*", value):
        found = Finding("kind_impossible_time")
    else:
        found = Finding("kind_text_of_another_form" if value else "kind_empty_text")
    return Finding("must_be_time", found=found)


def _not_json(value: object, context: dict[str, Any]) -> Finding:
    raw = value if isinstance(value, bytes) else b""
    if not raw.strip():
        return Finding("empty_value")
    if (fault := encoding_fault(raw)) is not None:
        return fault
    found = str(context["error"])
    for beginning, meaning in _JSON_FAULTS.items():
        if found.startswith(beginning):
            found = found.replace(beginning, meaning)
    return Finding("not_json_in_utf_8", reason=found)


def form_in_words(pattern: str) -> str:
    """The form of a text for people, in English."""
    return IN_ENGLISH.sentence(form_of(pattern))


def form_of(pattern: str) -> Finding:
    """The form of a text for people: an example and its description, in place of a regular expression."""
    return FORMS.get(pattern, Finding("form_of_schema"))


FORMS = {
    r"^[0-9]{1,8}[smhdw]$": Finding("form_of_duration"),
    r"^[1-9][0-9]{0,4}[smhdw]$": Finding("form_of_duration"),
    r"^[1-9][0-9]{0,5}[smhdw]$": Finding("form_of_duration"),
    r"^([1-9]|[1-9][0-9]|1[01][0-9]|120)h$": Finding("form_of_hours"),
    r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$": Finding("form_of_time_of_day"),
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$": Finding("form_of_date"),
    r"^[0-9]+$": Finding("form_of_number"),
    r"^[A-Za-z0-9._-]*$": Finding("form_of_prefix"),
    r"^[a-zA-Z0-9._-]{1,100}$": Finding("form_of_id"),
    r"^[A-Za-z_][A-Za-z0-9_]*$": Finding("form_of_variable"),
    r"^[a-z_][a-z0-9_]{0,99}$": Finding("form_of_column"),
}
"""For every pattern of a definition, message or setting: what follows `of the form`."""


def encoding_fault(raw: bytes) -> Finding | None:
    """What a value is that is not JSON in UTF-8, by its first bytes; None if they do not show it."""
    if raw.startswith(b"\xef\xbb\xbf"):
        return Finding("byte_order_mark")
    if (name := wide_encoding(raw)) is not None:
        return Finding("wide_encoding", name=name)
    if raw.startswith(b"\0") and raw[FRAMING_LENGTH:].lstrip().startswith(b"{"):
        return Finding("framed_json")
    beginnings = (what for start, what in _BEGINNINGS.items() if raw.startswith(start) and len(raw) > FRAMING_LENGTH)
    named = next(beginnings, None)
    return None if named is None else Finding("not_json_but", found=named)


def unreadable_envelope(value: bytes, error: Exception) -> Finding:
    """Why a CloudEvents envelope cannot be read. `error`: what decoding it raised."""
    if (fault := encoding_fault(value)) is not None:
        return fault_of_value(fault)
    if isinstance(error, UnicodeDecodeError):
        return Finding("value_not_utf_8", byte=error.start)
    if isinstance(error, RecursionError):
        return Finding("envelope_nested_too_deeply")
    # msgspec's messages contain positions, names and types, never values.
    return Finding("no_envelope", reason=str(error))


def wide_encoding(raw: bytes) -> str | None:
    """UTF-16 or UTF-32 if a text is that, by its byte order mark or the zero bytes of its first characters."""
    if raw.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return "UTF-32"
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16"
    return _WIDE.get(tuple(at for at, byte in enumerate(raw[:8]) if byte == 0))


#: The framing of a Schema Registry: a zero byte and the schema's id (four bytes) before the JSON.
FRAMING_LENGTH = 5
_WIDE = {(1, 3, 5, 7): "UTF-16", (0, 2, 4, 6): "UTF-16", (1, 2, 3, 5, 6, 7): "UTF-32", (0, 1, 2, 4, 5, 6): "UTF-32"}
_BEGINNINGS = {
    b"\0": Finding("kind_framed"),
    b"\x03\0": Finding("kind_framed_by_glue"),
    b"\x1f\x8b": Finding("kind_compressed", name="gzip"),
    b"\x28\xb5\x2f\xfd": Finding("kind_compressed", name="zstd"),
    b"Obj\x01": Finding("kind_avro_file"),
    b"\xac\xed\0\x05": Finding("kind_java_object"),
    b"<": Finding("kind_xml"),
}


def wrong_key(key: bytes | None, id_field: str, message_id: str) -> BadMessage:
    """What is wrong with a key that should be an id in UTF-8, as a BadMessage."""
    fault = _key_fault(key, id_field, message_id)
    return BadMessage(Finding("wrong_key", fault=fault, field=id_field), id_field, BadMessageClass.WRONG_KEY)


def _key_fault(key: bytes | None, id_field: str, message_id: str) -> Finding:
    if not key:
        return Finding("no_key")
    if key.startswith(b"\0") and key[FRAMING_LENGTH:].strip(b'"') == message_id.encode():
        return Finding("key_framed", field=id_field)
    encoding = "utf-16-be" if key.startswith(b"\0") else "utf-16"
    if key.removeprefix(b"\xef\xbb\xbf") == message_id.encode():
        return Finding("key_with_byte_order_mark", field=id_field)
    try:
        found = json.loads(key)
    except (ValueError, RecursionError):
        found = None
    if found == message_id:
        return Finding("key_in_quotes", field=id_field)
    if isinstance(found, dict):
        return Finding("key_is_object")
    if key.decode(encoding, errors="replace") == message_id:
        return Finding("key_in_utf_16", field=id_field)
    return Finding("another_key", field=id_field)


_JSON_FAULTS = {
    "invalid unicode code point": "bytes that are not UTF-8",
    "unexpected end of hex escape": "an unpaired surrogate",
    "lone leading surrogate in hex escape": "an unpaired surrogate",
    "recursion limit exceeded": "nested too deeply",
    "number out of range": "a number with too many digits",
    "EOF while parsing": "it ends too early, while parsing",
}

_FINDINGS: dict[str, Callable[[Any, dict[str, Any]], Finding]] = {
    "missing": lambda _value, _context: Finding("missing"),
    "string_type": lambda value, _context: Finding("must_be_text", found=kind_of(value)),
    "string_too_short": lambda _value, _context: Finding("empty"),
    "string_unicode": lambda _value, _context: Finding("unpaired_surrogate"),
    "float_type": lambda value, _context: Finding("must_be_number", found=_number_kind(value)),
    "finite_number": lambda value, _context: Finding("must_be_finite", found=_number_kind(value)),
    "int_type": lambda value, _context: Finding("must_be_whole", found=kind_of(value)),
    "int_from_float": lambda _value, _context: Finding("must_be_whole", found=Finding("kind_fraction")),
    "greater_than_equal": lambda _value, context: Finding("must_be_at_least", least=context["ge"]),
    "bool_type": lambda value, _context: Finding("must_be_boolean", found=kind_of(value)),
    "literal_error": _one_of,
    "union_tag_invalid": lambda _value, context: Finding(
        "must_be_one_of", known=_expected(context), found=Finding("kind_another_text")
    ),
    "union_tag_not_found": lambda _value, _context: Finding("missing"),
    "dict_type": lambda value, _context: Finding("must_be_object", found=kind_of(value)),
    "rfc_3339": _time,
    "hours": lambda _value, _context: Finding("must_be_hours"),
    "day": lambda _value, _context: Finding("must_be_day"),
    "string_pattern_mismatch": lambda _value, context: Finding("must_be_of_form", form=form_of(context["pattern"])),
    "kind_of_step": lambda value, context: Finding(
        "must_be_one_of", known=context["kinds"], found=_text_kind(value.get(context["field"]))
    ),
    "too_short": _least_entries,
    "too_long": _most_entries,
    "value": lambda value, _context: Finding("must_be_value", found=_number_kind(value)),
    "attribute_value": lambda value, _context: Finding("must_be_attribute_value", found=_number_kind(value)),
}
