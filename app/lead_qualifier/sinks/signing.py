"""Signatures that prove to a receiver that we sent a webhook, as Standard Webhooks specifies them.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime

from standardwebhooks import Webhook

from lead_qualifier.sinks.errors import BadSecret

PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64


def key_of(secret: str) -> bytes:
    """The key in a secret: base64 of 24 to 64 bytes, optionally after `whsec_`. Raises BadSecret."""
    try:
        key = base64.b64decode(secret.strip().removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise BadSecret(f"must be {PREFIX} and base64 (make one: {MAKE})") from None
    if not _SHORTEST <= len(key) <= _LONGEST:
        raise BadSecret(f"must hold {_SHORTEST} to {_LONGEST} bytes, has {len(key)} (make one: {MAKE})")
    return key


MAKE = f'echo "{PREFIX}$(openssl rand -base64 32)"'
"""How to make a secret in a shell."""


def signature(keys: Sequence[bytes], message_id: str, time: datetime, body: bytes) -> str:
    """The header `webhook-signature`: one signature per key, so that a receiver may know either of two secrets.

    `message_id` and `time` (UTC, in whole seconds) must match the headers `webhook-id` and `webhook-timestamp`.
    """
    return " ".join(Webhook(key).sign(message_id, time, body.decode()) for key in keys)
