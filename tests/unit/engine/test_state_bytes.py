"""The size of a partition's state is kept with each commit, and is what measuring it finds."""

from __future__ import annotations

from lead_qualifier.engine.partition import Partition
from tests.unit.engine.doubles import application


def test_the_size_follows_what_is_committed() -> None:
    partition = Partition(application(), 0, store={b"aa": b"12345", b"b": b"1"})
    partition.measure()
    assert partition.state_bytes == 9
    partition.apply(
        [
            {"key": b"aa", "value": b"123"},
            {"key": b"b", "value": None},
            {"key": b"new", "value": b"1234"},
            {"key": b"unknown", "value": None},
            {"key": b"new", "value": b"12"},
        ]
    )
    assert partition.state_bytes == 2 + 3 + 3 + 2
    partition.measure()
    assert partition.state_bytes == 10


def test_the_progress_of_a_restoration_runs_from_0_to_1() -> None:
    def progress(restored_to: int | None, restoration: tuple[int, int] | None = (100, 300)) -> float | None:
        return Partition(application(), 0, restored_to=restored_to, restoration=restoration).restoration_progress

    assert progress(None, None) is None
    assert [progress(at) for at in (None, 100, 150, 301)] == [0, 0, 0.25, 1]
