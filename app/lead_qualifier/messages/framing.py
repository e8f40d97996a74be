"""The framing of a Schema Registry: a zero byte and the schema's id (four bytes) before a value's JSON."""

from __future__ import annotations

from lead_qualifier.messages.errors import BadMessage

_LENGTH = 5


def unframed(value: bytes) -> bytes:
    """The JSON after the framing, or the value itself if it has none. Raises BadMessage if no JSON object follows."""
    if not value.startswith(b"\0"):  # no JSON does
        return value
    content = value[_LENGTH:]
    if not content.lstrip().startswith(b"{"):
        raise BadMessage(
            "the value has the framing of a Schema Registry but no JSON object after it: Avro and Protobuf are not "
            "supported, send JSON"
        )
    return content
