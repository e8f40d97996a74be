from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from aiokafka.partitioner import murmur2 as aiokafka_murmur2
from hypothesis import given
from hypothesis import strategies as st

from lead_qualifier.engine import Input
from lead_qualifier.engine import checkpoint as positions
from lead_qualifier.engine.checkpoint import Checkpoint, Sweep
from lead_qualifier.engine.errors import UnknownFormat
from lead_qualifier.engine.group_metadata import Membership, check_encoding
from lead_qualifier.engine.ownership import partition_assignment
from lead_qualifier.engine.partitioning import bucket_of, murmur2, partition_of
from tests.unit.engine.doubles import application


@given(st.binary(max_size=100))
def test_murmur2_is_that_of_java_s_client(data: bytes) -> None:
    assert murmur2(data) == aiokafka_murmur2(data) & 0xFFFFFFFF


@pytest.mark.parametrize(
    ("key", "hashed"),
    # org.apache.kafka.common.utils.UtilsTest.testMurmur2
    [("21", -973932308), ("foobar", -790332482), ("a-little-bit-long-string", -985981536), ("abc", 479470107)],
)
def test_murmur2_gives_the_values_of_kafka_s_own_test(key: str, hashed: int) -> None:
    assert murmur2(key.encode()) == hashed & 0xFFFFFFFF


def test_partitions_and_buckets_are_in_their_ranges() -> None:
    keys = [f"L-{n}".encode() for n in range(1000)]
    assert {partition_of(key, 8) for key in keys} == set(range(8))
    assert {bucket_of(key) for key in keys} <= set(range(256))


def test_our_group_metadata_is_what_librdkafka_writes() -> None:
    check_encoding()


def test_the_form_of_group_metadata() -> None:
    assert Membership("g", 5, "m").encode() == b"CGMDv2:\x05\x00\x00\x00g\x00m\x00\x01"
    assert Membership("g", 5, "m", "i").encode() == b"CGMDv2:\x05\x00\x00\x00g\x00m\x00\x00i\x00"


@pytest.mark.parametrize(
    ("generation", "member", "fences"), [(1, "m", True), (0, "m", False), (-1, "m", False), (3, "", False)]
)
def test_only_a_real_membership_fences(generation: int, member: str, fences: bool) -> None:
    assert Membership("g", generation, member).fences is fences


def test_a_position_survives_its_encoding() -> None:
    position = Checkpoint("app", {"in": 7}, revision=3, swept=2, sweep=Sweep(3, 40), clock=99)
    assert positions.decode(positions.encode(position)) == position


def test_a_position_of_a_newer_format_is_refused() -> None:
    with pytest.raises(UnknownFormat, match="run the version that wrote it"):
        positions.decode(b'{"application": "a", "next": {}, "format": 99}')


def test_no_lead_id_can_be_the_position_s_key() -> None:
    with pytest.raises(UnicodeDecodeError):
        positions.CHECKPOINT_KEY.decode()


@pytest.mark.parametrize("value", [b'{"application": 1}', b'{"application": "\xff"}', b'{"x": ' + b"[" * 9_000])
def test_what_is_no_position_is_not_read_as_one(value: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        positions.decode(value)


def test_a_partition_is_ours_only_with_all_its_topics() -> None:
    both = replace(application(), inputs=(Input("in"), Input("in-b")))
    held = [("in", 0), ("in-b", 0), ("in", 1), ("other", 2)]
    given = partition_assignment(Membership("g", 1, "m"), held, [both])
    assert given.numbers == {("app", 0)}
    assert given.partial == {("app", 1)}
