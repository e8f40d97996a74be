"""The framing of a Schema Registry: a zero byte and the schema's id, four bytes, before the JSON of a value."""

from __future__ import annotations

from lead_qualifier.messages.reasons import BadMessage

_LENGTH = 5


def unframed(value: bytes) -> bytes:
    """The JSON behind the framing, or the value as it is. Raises BadMessage for framing without a JSON object."""
    if not value.startswith(b"\0"):  # which no JSON does
        return value
    content = value[_LENGTH:]
    if not content.lstrip().startswith(b"{"):
        raise BadMessage(
            "the value has the framing of a Schema Registry, and no JSON object behind it: Avro and Protobuf are not "
            "read, send JSON"
        )
    return content
