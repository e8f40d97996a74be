"""Decompresses record batches from other programs up to a limit: a few kilobytes may expand to gigabytes."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterator

import cramjam
from aiokafka import codec
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.legacy_records import LegacyRecordBatch

#: What a batch may expand to (bytes). Producers fill batches up to a megabyte or so before they compress them.
MAX_BYTES = 128 * 1024 * 1024
#: What a byte of lz4 may expand to at most.
_LZ4_RATIO = 255
#: How snappy-java begins a stream: then come two numbers, and blocks behind their lengths.
_SNAPPY_MAGIC = b"\x82SNAPPY\0"
_SNAPPY_HEADER = 16
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_ZSTD_BLOCK = 128 * 1024


class ExpandsTooFar(ValueError):
    """A batch expands beyond the limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"it expands to more than {limit} bytes")


def bound_aiokafka() -> None:
    """Make aiokafka use these functions, since it has no limit of its own."""
    for batch in (DefaultRecordBatch, LegacyRecordBatch):
        module = sys.modules[batch.__module__]
        for name, decompress in (
            ("gzip_decode", gunzip),
            ("snappy_decode", unsnappy),
            ("lz4_decode", unlz4),
            ("zstd_decode", unzstd),
        ):
            if hasattr(module, name):
                setattr(module, name, decompress)


def gunzip(payload: bytes, limit: int = MAX_BYTES) -> bytes:
    """All members; other trailing bytes are ignored, as by Java's client. Raises ValueError, zlib.error."""
    found: list[bytes] = []
    room = limit
    while payload:
        member = zlib.decompressobj(wbits=31)
        try:
            part = member.decompress(payload, room + 1)
        except zlib.error:
            if found:
                break
            raise
        room -= len(part)
        if room < 0:
            raise ExpandsTooFar(limit)
        if not member.eof:
            raise ValueError("it is cut off")
        found.append(part)
        payload = member.unused_data
    return b"".join(found)


def unlz4(payload: bytes, limit: int = MAX_BYTES) -> bytes:
    """Raises ValueError if it is not an lz4 frame, or expands too far."""
    if len(payload) * _LZ4_RATIO <= limit:
        return bytes(codec.lz4_decode(payload))
    return _into(cramjam.lz4.decompress_into, payload, limit)


def unsnappy(payload: bytes, limit: int = MAX_BYTES) -> bytes:
    """Raises ValueError if it is not compressed with snappy, or expands too far."""
    found: list[bytes] = []
    room = limit
    for block in _snappy_blocks(payload):
        room -= _snappy_size(block)
        if room < 0:
            raise ExpandsTooFar(limit)
        found.append(bytes(cramjam.snappy.decompress_raw(block)))
    return b"".join(found)


def unzstd(payload: bytes, limit: int = MAX_BYTES) -> bytes:
    """Raises ValueError if it is not a zstd frame, or expands too far."""
    if _zstd_bound(payload, limit) <= limit:
        return bytes(codec.zstd_decode(payload))
    return _into(cramjam.zstd.decompress_into, payload, limit)


def _into(decompress: Callable[[bytes, bytearray], int], payload: bytes, limit: int) -> bytes:
    room = bytearray(limit)
    try:
        size = decompress(payload, room)
    except cramjam.DecompressionError as error:
        if "whole buffer" in str(error):
            raise ExpandsTooFar(limit) from None
        raise ValueError(str(error)) from None
    return bytes(memoryview(room)[:size])


def _snappy_blocks(payload: bytes) -> Iterator[bytes]:
    if bytes(payload[: len(_SNAPPY_MAGIC)]) != _SNAPPY_MAGIC or len(payload) <= _SNAPPY_HEADER:
        yield payload
        return
    at = _SNAPPY_HEADER
    while at < len(payload):
        begin = at + 4
        at = begin + int.from_bytes(payload[at:begin], "big", signed=True)
        if not begin < at <= len(payload):  # aiokafka's own reader might go back, and so never come to an end
            raise ValueError("the length of a block is not that of one")
        yield payload[begin:at]


def _snappy_size(block: bytes) -> int:
    """What a block says that it expands to, which is checked where it is decompressed."""
    size = shift = 0
    for byte in block[:5]:
        size |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
    return size


def _zstd_bound(payload: bytes, limit: int) -> int:
    """What it may expand to at most, as its blocks have it (RFC 8878); counted no further than just over the limit."""
    bound = at = 0
    while payload[at : at + 4] == _ZSTD_MAGIC:
        if at + 5 > len(payload):
            return bound
        descriptor = payload[at + 4]
        single = descriptor >> 5 & 1
        at += 5 + (1 - single) + (0, 1, 2, 4)[descriptor & 3] + ((single, 2, 4, 8)[descriptor >> 6])
        last = False
        while not last and at + 3 <= len(payload) and bound <= limit:
            header = int.from_bytes(payload[at : at + 3], "little")
            last, kind, size = bool(header & 1), header >> 1 & 3, header >> 3
            bound += _ZSTD_BLOCK if kind == 2 else size
            at += 3 + (1 if kind == 1 else size)
        if bound > limit:
            return bound
        at += 4 * (descriptor >> 2 & 1)
    # frames that may be skipped, or bytes that are none: the library says what it makes of them, at no great cost
    return bound if at >= len(payload) else limit + 1
