"""Reading what a service stores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from lead_qualifier.client.stored_state import read_state
from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.kafka.records import PartitionId, Record


class StoredReader:
    """A changelog's records, as a reader."""

    def __init__(self, *records: Record) -> None:
        self._records = records

    def read(self, _partitions: Sequence[PartitionId]) -> Iterator[Record]:
        return iter(self._records)


def test_a_checkpoint_without_a_value_is_none() -> None:
    reader = StoredReader(
        Record("lead-state", 0, 0, 0, b"L1", b"{}", ()), Record("lead-state", 0, 1, 0, CHECKPOINT_KEY, None, ())
    )
    state = read_state(cast(TopicReader, reader), [("lead-state", 0)])
    assert (state.values, state.checkpoints) == ({b"L1": b"{}"}, {})
