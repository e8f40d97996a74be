"""Reads what aiokafka has fetched as lean records, up to the first bytes that it cannot decode."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Any, cast

from aiokafka.consumer.fetcher import FetchResult
from aiokafka.structs import ConsumerRecord
from aiokafka.structs import TopicPartition as AioTopicPartition

from lead_qualifier.kafka.records import Record

#: Of one topic partition, in one batch; what is compressed may expand to a multiple of what was fetched.
_MAX_BYTES = 2 * 1024 * 1024
#: Records drained between two checks of their size.
_AT_ONCE = 256

Undecoded = dict[AioTopicPartition, Exception]
"""Why aiokafka cannot decode the record at a partition's position."""


class Drained(list[Any]):
    """Records, with their size in bytes and that of the largest."""

    __slots__ = ("bytes", "largest")

    def __init__(self) -> None:
        super().__init__()
        self.bytes = self.largest = 0

    def take(self, records: Iterator[Any], limit: int) -> bool:
        """Take this many more; True if there were as many."""
        more = list(islice(records, limit))
        sizes = [len(record.value or b"") + len(record.key or b"") for record in more]
        self += more
        self.bytes += sum(sizes)
        self.largest = max(self.largest, *sizes, 0)
        return len(more) == limit


class _UntilUndecoded:
    """aiokafka's records of one fetch and topic partition, up to what it cannot decode."""

    def __init__(self, records: Any, tp: AioTopicPartition, undecoded: Undecoded) -> None:
        """`undecoded` receives the error, if there is one."""
        self._theirs = records
        self._tp = tp
        self._undecoded = undecoded
        self._iterator = self._read()

    @property
    def next_fetch_offset(self) -> int:
        """Where to go on; FetchResult makes it the position."""
        return cast(int, self._theirs.next_fetch_offset)

    def read_lean(self) -> None:
        """Make lean records from now on."""
        self._theirs._consumer_record = _lean

    def __iter__(self) -> Iterator[Any]:
        return self._iterator

    def _read(self) -> Iterator[Any]:
        try:
            yield from self._theirs._records_iterator
        except Exception as error:  # noqa: BLE001  codecs and decoders have errors of many kinds
            self._undecoded[self._tp] = error


def guard(result: Any, tp: AioTopicPartition, undecoded: Undecoded, *, lean: bool) -> None:
    """Let one fetch of a topic partition end before what cannot be decoded. `lean`: and give lean records.

    Raised out of the fetcher an error would say neither where it occurred nor what was drained before.
    """
    if type(result) is not FetchResult:
        return
    if type(result._partition_records) not in {_UntilUndecoded, type(None)}:
        result._partition_records = _UntilUndecoded(result._partition_records, tp, undecoded)
        result.getall = partial(_drain, result)
    if lean and result.has_more():
        result._partition_records.read_lean()


def _drain(result: Any, max_records: int) -> list[Any]:
    """As `FetchResult.getall`, but not many bytes at once: what a batch expands to would all be in memory."""
    drained = Drained()
    if not result.check_assignment(result._topic_partition) or not result.has_more():
        return drained
    records = iter(result._partition_records)
    more = True
    while more and drained.bytes < _MAX_BYTES and (room := max_records - len(drained)) > 0:
        more = drained.take(records, min(_AT_ONCE, room))
    result._update_position()
    if not more:
        result._partition_records = None
    return drained


def _lean(tp: AioTopicPartition, record: Any) -> Record:
    return Record(
        tp.topic, tp.partition, record.offset, record.timestamp, record.key, record.value, record.headers or ()
    )


def as_fetched(raw: Record) -> ConsumerRecord:
    """A record that was decoded by bytes, as Faust takes it."""
    size = len(raw.key or b""), len(raw.value or b"")
    return ConsumerRecord(
        raw.topic, raw.partition, raw.offset, raw.timestamp_ms, 0, raw.key, raw.value, None, *size, tuple(raw.headers)
    )
