"""Writes a rebuilt state to topics of its own, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from lead_qualifier.engine import checkpoint as checkpoints
from lead_qualifier.engine.checkpoint import CHECKPOINT_KEY, Checkpoint
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.producer import Transaction
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.kafka.records import Record
from lead_qualifier.maintenance.rebuild.replay import Replay
from lead_qualifier.maintenance.topic_cloning import clone_topics
from lead_qualifier.messages.topics import COMMAND_STATE, LEAD_STATE, STATE_TOPICS, Topic

_Newest = Mapping[bytes | None, Record]


@dataclass(frozen=True, kw_only=True)
class StateWriter:
    """`state_prefix` and `to_prefix`: what precedes the names of the workers' changelogs, and of the new ones.
    `input_ids`: by changelog, the id of each input, from before the inputs were read.
    """

    connection: Connection
    reader: TopicReader
    application_id: str
    state_prefix: str
    to_prefix: str
    input_ids: Mapping[Topic, Mapping[str, str]]

    def write(self, replays: Sequence[Replay], live: Mapping[int, Checkpoint]) -> None:
        """Write the leads of every partition, and the state of commands as the workers hold it: nobody decides a
        command twice. `live`: the workers' checkpoints. Raises NotAllowed, NotDelivered, ReadIncomplete,
        KafkaException.
        """
        clone_topics(
            self.connection,
            STATE_TOPICS,
            like=self.state_prefix,
            prefix=self.to_prefix,
            partitions=len(replays),
        )
        transaction = Transaction(self.connection, f"{self.application_id}-rebuild")  # ends what a killed run left open
        commands = self._newest(COMMAND_STATE, self.state_prefix)
        earlier = {topic: self._newest(topic, self.to_prefix) for topic in STATE_TOPICS}
        with transaction:
            for replay in replays:
                self._write_leads(replay, earlier[LEAD_STATE], live.get(replay.number), transaction)
            self._write_commands(commands, earlier[COMMAND_STATE], transaction)
            transaction.commit()

    def _newest(self, topic: Topic, prefix: str) -> _Newest:
        return self.reader.newest_by_key(self.reader.admin.partitions(topic.full_name(prefix)))

    def _topic_ids(self, changelog: Topic, live: Checkpoint | None) -> dict[str, str]:
        """For the checkpoint of a rebuilt state: its offsets are those of the inputs that the workers' checkpoint
        means.
        """
        inputs = self.input_ids[changelog]
        known = {} if live is None else {topic: live.topic_ids[topic] for topic in inputs.keys() & live.topic_ids}
        return {**self.reader.admin.topic_ids([changelog.full_name(self.to_prefix)]), **inputs, **known}

    def _write_leads(self, replay: Replay, earlier: _Newest, live: Checkpoint | None, transaction: Transaction) -> None:
        name = LEAD_STATE.full_name(self.to_prefix)
        for key, value in replay.leads.items():
            transaction.send(name, key, value, partition=replay.number)
        for stale, record in earlier.items():  # of an earlier rebuild
            if record.partition == replay.number and stale != CHECKPOINT_KEY and stale not in replay.leads:
                transaction.send(name, stale, None, partition=replay.number)
        swept, sweep = replay.sweep_progress
        checkpoint = Checkpoint(
            application=self.application_id,
            next=replay.next,
            revision=replay.revision,
            swept=swept,
            sweep=sweep,
            clock=replay.clock,
            topic_ids=self._topic_ids(LEAD_STATE, live),
        )
        transaction.send(name, CHECKPOINT_KEY, checkpoints.encode(checkpoint), partition=replay.number)

    def _write_commands(self, commands: _Newest, earlier: _Newest, transaction: Transaction) -> None:
        name = COMMAND_STATE.full_name(self.to_prefix)
        for key, record in commands.items():
            value = record.value
            assert value is not None  # a record without one is no key's newest
            if key == CHECKPOINT_KEY:
                live = checkpoints.decode(value)
                ids = self._topic_ids(COMMAND_STATE, live)
                value = checkpoints.encode(
                    msgspec.structs.replace(live, application=self.application_id, topic_ids=ids)
                )
            transaction.send(name, key, value, partition=0)
        for gone in earlier.keys() - commands.keys():
            transaction.send(name, gone, None, partition=0)
