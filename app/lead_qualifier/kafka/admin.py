"""Questions to the broker about topics: their partitions, offsets, ids and settings; and their creation."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from confluent_kafka import IsolationLevel, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, ConfigSource, NewTopic, OffsetSpec, TopicMetadata

from lead_qualifier.kafka.errors import NotAllowed, TopicMissing, is_forbidden, needing
from lead_qualifier.kafka.records import PartitionId
from lead_qualifier.kafka.tls_files import TlsFiles

#: What a broker says of partitions that were created just now (the first is how librdkafka says it), or whose leader
#: changes.
_NO_LEADER = frozenset(
    {
        KafkaError._NOENT,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_LEADER_EPOCH,
    }
)
#: What librdkafka says where no broker has answered.
_NO_ANSWER = frozenset({KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT})
_LEADER_SECONDS = 10.0
#: After this time without an answer, a new client asks the next question.
_SILENT_SECONDS = 15.0
_PAUSE_SECONDS = 0.1
_ANY_TOPIC = "__consumer_offsets"
#: A topic's id where the broker gives topics none (before Kafka 2.8).
_NO_ID = "AAAAAAAAAAAAAAAAAAAAAA"
_SPEC: Any = OffsetSpec  # typed in some versions of the library, not in others
EARLIEST: Any = _SPEC.earliest()
LATEST: Any = _SPEC.latest()


def _offset_of(found: Any) -> int:
    return int(found.offset)


def _time_of(found: Any) -> int:
    return int(found.timestamp)


class Admin:
    """An admin client that returns answers instead of futures, and stays referenced until they arrive."""

    def __init__(self, config: Mapping[str, Any], *, timeout: float = 30.0) -> None:
        """`config`: as Connection.confluent makes it. `timeout`: how long (seconds) to wait for each answer."""
        self._config = dict(config)
        self._timeout = timeout
        self._files = TlsFiles.of(self._config)
        self._client: AdminClient | None = None
        self._former: AdminClient | None = None  # another thread may wait for its answer
        self._unanswered = False  # whether the last question for offsets timed out
        self._silent_since: float | None = None

    @property
    def client(self) -> AdminClient:
        """The client. Made on first use, because it starts threads, and again when its TLS files were replaced."""
        if self._client is None:
            self._files.changed()  # the first client uses them as they are now
            self._client = AdminClient(self._config)
        elif (remade := self._files.remade(lambda: AdminClient(self._config))) is not None:
            self._former, self._client = self._client, remade
        return self._client

    def ping(self) -> None:
        """Ask any broker for metadata. Raises KafkaException if none answers.

        Not by `describe_cluster`: librdkafka (2.16) ends the process if the answer names no broker, as that of a single
        broker does which has missed its heartbeats.
        """
        self._topics(_ANY_TOPIC)

    def _topics(self, topic: str | None = None) -> dict[str, TopicMetadata]:
        """What any broker says about a topic, or about all. Raises KafkaException if none answers."""
        with self._replacing_when_silent():
            return self.client.list_topics(topic, timeout=self._timeout).topics

    @contextmanager
    def _replacing_when_silent(self) -> Iterator[None]:
        """Around a question that is asked again and again: after a while without an answer, the next gets a new client.

        A client that was once answered without any broker never finds one again (librdkafka 2.16; its issue 5301).
        """
        try:
            yield
        except KafkaException as error:
            now = time.monotonic()
            if error.args[0].code() not in _NO_ANSWER:
                self._silent_since = None
            elif self._silent_since is None:
                self._silent_since = now
            elif now - self._silent_since >= _SILENT_SECONDS:
                self._former, self._client, self._silent_since = self._client, None, None
            raise
        self._silent_since = None

    # -- what there is

    def leaderless(self, topics: Iterable[str]) -> list[PartitionId]:
        """The partitions of these topics that have no leader now. Raises KafkaException if no broker answers."""
        return [partition for topic in topics for partition in _leaderless(self._topics(topic))]

    def partitions(self, topic: str) -> list[PartitionId]:
        """All partitions of a topic, in order. Raises TopicMissing, NotAllowed, KafkaException."""
        found = self._topics(topic).get(topic)
        if found is not None and found.error is not None and is_forbidden(found.error):
            raise NotAllowed(f"Describe on topic {topic}")
        if found is None or found.error is not None or not found.partitions:
            raise TopicMissing(topic)
        return [(topic, number) for number in sorted(found.partitions)]

    def partition_counts(self) -> dict[str, int]:
        """The number of partitions of every topic that this login may see."""
        found = self._topics()
        return {name: len(topic.partitions) for name, topic in found.items() if topic.error is None}

    def existing(self, topics: Iterable[str]) -> set[str]:
        """The topics among these that exist."""
        counts = self.partition_counts()
        return {topic for topic in topics if counts.get(topic)}

    def topic_ids(self, topics: Iterable[str], *, timeout: float | None = None) -> dict[str, str]:
        """The id of each topic, as Kafka's own tools write it: one that is deleted and created again gets another
        (KIP-516). A topic that does not exist, may not be seen or has no id is absent. Raises KafkaException if the
        broker can't be reached.
        """
        wanted = list(dict.fromkeys(topics))
        if not wanted:
            return {}
        seconds = self._timeout if timeout is None else timeout
        ids = {}
        with self._replacing_when_silent():
            for name, future in self.client.describe_topics(TopicCollection(wanted), request_timeout=seconds).items():
                try:
                    topic_id = str(future.result().topic_id)
                except KafkaException as error:
                    if error.args[0].code() < 0:  # librdkafka's own: it got no answer
                        raise
                    continue
                if topic_id != _NO_ID:
                    ids[name] = topic_id
        return ids

    def hidden(self, topics: Sequence[str]) -> set[str]:
        """The topics among these that this login may not see, whether they exist or not."""
        if not topics:
            return set()
        futures = self.client.describe_topics(TopicCollection(list(topics)), request_timeout=self._timeout)
        answers = {name: future.exception() for name, future in futures.items()}
        return {
            name for name, error in answers.items() if isinstance(error, KafkaException) and is_forbidden(error.args[0])
        }

    def topic_configs(self, topics: Iterable[str], *, only_own: bool = False) -> dict[str, dict[str, str]]:
        """The settings of each topic. `only_own`: without those that are the broker's defaults.

        Raises NotAllowed, KafkaException.
        """
        resources = [ConfigResource(ConfigResource.Type.TOPIC, topic) for topic in topics]
        if not resources:
            return {}
        configs: dict[str, dict[str, str]] = {}
        for resource, future in self.client.describe_configs(resources, request_timeout=self._timeout).items():
            with needing(f"DescribeConfigs on topic {resource.name}"):
                found = future.result()
            configs[resource.name] = {
                name: str(entry.value)
                for name, entry in found.items()
                if entry.value is not None and (not only_own or entry.source == ConfigSource.DYNAMIC_TOPIC_CONFIG.value)
            }
        return configs

    # -- offsets

    def first(self, partitions: Sequence[PartitionId]) -> dict[PartitionId, int]:
        """The offset of the first record that each partition still holds.

        Raises TopicMissing, NotAllowed, KafkaException.
        """
        return self._offsets(partitions, EARLIEST)

    def ends(self, partitions: Sequence[PartitionId]) -> dict[PartitionId, int]:
        """The offset after the last record of each, whether that is committed or not. Raises as `first`."""
        return self._offsets(partitions, LATEST)

    def since(self, partitions: Sequence[PartitionId], timestamp_ms: int) -> dict[PartitionId, int]:
        """The offset of the first record of that time or later; the end where there is none. Raises as `first`."""
        found = self._offsets(partitions, _SPEC.for_timestamp(timestamp_ms))
        ends = self.ends([partition for partition, offset in found.items() if offset < 0])
        return {partition: ends.get(partition, offset) for partition, offset in found.items()}

    def first_times(self, partitions: Sequence[PartitionId]) -> dict[PartitionId, int]:
        """The time (milliseconds since 1970) of the first record that each partition still holds, markers of
        transactions included. Partitions without records, or whose records have no time, are left out. Raises as
        `first`.
        """
        found = self._offsets(partitions, _SPEC.for_timestamp(0), read=_time_of)
        return {partition: time_ms for partition, time_ms in found.items() if time_ms >= 0}

    def list_offsets(
        self,
        specs: Mapping[PartitionId, Any],
        *,
        committed: bool = False,
        wait: float = 0.0,
        created_just_now: bool = False,
        timeout: float | None = None,
        read: Callable[[Any], int] = _offset_of,
    ) -> dict[PartitionId, int]:
        """The offset that each spec stands for, such as EARLIEST or LATEST.

        `committed`: LATEST is where open transactions begin. `wait`: seconds for which partitions without a leader are
        asked for again; `created_just_now`: all that fails is, since no error code tells which topics are about to be
        there. `timeout`: seconds for the broker's answer. `read`: takes something else than the offset from it. Raises
        NotAllowed, KafkaException.
        """
        seconds = self._timeout if timeout is None else timeout
        deadline = time.monotonic() + wait
        while True:
            try:
                with self._replacing_when_silent():
                    if self._unanswered:
                        self._check_leaders(specs, seconds)
                    with self.relearning(min(seconds, 10.0)):
                        return self._ask_offsets(specs, read, committed=committed, timeout=seconds)
            except KafkaException as error:
                passing = created_just_now or error.args[0].code() in _NO_LEADER
                if not passing or time.monotonic() >= deadline:
                    raise
                time.sleep(_PAUSE_SECONDS)

    def _ask_offsets(
        self, specs: Mapping[PartitionId, Any], read: Callable[[Any], int], *, committed: bool, timeout: float
    ) -> dict[PartitionId, int]:
        if not specs:
            return {}
        level = IsolationLevel.READ_COMMITTED if committed else IsolationLevel.READ_UNCOMMITTED
        request = {TopicPartition(*partition): spec for partition, spec in specs.items()}
        futures = self.client.list_offsets(request, isolation_level=level, request_timeout=timeout)
        offsets = {}
        try:
            for tp, future in futures.items():
                with needing(f"Describe on topic {tp.topic}"):
                    offsets[tp.topic, tp.partition] = read(future.result())
        except KafkaException as error:
            self._unanswered = error.args[0].code() == KafkaError._TIMED_OUT
            raise
        self._unanswered = False
        return offsets

    def _check_leaders(self, partitions: Container[PartitionId], timeout: float) -> None:
        """Raises KafkaException if a partition has no leader: while asked for its offsets, librdkafka (2.16) would look
        for one without a pause, and take up to a core.
        """
        leaderless = _leaderless(self.client.list_topics(timeout=timeout).topics)
        if asked := [f"{topic}-{number}" for topic, number in leaderless if (topic, number) in partitions]:
            raise KafkaException(KafkaError(KafkaError.LEADER_NOT_AVAILABLE, f"{asked[0]} has no leader"))

    def _offsets(
        self, partitions: Sequence[PartitionId], spec: Any, *, read: Callable[[Any], int] = _offset_of
    ) -> dict[PartitionId, int]:
        try:
            return self.list_offsets(dict.fromkeys(partitions, spec), wait=_LEADER_SECONDS, read=read)
        except KafkaException:
            for topic in dict.fromkeys(topic for topic, _ in partitions):
                self.partitions(topic)  # says it better: the topic does not exist
            raise

    @contextmanager
    def relearning(self, timeout: float = 10.0) -> Iterator[None]:
        """Read the metadata of all topics again if what is done inside fails; then its error is raised.

        librdkafka answers from the metadata that it has, even if that says that a new topic has no leader yet or names
        an old leader epoch, and reads it again by itself only every five minutes: until then every retry would fail the
        same way. `timeout`: seconds that reading may take.
        """
        try:
            yield
        except KafkaException as error:
            if error.args[0].code() != KafkaError._TIMED_OUT:  # nobody answers, and reading would time out, too
                with suppress(KafkaException):
                    self.client.list_topics(timeout=timeout)
            raise

    # -- creating topics

    def create_topics(
        self, topics: Sequence[NewTopic], created: Callable[[str], None] = lambda name: None
    ) -> list[str]:
        """Create topics and wait until the broker lists them. Returns the names of those that nobody else had created;
        `created` gets each of them as soon as it is certain. Raises NotAllowed, KafkaException.
        """
        if not topics:
            return []
        mine = []
        for name, future in self.client.create_topics(list(topics), operation_timeout=self._timeout).items():
            try:
                with needing(f"Create on topic {name}"):
                    future.result()
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise
            else:
                mine.append(name)
                created(name)
        names = {topic.topic for topic in topics}
        deadline = time.monotonic() + self._timeout
        while self.existing(names) != names and time.monotonic() < deadline:
            time.sleep(_PAUSE_SECONDS)
        return mine


def _leaderless(topics: Mapping[str, TopicMetadata]) -> list[PartitionId]:
    return [
        (name, number)
        for name, topic in topics.items()
        for number, partition in topic.partitions.items()
        if partition.leader < 0
    ]
