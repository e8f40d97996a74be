"""Signatures by which a receiver knows that a webhook is ours, as Standard Webhooks has them.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64


class BadSecret(ValueError):
    """Not a secret to sign with; the message says what it should be, and nothing of what it is."""


def key_of(secret: str) -> bytes:
    """The key in a secret: base64 of 24 to 64 bytes, with or without `whsec_` before it. Raises BadSecret."""
    try:
        key = base64.b64decode(secret.strip().removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise BadSecret(f"must be {PREFIX} and base64 (make one: {MAKE})") from None
    if not _SHORTEST <= len(key) <= _LONGEST:
        raise BadSecret(f"must hold {_SHORTEST} to {_LONGEST} bytes, has {len(key)} (make one: {MAKE})")
    return key


MAKE = f'echo "{PREFIX}$(openssl rand -base64 32)"'
"""How to make a secret, on a shell."""


def signature(keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: one signature by each key, so that a receiver may know either of two secrets.

    `timestamp`: seconds since 1970. `message_id` must be what the header `webhook-id` says.
    """
    content = f"{message_id}.{timestamp}.".encode() + body
    return " ".join("v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode() for key in keys)
