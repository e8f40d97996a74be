"""Decodes record batches byte by byte: every record, or why it cannot be read."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from aiokafka.record.legacy_records import LegacyRecordBatch
from aiokafka.record.util import calc_crc32c

from lead_qualifier.kafka.raw.decompression import ExpandsTooFar, gunzip, unlz4, unsnappy, unzstd
from lead_qualifier.kafka.records import PartitionId, Record, bad_header_name

#: Base offset, length; leader epoch, magic, checksum, attributes, last offset delta, first and latest timestamp,
#: producer id and epoch, first sequence number, number of records: https://kafka.apache.org/documentation/#recordbatch
_BATCH = struct.Struct(">qiibIhiqqqhii")
_LENGTH = struct.Struct(">qi")
_MAGIC_AT = 16
_CHECKSUM_FROM = 21
_CODEC, _APPEND_TIME, _TRANSACTIONAL, _CONTROL = 0x07, 0x08, 0x10, 0x20
_CODECS = {1: "gzip", 2: "snappy", 3: "lz4", 4: "zstd"}
#: No producer writes more records in a batch: a larger difference of offsets is damage.
_MOST_OFFSETS = 10_000_000


class RawRecords(NamedTuple):
    """What was read from a partition."""

    records: list[Record]
    """Of one that cannot be read, the value is the bytes of the whole record, or of the batch."""
    end: int
    """The offset to continue from."""
    damaged: bool = False
    """A checksum was wrong: reading again may give the bytes that were written."""


class _Batch(NamedTuple):
    """A batch's own fields, where it comes from, and its bytes."""

    partition: PartitionId
    base: int
    magic: int
    checksum: int
    attributes: int
    last: int
    first_timestamp: int
    latest_timestamp: int
    producer: int
    content: bytes


class _Malformed(Exception):
    """Bytes that are no record."""


def read_batches(
    partition: PartitionId, data: bytes, start: int, aborted: Sequence[tuple[int, int]] = ()
) -> RawRecords:
    """The records from offset `start` on in what a broker sent for a partition.

    `aborted`: producer id and first offset of the aborted transactions among them; their records are left out.
    """
    records: list[Record] = []
    end, damaged = start, False
    waiting = sorted(aborted, key=lambda transaction: transaction[1])
    dropped: set[int] = set()  # producers whose transaction is an aborted one
    for content in _split(data):
        if content[_MAGIC_AT] < 2:
            found, after = _legacy(partition, content, end)
        else:
            batch = _batch(partition, content)
            while waiting and waiting[0][1] <= batch.base:
                dropped.add(waiting.pop(0)[0])
            after = max(end, batch.last + 1)
            wrong = batch.magic == 2 and calc_crc32c(content[_CHECKSUM_FROM:]) != batch.checksum
            damaged = damaged or wrong
            if batch.attributes & _CONTROL and not wrong:
                dropped.discard(batch.producer)  # of one transaction at a time there is one end
                found = []
            elif batch.attributes & _TRANSACTIONAL and batch.producer in dropped:
                found = []
            elif wrong:
                found = [_whole(batch, end, "its checksum is wrong: it was damaged after it was written")]
            else:
                found = list(_records(batch, end))
        records += found
        end = after
    return RawRecords(records, end, damaged)


def _split(data: bytes) -> Iterator[bytes]:
    """The complete batches: a broker cuts off the last one where its answer is full."""
    at = 0
    while at + _LENGTH.size <= len(data):
        _, length = _LENGTH.unpack_from(data, at)
        end = at + _LENGTH.size + length
        if length <= _MAGIC_AT - _LENGTH.size or end > len(data):
            return
        yield data[at:end]
        at = end


def _batch(partition: PartitionId, content: bytes) -> _Batch:
    (base, _, _, magic, checksum, attributes, delta, first, latest, producer, _, _, _) = _BATCH.unpack_from(
        content.ljust(_BATCH.size, b"\0")
    )
    last = base + delta if 0 <= delta < _MOST_OFFSETS else base
    return _Batch(partition, base, magic, checksum, attributes, last, first, latest, producer, content)


def _whole(batch: _Batch, start: int, why: str) -> Record:
    """A record that stands for a batch that cannot be read at all."""
    offset = max(batch.base, start)
    reason = f"the batch of offsets {batch.base} to {batch.last} cannot be read: {why}"
    return Record(*batch.partition, offset, batch.latest_timestamp, None, batch.content, (), reason)


