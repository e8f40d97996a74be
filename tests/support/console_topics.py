"""What a broker says of the topics that the console projects, without one."""

from __future__ import annotations

from collections.abc import Collection

from lead_qualifier.kafka.records import PartitionId
from tests.support.console_records import QUALIFIED, RULES, STATE

PARTITIONS: list[PartitionId] = [(STATE, 0), (RULES, 0), (QUALIFIED, 0)]


class FakeAdmin:
    """Answers what the follower asks. Change its fields to move the topics."""

    def __init__(self, end: int = 0) -> None:
        self.firsts = dict.fromkeys(PARTITIONS, 0)
        self.last = dict.fromkeys(PARTITIONS, end)
        self.times: dict[PartitionId, int] = {}
        self.ids: dict[str, str] = {}

    def first(self, partitions: Collection[PartitionId]) -> dict[PartitionId, int]:
        return {one: offset for one, offset in self.firsts.items() if one in partitions}

    def first_times(self, partitions: Collection[PartitionId]) -> dict[PartitionId, int]:
        return {one: time_ms for one, time_ms in self.times.items() if one in partitions}

    def ends(self, partitions: Collection[PartitionId]) -> dict[PartitionId, int]:
        return {one: offset for one, offset in self.last.items() if one in partitions}

    def topic_ids(self, _: object) -> dict[str, str]:
        return dict(self.ids)

    def topic_configs(self, _: object) -> dict[str, dict[str, str]]:
        return {}
