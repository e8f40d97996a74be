"""How the messages of each public input are checked: by the decoders of the services that read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

import msgspec

from lead_qualifier.messages import topics
from lead_qualifier.messages.assignment import decode_seller_changed
from lead_qualifier.messages.decode import (
    ErasedLead,
    decode_lead_changed,
    decode_lead_merged,
    decode_sales_response,
    decode_score,
    decode_scoring_model_changed,
)
from lead_qualifier.messages.decode_downstream import decode_activity_completed, decode_sequence_connection
from lead_qualifier.messages.topics import Topic

Check = Callable[[bytes, bytes], datetime]
"""Checks a record's key and value, and returns when it occurred. Raises BadMessage."""

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_text = msgspec.json.Decoder(str)


def key_field(topic: Topic) -> str:
    """The field whose value is the record's key."""
    return topic.key.partition(" ")[0]


def key_in(topic: Topic, value: bytes) -> bytes:
    """The key of a record with this value; empty if the value has none, which the topic's check reports."""
    try:
        return _text.decode(_members.decode(value)[key_field(topic)]).encode()
    except (msgspec.DecodeError, KeyError, ValueError, RecursionError):
        return b""


def _lead_changed(key: bytes, value: bytes) -> datetime:
    message = decode_lead_changed(key, value)
    assert not isinstance(message, ErasedLead)  # it has a value
    return message.change.occurred_at


def _seller_changed(key: bytes, value: bytes) -> datetime:
    message = decode_seller_changed(key, value)
    assert not isinstance(message, str)  # it has a value
    return message["occurred_at"]


CHECKS: Mapping[Topic, Check] = MappingProxyType(
    {
        topics.LEAD_SCORE_CHANGED: lambda key, value: decode_score(key, value).occurred_at,
        topics.LEAD_CHANGED: _lead_changed,
        topics.LEAD_MERGED: lambda key, value: decode_lead_merged(key, value)["occurred_at"],
        topics.LEAD_SALES_RESPONSE: lambda key, value: decode_sales_response(key, value)["occurred_at"],
        topics.SCORING_MODEL_CHANGED: lambda key, value: decode_scoring_model_changed(key, value)["occurred_at"],
        topics.SELLER_CHANGED: _seller_changed,
        topics.SEQUENCE_CONNECTIONS: lambda key, value: decode_sequence_connection(key, value)["occurred_at"],
        topics.ACTIVITY_COMPLETED: lambda key, value: decode_activity_completed(key, value)["occurred_at"],
    }
)
"""The check of each public input."""
