from __future__ import annotations

import gzip
import re
import struct
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka.codec import lz4_encode, snappy_encode, zstd_encode
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from lead_qualifier.kafka.raw import RawRecords
from lead_qualifier.kafka.raw.batches import read_batches
from tests.support import raw_batches
from tests.support.raw_batches import GZIP, LZ4, SNAPPY, ZSTD, RawRecord, batch, record_body, sized, varint

GOOD = RawRecord(key=b"k", value=b"v", headers=[(b"kind", b"1"), (b"none", None)])
READ = (b"k", b"v", [("kind", b"1"), ("none", None)], None)
PARTITION = ("t", 0)
CODECS: dict[int, Callable[[bytes], bytes]] = {
    GZIP: gzip.compress,
    SNAPPY: snappy_encode,
    LZ4: lz4_encode,
    ZSTD: zstd_encode,
}


def read(data: bytes, start: int = 0) -> list[tuple[int, Any]]:
    """Offset of each record, and key, value, headers and why it cannot be read."""
    return [
        (r.offset, (r.key, r.value, list(r.headers), r.unreadable))
        for r in read_batches(PARTITION, data, start).records
    ]


@pytest.mark.parametrize("codec", [raw_batches.NONE, *CODECS])
def test_records_come_as_they_were_written(codec: int) -> None:
    data = batch(GOOD, GOOD, base_offset=7, compression=codec, compress=CODECS.get(codec, bytes))
    assert read(data + data[:30], 8) == [(8, READ)]
    assert read_batches(PARTITION, data, 8).end == 9


def test_a_header_name_that_is_not_utf8_keeps_its_bytes() -> None:
    bad = RawRecord(key=b"k", value=b"v", headers=[(b"x-\xff\xfe", b"1")])
    [(_, good), (_, (_, value, headers, reason))] = read(batch(GOOD, bad))
    assert good == READ
    assert (value, headers) == (b"v", [("x-\udcff\udcfe", b"1")])
    assert reason == "the name of a header is not UTF-8: x-\\xff\\xfe"


def unreadable(**form: Any) -> bytes:
    return batch(GOOD, GOOD, base_offset=3, **form)


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"checksum": 1}, "offsets 3 to 4 .*checksum"),
        ({"magic": 3}, "offsets 3 to 4 .*format 3"),
        ({"compression": 7}, "offsets 3 to 4 .*codec 7"),
        *(({"compression": codec, "compress": lambda _: b"garbage" * 9}, "offsets 3 to 4") for codec in CODECS),
        ({"compression": GZIP, "compress": lambda data: gzip.compress(data)[:-9]}, "cut off"),
    ],
    ids=["checksum", "format", "codec", *map(str, CODECS), "cut off"],
)
def test_an_unreadable_batch_is_one_record_with_its_bytes(form: dict[str, Any], says: str) -> None:
    content = unreadable(**form)
    found = read_batches(PARTITION, content + batch(GOOD, base_offset=5), 3)
    assert [(record.offset, record.value) for record in found.records] == [(3, content), (5, b"v")]
    assert found.end == 6
    assert re.search(says, found.records[0].unreadable or "")


def test_only_a_wrong_checksum_is_worth_another_try() -> None:
    assert read_batches(PARTITION, batch(GOOD, checksum=1), 0).damaged
    assert not read_batches(PARTITION, batch(GOOD, magic=3), 0).damaged


@pytest.mark.parametrize(
    "body",
    [
        b"\0" + varint(0) + varint(1) + sized(b"k") + sized(b"v") + varint(-1),
        b"\0" + varint(0) + varint(1) + sized(b"k") + sized(b"v") + varint(1) + varint(-1) + sized(b"x"),
        b"\0" + varint(0) + varint(1) + sized(b"k") + sized(b"v") + varint(1) + varint(50) + b"x",
        b"\0" + varint(0) + varint(1) + sized(b"k") + varint(50) + b"v",
        b"\0" + varint(0) + varint(1) + sized(b"k") + sized(b"v") + varint(0) + b"more",
        b"\0" + varint(0) + varint(0) + sized(b"k") + sized(b"v") + varint(0),
        b"\0" + varint(0) + varint(2**40) + sized(b"k") + sized(b"v") + varint(0),
        b"\xff" * 12,
        b"\0",
    ],
)
def test_an_unreadable_record_leaves_its_neighbours_readable(body: bytes) -> None:
    [first, (offset, (key, value, _, reason)), last] = read(batch(GOOD, RawRecord(body=body), GOOD))
    assert (first, last) == ((0, READ), (2, READ))
    assert (offset, key, value) == (1, None, body)
    assert reason


def test_after_a_record_without_end_the_rest_is_one_record() -> None:
    data = bytearray(batch(GOOD, GOOD, GOOD))
    at = len(data) - 2 * len(sized(record_body(GOOD, 0)))
    data[at : at + 1] = varint(63)
    data[17:21] = struct.pack(">I", calc_crc32c(data[21:]))
    found = read_batches(PARTITION, bytes(data), 0)
    assert [(record.offset, record.unreadable is None) for record in found.records] == [(0, True), (1, False)]
    assert found.records[1].value == bytes(data[at:])
    assert found.end == 3


def test_gzip_members_are_joined_and_trailing_bytes_ignored() -> None:
    behind = batch(GOOD, compression=GZIP, compress=lambda data: gzip.compress(data) + b"more")
    members = batch(GOOD, GOOD, compression=GZIP, compress=lambda d: gzip.compress(d[:5]) + gzip.compress(d[5:]))
    assert read(behind) == [(0, READ)]
    assert read(members) == [(0, READ), (1, READ)]


def test_aborted_transactions_and_markers_are_left_out() -> None:
    def of(producer: int, attributes: int, base: int) -> bytes:
        data = bytearray(batch(GOOD, base_offset=base, compression=attributes))
        data[43:51] = struct.pack(">q", producer)
        data[17:21] = struct.pack(">I", calc_crc32c(data[21:]))
        return bytes(data)

    records, marker = 0x10, 0x30
    data = b"".join(
        [of(1, records, 0), of(2, records, 1), of(1, marker, 2), of(1, records, 3), of(2, marker, 4), of(1, marker, 5)]
    )
    found: RawRecords = read_batches(PARTITION, data, 0, [(1, 0)])
    assert [record.offset for record in found.records] == [1, 3]
    assert found.end == 6


def test_old_formats_are_read() -> None:
    builder = LegacyRecordBatchBuilder(magic=1, compression_type=0, batch_size=1000)
    builder.append(4, timestamp=9, key=b"k", value=b"v")
    data = bytes(builder.build())
    [record] = read_batches(PARTITION, data, 4).records
    assert (record.offset, record.timestamp_ms, record.key, record.value) == (4, 9, b"k", b"v")
    [damaged] = read_batches(PARTITION, data[:-1] + b"x", 4).records
    assert damaged.unreadable
    assert damaged.value == data[:-1] + b"x"
    [short] = read_batches(PARTITION, data[:8] + struct.pack(">i", 10) + data[12:22], 4).records
    assert short.unreadable
