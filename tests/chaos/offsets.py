"""Where topics end and what a group has committed, asked so that a broker which goes and comes does no harm.

By a consumer, not an admin client: once a broker was restarted, what librdkafka's (2.16) admin client sends to a
coordinator (list_consumer_group_offsets, describe_consumer_groups) ends the process with a failed assertion (its pull
request 5397), or never returns.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import Consumer, IsolationLevel, KafkaException, TopicPartition

from tests.support.topic_reader import TopicReader

_ASKED_FOR_SECONDS = 20.0
_ISOLATION = {
    IsolationLevel.READ_COMMITTED: "read_committed",
    IsolationLevel.READ_UNCOMMITTED: "read_uncommitted",
}


def asking(bootstrap: str, group: str, isolation: str, client: Mapping[str, Any]) -> Consumer:
    """A consumer that never joins its group."""
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "isolation.level": isolation,
            "enable.auto.commit": False,
            **client,
        }
    )


class PatientReader(TopicReader):
    """Asks for ends until a broker answers."""

    def __init__(
        self, bootstrap: str, prefix: str, topics: Sequence[str], *, client: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(bootstrap, prefix, topics, client=client)
        self._askers = {
            isolation: asking(bootstrap, f"{prefix}ends", name, client or {}) for isolation, name in _ISOLATION.items()
        }

    def _ends(self, isolation: IsolationLevel) -> dict[tuple[str, int], int]:
        asker = self._askers[isolation]
        deadline = time.monotonic() + _ASKED_FOR_SECONDS
        while True:
            try:
                return {
                    (tp.topic, tp.partition): asker.get_watermark_offsets(tp, timeout=5)[1] for tp in self._partitions
                }
            except KafkaException:
                if time.monotonic() > deadline:
                    raise
                asker.list_topics(timeout=10)  # the leader epochs of before are refused
                time.sleep(0.2)


def committed(asker: Consumer, partitions: list[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """What the asker's group has committed; 0 where nothing."""
    found = asker.committed([TopicPartition(*place) for place in partitions], timeout=10)
    return {(tp.topic, tp.partition): max(0, tp.offset) for tp in found}
