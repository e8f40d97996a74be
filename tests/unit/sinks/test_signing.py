"""Signatures: as the published example has them, and as a receiver checks them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_qualifier.sinks.errors import BadSecret
from lead_qualifier.sinks.signing import key_of, signature

EXAMPLE = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def test_the_example_of_standard_webhooks_is_signed_as_published() -> None:
    signed = signature([key_of(EXAMPLE)], "msg_p5jXN8AQM9LWM0D4loKWxJek", at(1614265330), b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_may_stand_without_its_prefix() -> None:
    assert key_of(EXAMPLE.removeprefix("whsec_")) == key_of(f" {EXAMPLE}\n")


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", "whsec_äöü", "not base64!", "whsec_c2hvcnQ=", "whsec_" + base64.b64encode(b"x" * 65).decode()],
)
def test_what_is_no_secret_is_refused_without_showing_it(secret: str) -> None:
    with pytest.raises(BadSecret) as refusal:
        key_of(secret)
    assert "whsec_" in str(refusal.value)
    if len(secret) > 6:
        assert secret not in str(refusal.value)


@given(
    keys=st.lists(st.binary(min_size=24, max_size=64), min_size=1, max_size=2, unique=True),
    timestamp=st.integers(0, 2**33),
    body=st.text(max_size=200).map(_bytes),
)
def test_a_receiver_that_knows_either_secret_finds_its_signature(
    keys: list[bytes], timestamp: int, body: bytes
) -> None:
    signed = signature(keys, "event-1", at(timestamp), body).split(" ")
    for key in keys:
        digest = hmac.new(key, b"event-1.%d.%b" % (timestamp, body), hashlib.sha256).digest()
        assert "v1," + base64.b64encode(digest).decode() in signed


@given(
    body=st.text(max_size=50).map(_bytes),
    other=st.text(max_size=50).map(_bytes),
    key=st.binary(min_size=24, max_size=24),
)
def test_another_body_has_another_signature(body: bytes, other: bytes, key: bytes) -> None:
    assert (signature([key], "e", at(1), body) == signature([key], "e", at(1), other)) == (body == other)
