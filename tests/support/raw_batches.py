"""Record batches made by hand and sent as they are: what no client library writes, and brokers take.

Format v2 as the protocol describes it (KIP-98): https://kafka.apache.org/documentation/#recordbatch.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from aiokafka.record.util import calc_crc32c
from confluent_kafka.admin import AdminClient

#: A header's name, as bytes of any kind, and its value.
RawHeader = tuple[bytes, bytes | None]

#: By what batch attributes call a compression.
NONE, GZIP, SNAPPY, LZ4, ZSTD = range(5)

#: Headers of records that were sent, by topic and value: whoever reads them back cannot ask a client library.
SENT_HEADERS: dict[tuple[str, bytes], tuple[tuple[str, bytes | None], ...]] = {}

_BATCH = struct.Struct(">qiibIhiqqqhii")
_AFTER_LENGTH = 12
_ATTRIBUTES = 21  # where they begin; the checksum is over these and all that follows

_SECONDS = 10.0
#: Errors by which a partition says that it is new, or moves: none is known, no leader, another leader.
_MOVING = frozenset({3, 5, 6})


class Refused(Exception):
    """The broker did not take the batch."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the broker refused the batch with error code {code}")
        self.code = code


@dataclass(frozen=True, kw_only=True)
class RawRecord:
    """A record of a batch. `body` replaces what follows its length, if it is to be wrong."""

    key: bytes | None = None
    value: bytes | None = None
    headers: Sequence[RawHeader] = ()
    timestamp_delta: int = 0
    body: bytes | None = None


def varint(number: int) -> bytes:
    """A number in zigzag encoding with variable length."""
    number = (number << 1) ^ (number >> 63)
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def sized(content: bytes | None) -> bytes:
    """Bytes behind their length, as records have them."""
    return varint(-1) if content is None else varint(len(content)) + content


def record_body(record: RawRecord, offset_delta: int) -> bytes:
    """What follows a record's length."""
    headers = b"".join(sized(name) + sized(value) for name, value in record.headers)
    times = varint(record.timestamp_delta) + varint(offset_delta)
    return b"\0" + times + sized(record.key) + sized(record.value) + varint(len(record.headers)) + headers


def batch(
    *records: RawRecord,
    compression: int = NONE,
    compress: Callable[[bytes], bytes] = bytes,
    magic: int = 2,
    base_offset: int = 0,
    first_timestamp: int | None = None,
    max_timestamp: int | None = None,
    last_offset_delta: int | None = None,
    checksum: int | None = None,
) -> bytes:
    """A batch of these records. `compress` makes of them what is said to be compressed by `compression`."""
    now = int(time.time() * 1000)
    first = now if first_timestamp is None else first_timestamp
    latest = max((first + record.timestamp_delta for record in records), default=first)
    bodies = (record.body or record_body(record, number) for number, record in enumerate(records))
    payload = compress(b"".join(sized(body) for body in bodies))
    head = _BATCH.pack(
        base_offset,
        _BATCH.size - _AFTER_LENGTH + len(payload),
        -1,
        magic,
        0,
        compression,
        len(records) - 1 if last_offset_delta is None else last_offset_delta,
        first,
        max(latest, now) if max_timestamp is None else max_timestamp,
        -1,
        -1,
        -1,
        len(records),
    )
    covered = head[_ATTRIBUTES:] + payload
    crc = calc_crc32c(covered) if checksum is None else checksum
    return head[: _ATTRIBUTES - 4] + struct.pack(">I", crc) + covered


class RawProducer:
    """Sends batches as they are to a broker without security."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._admin = AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 0})

    def send(self, topic: str, partition: int, records: bytes) -> int:
        """Send a batch to the partition's leader; returns the offset of its first record. Raises Refused, OSError."""
        deadline = time.monotonic() + _SECONDS
        while True:
            code, offset = self._attempt(topic, partition, records)
            if not code:
                return offset
            if code not in _MOVING or time.monotonic() > deadline:
                raise Refused(code)
            time.sleep(0.05)

    def _attempt(self, topic: str, partition: int, records: bytes) -> tuple[int, int]:
        with socket.create_connection(self._leader(topic, partition), timeout=10) as connection:
            connection.sendall(_request(topic, partition, records))
            with connection.makefile("rb") as stream:
                (length,) = struct.unpack(">i", _whole(stream, 4))
                answer = _whole(stream, length)
        # correlation, one topic and its name, one partition and its number, then error and offset
        code, offset = struct.unpack_from(">hq", answer, 4 + 4 + 2 + len(topic) + 4 + 4)
        return int(code), int(offset)

    def _leader(self, topic: str, partition: int) -> tuple[str, int]:
        """Host and port. A topic that was created just now has no leader for a moment."""
        deadline = time.monotonic() + _SECONDS
        while True:
            metadata = self._admin.list_topics(topic, timeout=10)
            found = metadata.topics[topic].partitions.get(partition)
            if found is not None and (leader := metadata.brokers.get(found.leader)) is not None:
                return str(leader.host), int(leader.port or 0)
            assert time.monotonic() < deadline, f"{topic}-{partition} has no leader"
            time.sleep(0.05)


def _whole(stream: BinaryIO, length: int) -> bytes:
    """So many bytes. Raises ConnectionError if the broker went away before."""
    found = stream.read(length)
    if len(found) < length:
        raise ConnectionError("the broker closed the connection before it answered")
    return found


def _request(topic: str, partition: int, records: bytes) -> bytes:
    """A Produce request, version 7, that waits for all replicas."""
    header = struct.pack(">hhih", 0, 7, 1, -1)
    target = struct.pack(">ih", 1, len(topic)) + topic.encode() + struct.pack(">ii", 1, partition)
    request = header + struct.pack(">hhi", -1, -1, 10_000) + target + struct.pack(">i", len(records)) + records
    return struct.pack(">i", len(request)) + request
