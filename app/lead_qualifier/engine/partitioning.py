"""How partitions are named, which partition a key belongs to, and which sweep bucket."""

from __future__ import annotations

import struct
import zlib

BUCKETS = 256

TopicPartition = tuple[str, int]
"""A topic and the number of one of its partitions."""

AppPartition = tuple[str, int]
"""The name of an application and the number of one of its partitions."""

_M = 0x5BD1E995
_MASK = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """MurmurHash2 as Java's Kafka client computes it, unsigned 32 bits (org.apache.kafka.common.utils.Utils.murmur2).

    aiokafka has the same in pure Python, byte by byte; this one reads words, since it runs for every key seen first.
    """
    length = len(data)
    whole = length & ~3
    h = 0x9747B28C ^ length
    for k in struct.unpack_from(f"<{whole >> 2}I", data):
        k = k * _M & _MASK  # noqa: PLW2901  the algorithm's own names
        k ^= k >> 24  # noqa: PLW2901
        h = (h * _M & _MASK) ^ (k * _M & _MASK)
    if length != whole:
        h = (h ^ int.from_bytes(data[whole:], "little")) * _M & _MASK
    h = (h ^ h >> 13) * _M & _MASK
    return h ^ h >> 15


def partition_of(key: bytes, partitions: int) -> int:
    """The partition that Java's default partitioner (and `murmur2_random` of librdkafka) gives to a key."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def bucket_of(key: bytes) -> int:
    """Sweep bucket 0..255: stable over processes and versions, unlike dict order or `hash`."""
    return zlib.crc32(key) & (BUCKETS - 1)