def _records(batch: _Batch, start: int) -> Iterator[Record]:
    if batch.magic != 2:
        yield _whole(batch, start, f"it is of format {batch.magic}, which is not known here")
        return
    try:
        payload = _decompress(batch)
    except ExpandsTooFar as error:
        yield _whole(batch, start, str(error))
        return
    except Exception as error:  # noqa: BLE001  each codec has errors of its own
        codec = batch.attributes & _CODEC
        why = f"what is said to be {_CODECS[codec]} is none" if codec in _CODECS else f"codec {codec} is not known here"
        yield _whole(batch, start, f"{why} ({error})" if codec in _CODECS else why)
        return
    at, expected = 0, batch.base
    while at < len(payload):
        try:
            length, begin = _varint(payload, at)
            if length <= 0 or begin + length > len(payload):
                raise _Malformed("its length is not that of a record")
        except _Malformed as error:  # where the next one begins is not known either
            if expected <= batch.last:
                reason = f"the records of offsets {expected} to {batch.last} cannot be read: {error}"
                offset = max(expected, start)
                yield Record(*batch.partition, offset, batch.latest_timestamp, None, payload[at:], (), reason)
            return
        at = begin + length
        body = payload[begin:at]
        try:
            record = _record(batch, body, expected)
        except _Malformed as error:
            reason = f"its bytes are no record: {error}"
            record = Record(*batch.partition, expected, batch.latest_timestamp, None, body, (), reason)
        if record.offset > batch.last:
            return
        expected = record.offset + 1
        if record.offset >= start:
            yield record


def _record(batch: _Batch, body: bytes, expected: int) -> Record:
    later, at = _varint(body, 1)  # behind its attributes, of which none are used
    delta, at = _varint(body, at)
    offset = batch.base + delta
    if not expected <= offset <= batch.last:
        raise _Malformed(f"it says that its offset is {offset}")
    key, at = _content(body, at)
    value, at = _content(body, at)
    count, at = _varint(body, at)
    if not 0 <= count <= len(body):
        raise _Malformed(f"it says that it has {count} headers")
    headers: list[tuple[str, bytes | None]] = []
    for _ in range(count):
        name, at = _content(body, at)
        if name is None:
            raise _Malformed("a header has no name")
        content, at = _content(body, at)
        headers.append((name.decode(errors="surrogateescape"), content))
    if at != len(body):
        raise _Malformed(f"{len(body) - at} bytes follow its end")
    timestamp = batch.latest_timestamp if batch.attributes & _APPEND_TIME else batch.first_timestamp + later
    return Record(*batch.partition, offset, timestamp, key, value, headers, bad_header_name(headers))


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """The number in zigzag encoding at a position, and the position behind it."""
    number = shift = 0
    while shift < 70:
        if at >= len(data):
            raise _Malformed("it ends in the middle of a number")
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (number >> 1) ^ -(number & 1), at
        shift += 7
    raise _Malformed("a number in it does not end")


def _content(data: bytes, at: int) -> tuple[bytes | None, int]:
    """Bytes behind their length; none where that is negative, as Java's client has it."""
    length, at = _varint(data, at)
    if length < 0:
        return None, at
    if at + length > len(data):
        raise _Malformed("it ends in the middle of its bytes")
    return data[at : at + length], at + length


def _decompress(batch: _Batch) -> bytes:
    payload = batch.content[_BATCH.size :]
    match batch.attributes & _CODEC:
        case 0:
            return payload
        case 1:
            return gunzip(payload)
        case 2:
            return unsnappy(payload)
        case 3:
            return unlz4(payload)
        case 4:
            return unzstd(payload)
    raise ValueError("unknown codec")


def _legacy(partition: PartitionId, content: bytes, start: int) -> tuple[list[Record], int]:
    """Of the formats before Kafka 0.11: the records, and the offset after them."""
    (base,) = struct.unpack_from(">q", content)  # that of the last one, if there are several
    after = max(start, base + 1)
    try:
        batch = LegacyRecordBatch(content, content[_MAGIC_AT])
        if not batch.validate_crc():
            raise ValueError("its checksum is wrong")
        found = [
            Record(*partition, record.offset, record.timestamp or 0, record.key, record.value, ())
            for record in batch
            if record.offset >= start
        ]
    except Exception as error:  # noqa: BLE001  as above
        reason = f"the batch that ends at offset {base} cannot be read: {error}"
        found = [Record(*partition, max(base, start), 0, None, content, (), reason)]
    return found, after
