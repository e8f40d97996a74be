"""Signatures by which a receiver knows that a webhook is ours, as Standard Webhooks has them.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime

from standardwebhooks import Webhook

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


def signature(keys: Sequence[bytes], message_id: str, time: datetime, body: bytes) -> str:
    """The header `webhook-signature`: one signature by each key, so that a receiver may know either of two secrets.

    `message_id` and `time` (in whole seconds) must be what the headers `webhook-id` and `webhook-timestamp` say.
    """
    return " ".join(Webhook(key).sign(message_id, time, body.decode()) for key in keys)
