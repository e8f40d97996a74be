"""librdkafka's serialised consumer group metadata, built from what aiokafka knows of its membership.

The consumer that owns the partitions is aiokafka's, the transactional producer is librdkafka's. The producer fences a
former owner only if it gets the member's generation and id in librdkafka's own binary form
(`rd_kafka_consumer_group_metadata_write`).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import confluent_kafka

from lead_qualifier.engine.errors import IncompatibleGroupMetadata

_MAGIC = b"CGMDv2:"


@dataclass(frozen=True, slots=True)
class Membership:
    """Generation and member id of a consumer group, captured together when partitions are assigned."""

    group_id: str
    generation: int
    member_id: str
    group_instance_id: str | None = None

    @property
    def fences(self) -> bool:
        """True if the broker checks it: below generation 1, or without a member id, it would accept offsets from
        anyone.
        """
        return self.generation >= 1 and bool(self.member_id)

    def encode(self) -> bytes:
        """The bytes that `Producer.send_offsets_to_transaction` takes as group metadata."""
        instance = b"\x01" if self.group_instance_id is None else b"\x00" + self.group_instance_id.encode() + b"\x00"
        head = _MAGIC + struct.pack("<i", self.generation)
        return head + self.group_id.encode() + b"\x00" + self.member_id.encode() + b"\x00" + instance


def check_encoding() -> None:
    """Compare our encoder with librdkafka's for a consumer that joined no group.

    Raises IncompatibleGroupMetadata if they differ: no worker may run then, since nothing would fence its transactions.
    """
    consumer = confluent_kafka.Consumer(
        {"bootstrap.servers": "127.0.0.1:1", "group.id": "encoding-check", "log_level": 0}
    )
    try:
        theirs = consumer.consumer_group_metadata()
    finally:
        consumer.close()
    ours = Membership("encoding-check", -1, "").encode()
    if theirs != ours:
        raise IncompatibleGroupMetadata(
            f"librdkafka {confluent_kafka.libversion()[0]} writes consumer group metadata as {theirs!r}, "
            f"expected {ours!r}: "
            "install a confluent-kafka release within the range that this version requires"
        )
