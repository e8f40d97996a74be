"""Records as they are read and written: their parts, their size on the wire, and dead letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import quote_from_bytes

import msgspec

Headers = Sequence[tuple[str, bytes | None]]

PartitionId = tuple[str, int]
"""A topic, by its full name, and the number of one of its partitions."""

#: What Kafka's record framing adds at most to key, value and headers (offsets, lengths, batch header), with room to
#: spare.
FRAMING_BYTES = 512
_HEADER_FRAMING_BYTES = 16

#: In a dead letter, the prefix of a header name that not every client can read; the name's bytes follow in percent
#: encoding.
ESCAPED_HEADER = "dl_header_"


class Record(msgspec.Struct, frozen=True, gc=False):
    """A record that was read. aiokafka's own costs more to make than most records cost to process."""

    topic: str
    """As the broker names it."""
    partition: int
    offset: int
    timestamp_ms: int
    """Milliseconds since 1970 UTC, as the producer or the broker set them: any 64-bit number, 0 if there is none."""
    key: bytes | None
    value: bytes | None
    headers: Headers
    """Names that are not UTF-8 hold their bytes as surrogates."""
    unreadable: str | None = None
    """Why nobody can handle it; then `value` may have the bytes of the whole record, or of its batch."""


RecordId = tuple[str, int, int]
"""Topic, partition and offset of a record."""


def record_id(record: Record) -> RecordId:
    """Where the record is."""
    return (record.topic, record.partition, record.offset)


def size_of(record: Record) -> int:
    """Bytes of a record's key and value."""
    return len(record.value or b"") + len(record.key or b"")


Change = dict[str, Any]
"""A changelog record in the form that confluent-kafka's `produce_batch` takes: `key` bytes, `value` bytes or None."""


class Output(NamedTuple):
    """A record to produce; a None value is a tombstone."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers


def bad_header_name(headers: Headers) -> str | None:
    """Why a record with these headers cannot be handled, if a name is not UTF-8: then it has surrogates in it."""
    for name, _ in headers:
        if not name.isascii() and not _is_text(name):
            shown = name.encode(errors="surrogateescape").decode(errors="backslashreplace")
            return f"the name of a header is not UTF-8: {shown[:100]}"
    return None


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def portable_name(name: str) -> str:
    """A header's name, or where not every client can read it (not UTF-8, or with a NUL) its escaped form."""
    if "\0" not in name and (name.isascii() or _is_text(name)):
        return name
    return ESCAPED_HEADER + quote_from_bytes(name.encode(errors="surrogateescape"), safe="")


def record_bytes(key: bytes | None, value: bytes | None, headers: Headers) -> int:
    """Upper bound of a record's size on the wire."""
    size = FRAMING_BYTES + len(key or b"") + len(value or b"")
    for name, content in headers:
        size += _HEADER_FRAMING_BYTES + len(name) * 4 + len(content or b"")
    return size


def dead_letter(topic: str, record: Record, reason: str, limit: int | None) -> Output:
    """The record as it came, plus dl_topic, dl_partition, dl_offset and dl_reason; cut, and saying so, if it is too
    large. A header whose name not every client can read keeps its place and content under an escaped name.
    """
    original: list[tuple[str, bytes | None]] = [(portable_name(name), content) for name, content in record.headers]

    def origin(why: str) -> list[tuple[str, bytes | None]]:
        return [
            ("dl_topic", record.topic.encode()),
            ("dl_partition", str(record.partition).encode()),
            ("dl_offset", str(record.offset).encode()),
            ("dl_reason", why.encode()),
        ]

    headers = original + origin(reason)
    size = record_bytes(record.key, record.value, headers)
    if limit is None or size <= limit:
        return Output(topic, record.key, record.value, headers)
    note = (
        f"{reason} (cut to fit: it had {len(original)} headers, "
        f"{len(record.key or b'')} bytes of key and {len(record.value or b'')} of value)"
    )
    headers = origin(note)
    room = limit - record_bytes(None, None, headers)
    key = None if record.key is None else record.key[: max(0, room // 2)]
    value = None if record.value is None else record.value[: max(0, room - len(key or b""))]
    return Output(topic, key, value, headers)
