"""What strangers compressed is read up to a bound, whatever a few bytes stand for."""

from __future__ import annotations

import gzip
import os
import struct
import zlib
from collections.abc import Callable
from typing import Any

import cramjam
import pytest
from aiokafka.codec import snappy_encode

from lead_qualifier.kafka.raw.decompression import ExpandsTooFar, gunzip, unlz4, unsnappy, unzstd

LIMIT = 1_000_000
SNAPPY_HEADER = b"\x82SNAPPY\0" + struct.pack(">ii", 1, 1)
CODECS: dict[str, tuple[Callable[[bytes], Any], Callable[[bytes, int], bytes]]] = {
    "gzip": (gzip.compress, gunzip),
    "lz4": (cramjam.lz4.compress, unlz4),
    "snappy": (cramjam.snappy.compress_raw, unsnappy),
    "zstd": (cramjam.zstd.compress, unzstd),
}


@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize("content", [b"", b"x", os.urandom(20_000), b"lead" * 5_000, os.urandom(3) * 8_000])
def test_what_fits_is_read_as_it_was_written(name: str, content: bytes) -> None:
    compress, decompress = CODECS[name]
    assert decompress(bytes(compress(content)), LIMIT) == content


@pytest.mark.parametrize("name", CODECS)
def test_what_expands_too_far_is_refused(name: str) -> None:
    compress, decompress = CODECS[name]
    with pytest.raises(ExpandsTooFar, match="more than 1000000 bytes"):
        decompress(bytes(compress(b"x" * (LIMIT + 1))), LIMIT)


@pytest.mark.parametrize("name", CODECS)
def test_the_bound_itself_still_fits(name: str) -> None:
    compress, decompress = CODECS[name]
    content = os.urandom(LIMIT)
    assert decompress(bytes(compress(content)), LIMIT) == content


@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize(
    "damage", [b"\x28\xb5\x2f\xfd", b"\x28\xb5\x2f\xfd\xff\xff", b"nothing of the kind", b"\x1f\x8b"]
)
def test_what_is_no_such_thing_is_an_ordinary_error(name: str, damage: bytes) -> None:
    with pytest.raises((ValueError, EOFError, zlib.error, cramjam.DecompressionError)):
        CODECS[name][1](damage, LIMIT)


def in_blocks(*contents: bytes) -> bytes:
    """As Java's client and aiokafka write snappy."""
    blocks = [bytes(cramjam.snappy.compress_raw(content)) for content in contents]
    return SNAPPY_HEADER + b"".join(struct.pack(">i", len(block)) + block for block in blocks)


def test_snappy_in_blocks_is_read_up_to_the_bound_of_all_together() -> None:
    content = os.urandom(LIMIT)
    assert unsnappy(snappy_encode(content), LIMIT) == content
    assert unsnappy(in_blocks(b"x" * (LIMIT - 1), b"", b"x"), LIMIT) == b"x" * LIMIT
    with pytest.raises(ExpandsTooFar):
        unsnappy(in_blocks(b"x" * LIMIT, b"x"), LIMIT)


@pytest.mark.parametrize("length", [0, -4, -8, -30, -(2**31), 2**31 - 1])
def test_a_block_of_snappy_ends_after_it_begins(length: int) -> None:
    with pytest.raises(ValueError, match="length of a block"):
        unsnappy(in_blocks(b"a" * 100) + struct.pack(">i", length) + b"\0" * 20, LIMIT)


def test_snappy_that_says_to_be_large_takes_no_memory() -> None:
    with pytest.raises(ExpandsTooFar):
        unsnappy(b"\xff\xff\xff\xff\x0f\0a", LIMIT)
