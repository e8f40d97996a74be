"""Creates the topics of an installation, and checks them against the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from confluent_kafka.admin import NewTopic

from lead_qualifier.kafka.admin import Admin
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.messages.topics import (
    BROKER_DEFAULT_MAX_MESSAGE_BYTES,
    BROKER_TIME,
    HEADROOM_BYTES,
    QUALIFICATION_TOPICS,
    TIMESTAMP_TYPE,
    Partitions,
    Topic,
)
from lead_qualifier.services.errors import TopicsUnfit
from lead_qualifier.settings import Settings


@dataclass(frozen=True, slots=True)
class FoundTopic:
    """One topic as it is on the broker. `problem` says what is wrong and what to do; None if nothing is."""

    topic: Topic
    name: str
    partitions: int | None
    """None: the topic does not exist."""
    max_message_bytes: int | None = None
    problem: str | None = None
    missing: bool = False
    warning: str | None = None
    """What may go wrong although the topic fits, and what to do."""

    @property
    def line(self) -> str:
        """The problem, after the topic's name."""
        return f"{self.name}: {self.problem}"


class TopicSetup:
    """The topics of one installation (a prefix): by default those of the workers."""

    def __init__(
        self,
        connection: Connection,
        *,
        topics: Sequence[Topic] = QUALIFICATION_TOPICS,
        prefix: str,
        state_prefix: str | None = None,
        partitions: int,
        replication_factor: int = -1,
        timeout: float = 30.0,
    ) -> None:
        """`state_prefix`: what precedes the names of the topics that hold state, if not `prefix`."""
        self._admin = Admin(connection.confluent(), timeout=timeout)
        self._names = {topic: topic.full_name(prefix, state_prefix) for topic in topics}
        self._partitions = partitions
        self._replication = replication_factor

    @classmethod
    def of(
        cls,
        settings: Settings,
        connection: Connection,
        *,
        topics: Sequence[Topic] = QUALIFICATION_TOPICS,
        timeout: float = 30.0,
    ) -> Self:
        """The topics of the installation that the settings describe."""
        return cls(
            connection,
            topics=topics,
            prefix=settings.topic_prefix,
            state_prefix=settings.state_prefix,
            partitions=settings.partitions,
            replication_factor=settings.replication_factor,
            timeout=timeout,
        )

    def find(self) -> list[FoundTopic]:
        """Every topic as it is. Raises NotAllowed, KafkaException if the broker can't be asked."""
        there = self._admin.partition_counts()
        counts = {topic: there.get(name) for topic, name in self._names.items()}
        hidden = self._admin.hidden([self._names[topic] for topic, count in counts.items() if count is None])
        found = self._admin.topic_configs(self._names[topic] for topic, count in counts.items() if count is not None)
        configs = {topic: found[name] for topic, name in self._names.items() if name in found}
        inputs = self._inputs_max({topic: _max_message_bytes(config) for topic, config in configs.items()})
        return [
            self._hide(topic) if name in hidden else self._judge(topic, counts[topic], configs.get(topic), inputs)
            for topic, name in self._names.items()
        ]

    def create_missing(self, created: Callable[[str], None] = lambda name: None) -> list[str]:
        """Create missing topics; returns their names. `created` gets each as soon as it is certain. Raises NotAllowed,
        KafkaException.
        """
        findings = self.find()
        sizes = {f.topic: f.max_message_bytes for f in findings if f.max_message_bytes is not None}
        inputs = self._inputs_max(sizes)
        new = [
            NewTopic(
                f.name,
                num_partitions=f.topic.partition_count(self._partitions),
                replication_factor=self._replication,
                config=f.topic.config(inputs),
            )
            for f in findings
            if f.missing
        ]
        return self._admin.create_topics(new, created)

    def check(self, warn: Callable[[str, str], None] = lambda name, warning: None) -> dict[str, int]:
        """Raises TopicsUnfit unless all fit. Returns the largest record, in bytes, that each topic of ours takes, by
        full name. `warn` gets name and warning of each topic that fits but may cause trouble.
        """
        findings = self.find()
        if unfit := [one.line for one in findings if one.problem is not None]:
            raise TopicsUnfit(unfit)
        for finding in findings:
            if finding.warning is not None:
                warn(finding.name, finding.warning)
        return {f.name: f.max_message_bytes for f in findings if f.topic.ours and f.max_message_bytes is not None}

    def _judge(self, topic: Topic, count: int | None, config: Mapping[str, str] | None, inputs: int) -> FoundTopic:
        name = self._names[topic]
        if count is None or config is None:
            absent = (
                "does not exist; `lead-qualifier topics create` creates it (or set LEAD_QUALIFIER_CREATE_TOPICS=true)"
            )
            return FoundTopic(topic, name, None, problem=absent, missing=True)
        wanted = topic.partition_count(self._partitions)
        size = _max_message_bytes(config)
        problem: str | None = None
        if count != wanted:
            problem = f"has {count} partition{'s' if count != 1 else ''}, expected {wanted}; "
            problem += (
                "all topics keyed by lead need the same number: "
                f"set LEAD_QUALIFIER_PARTITIONS={count} if the others have it too; "
                f"`lead-qualifier repartition --partitions {wanted}` changes all of them and keeps the state"
                if topic.partitions is Partitions.BY_LEAD
                else "it must keep one order: delete it and create it again with 1"
            )
        elif topic.ours and size < inputs + HEADROOM_BYTES:
            problem = (
                f"accepts records of {size} bytes, but must accept {inputs + HEADROOM_BYTES} "
                f"(the inputs' {inputs} and 64 KiB): "
                f"set its max.message.bytes to {inputs + HEADROOM_BYTES}"
            )
        warning = None
        if topic.may_lose_unread(config):
            days = int(config["retention.ms"]) / 86_400_000
            warning = (
                f"a record expires {days:g} days after the time set by its producer, unread if that time is long past "
                f"(a backfill): set its {TIMESTAMP_TYPE} to {BROKER_TIME}, so that the broker's time counts"
            )
        return FoundTopic(topic, name, count, size, problem, warning=warning)

    def _hide(self, topic: Topic) -> FoundTopic:
        problem = (
            "is not visible to this login (Describe); have the ACL added (`lead-qualifier acls print` lists what "
            "each service needs), or use other credentials"
        )
        return FoundTopic(topic, self._names[topic], None, problem=problem)

    @staticmethod
    def _inputs_max(sizes: dict[Topic, int]) -> int:
        return max((size for topic, size in sizes.items() if not topic.ours), default=BROKER_DEFAULT_MAX_MESSAGE_BYTES)


def _max_message_bytes(config: Mapping[str, str]) -> int:
    return int(config["max.message.bytes"])
