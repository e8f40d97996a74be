"""The catalogue of topics: what each carries, by which key, who writes and reads it, and how it is created."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

#: The largest record that a Kafka broker accepts by default (`message.max.bytes`).
BROKER_DEFAULT_MAX_MESSAGE_BYTES = 1_048_588
#: How much larger than an input record an output may be: a dead letter carries a whole input record and a reason.
HEADROOM_BYTES = 64 * 1024
#: Configures whose clock gives records their time, and the value for the broker's.
TIMESTAMP_TYPE = "message.timestamp.type"
BROKER_TIME = "LogAppendTime"

_DAY = timedelta(days=1)

#: How long an erasure is remembered. Records about the lead from before it, a merge included, may arrive as long as the
#: inputs retain them.
ERASURE_REMEMBERED = 7 * _DAY


class Cleanup(StrEnum):
    """How Kafka discards old records (`cleanup.policy`)."""

    DELETE = "delete"
    COMPACT = "compact"


class Partitions(StrEnum):
    """How many partitions a topic has."""

    BY_LEAD = "N"  # a setting, the same for all of these topics: they are co-partitioned
    ONE = "1"  # a total order


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic of the contract."""

    name: str
    """Without the installation's prefix."""
    purpose: str
    """What its records are, in a sentence."""
    key: str
    """What the records' key is."""
    partitions: Partitions
    cleanup: Cleanup
    retention: timedelta | None = None
    """How long records are kept under `delete`. None under `compact`: the newest record of each key, forever."""
    #: Who writes and reads it besides our services, which `services.topology` knows.
    external_writers: tuple[str, ...] = ()
    external_readers: tuple[str, ...] = ()
    ours: bool = False
    """Whether our processors write it, in their transactions. Their records may be larger than those they follow from.
    """
    timed_by_broker: bool = False
    """Whether a topic of ours takes its records' time from the broker's clock, as every input does. A worker notices by
    the records of its state that its own clock is wrong; records that are read back must not expire unread.
    """
    events: bool = True
    """Whether records carry the headers of a CloudEvent. Table rows and dead letters do not."""

    @property
    def takes_broker_time(self) -> bool:
        """Whether the broker's clock gives records their time, rather than their producers'.

        Kafka deletes records whose time is older than the retention: a backfilled record could silently expire before
        it is read. Decisions must not depend on a producer's clock either.
        """
        return self.timed_by_broker or not self.ours

    def partition_count(self, by_lead: int) -> int:
        """The number of partitions, given that of the topics keyed by lead (a setting)."""
        return by_lead if self.partitions is Partitions.BY_LEAD else 1

    def full_name(self, prefix: str) -> str:
        """The name on the broker. The prefix is prepended verbatim."""
        return prefix + self.name

    def config(self, inputs_max_message_bytes: int = BROKER_DEFAULT_MAX_MESSAGE_BYTES) -> dict[str, str]:
        """The configuration to create the topic with, given the largest `max.message.bytes` of the inputs."""
        config = {"cleanup.policy": self.cleanup.value}
        if self.retention is not None:
            config["retention.ms"] = str(self.retention // timedelta(milliseconds=1))
        if self.cleanup is Cleanup.COMPACT:
            # Erased leads must disappear within a known time, so compaction may not wait for the log to fill. Readers
            # that are less than a day behind must still see the erasure.
            config["max.compaction.lag.ms"] = str(_DAY // timedelta(milliseconds=1))
            config["delete.retention.ms"] = str(_DAY // timedelta(milliseconds=1))
        if self.takes_broker_time:
            config[TIMESTAMP_TYPE] = BROKER_TIME
        if self.ours:
            config["max.message.bytes"] = str(inputs_max_message_bytes + HEADROOM_BYTES)
        return config

    def may_lose_unread(self, config: Mapping[str, str]) -> bool:
        """Whether a broker with this configuration may delete records before they are read.

        It may where producers set the time by which records expire, unless the broker refuses records that have less
        than half of the retention left.
        """
        if not self.takes_broker_time or config.get(TIMESTAMP_TYPE) == BROKER_TIME:
            return False
        retention = int(config.get("retention.ms", "-1"))
        if retention < 0 or Cleanup.DELETE not in config.get("cleanup.policy", ""):
            return False
        oldest = config.get("message.timestamp.before.max.ms")
        return oldest is None or 2 * int(oldest) > retention


LEAD_SCORE_CHANGED = Topic(
    name="lead-score-changed",
    purpose="A lead's score on one scoring model changed.",
    key="lead_id",
    partitions=Partitions.BY_LEAD,
    cleanup=Cleanup.DELETE,
    retention=7 * _DAY,
    external_writers=("scoring engines",),
)
LEAD_CHANGED = Topic(
    name="lead-changed",
    purpose="The CRM created or changed a lead, or erased it (record without value).",
    key="lead_id",
    partitions=Partitions.BY_LEAD,
    cleanup=Cleanup.COMPACT,
    external_writers=("the CRM",),
)
LEAD_MERGED = Topic(
    name="lead-merged",
    purpose="The CRM merged a lead (the loser) into another (the survivor).",
    key="lead_id of the loser",
    partitions=Partitions.BY_LEAD,
    cleanup=Cleanup.DELETE,
    retention=7 * _DAY,
    external_writers=("the CRM",),
)
LEAD_SALES_RESPONSE = Topic(
    name="lead-sales-response",
    purpose="Sales accepted or rejected a qualified lead.",
    key="lead_id",
    partitions=Partitions.BY_LEAD,
    cleanup=Cleanup.DELETE,
    retention=7 * _DAY,
    external_writers=("the CRM",),
)
SCORING_MODEL_CHANGED = Topic(
    name="scoring-model-changed",
    purpose="A scoring model was created, went live or stopped.",
    key="scoring_model_id",
    partitions=Partitions.ONE,
    cleanup=Cleanup.COMPACT,
    external_writers=("scoring engines", "the command line"),
)
QUALIFICATION_COMMANDS = Topic(
    name="qualification-commands",
    purpose="Commands to apply, publish, stop or delete a qualification model.",
    key="qualification_model_id",
    partitions=Partitions.ONE,
    cleanup=Cleanup.DELETE,
    retention=7 * _DAY,
    external_writers=("the command line", "the console"),
)
FEATURE_COMMANDS = Topic(
    name="feature-commands",
    purpose="Commands to turn a feature on or off. For administrators only, by an ACL of its own.",
    key="feature name",
    partitions=Partitions.ONE,
    cleanup=Cleanup.DELETE,
    retention=7 * _DAY,
    external_writers=("administrators",),
)
QUALIFICATION_MODELS = Topic(
    name="qualification-models",
    purpose="The current state of every qualification model, scoring model and feature, for the workers.",
    key="model/<id>, scoring/<id> or feature/<name>",
    partitions=Partitions.ONE,
    cleanup=Cleanup.COMPACT,
    external_readers=("the console",),
    ours=True,
    events=False,
)
QUALIFICATION_MODEL_CHANGED = Topic(
    name="qualification-model-changed",
    purpose="The audit trail: the outcome of each command, accepted or refused, why, and who issued it.",
    key="qualification_model_id, scoring_model_id or feature name",
    partitions=Partitions.ONE,
    cleanup=Cleanup.DELETE,
    retention=3650 * _DAY,
    external_readers=("the command line", "the console", "auditors"),
    ours=True,
)
COMMAND_STATE = Topic(
    name="command-state",
    purpose="Changelog of the command processor. Internal: read qualification-models instead.",
    key="model/<id>, scoring/<id> or feature/<name>",
    partitions=Partitions.ONE,
    cleanup=Cleanup.COMPACT,
    ours=True,
    timed_by_broker=True,
    events=False,
)
LEAD_QUALIFIED = Topic(
    name="lead-qualified",
    purpose="A lead qualified: by which model and version, why, and what changed on the lead.",
    key="lead_id",
    partitions=Partitions.BY_LEAD,
    cleanup=Cleanup.DELETE,
    retention=30 * _DAY,
    external_readers=("the CRM",),
    ours=True,
)
LEAD_RECYCLED = Topic(
    name="lead-recycled",
    purpose="Sales rejected a lead that may qualify again: the CRM must reset flags that a qualification had set.",
    key="lead_id",
    partitions=Partitions.BY_LEAD,
    cleanup=Cleanup.DELETE,
    retention=30 * _DAY,
    external_readers=("the CRM", "sinks"),
    ours=True,
)
LEAD_HANDOVERS = Topic(
    name="lead-handovers",
    purpose="Scores, marks and sales responses of a merged lead, on their way to its survivor. Internal.",
    key="lead_id of the survivor",
    partitions=Partitions.BY_LEAD,
    cleanup=Cleanup.DELETE,
    retention=7 * _DAY,
    ours=True,
    events=False,
    timed_by_broker=True,
)
LEAD_STATE = Topic(
    name="lead-state",
    purpose="Changelog of the worker: everything held about each lead.",
    key="lead_id",
    partitions=Partitions.BY_LEAD,
    cleanup=Cleanup.COMPACT,
    external_readers=("the console",),
    ours=True,
    timed_by_broker=True,
    events=False,
)
LEAD_DEAD_LETTERS = Topic(
    name="lead-dead-letters",
    purpose="Records that could not be read: the original key, value and headers, their position, and why.",
    key="original key",
    partitions=Partitions.BY_LEAD,
    cleanup=Cleanup.DELETE,
    retention=14 * _DAY,
    external_readers=("operations",),
    ours=True,
    events=False,
)

#: The changelogs: all state that does not follow from other state.
STATE_TOPICS: tuple[Topic, ...] = (LEAD_STATE, COMMAND_STATE)

#: In the order in which people see them.
CATALOGUE: tuple[Topic, ...] = (
    LEAD_SCORE_CHANGED,
    LEAD_CHANGED,
    LEAD_MERGED,
    LEAD_SALES_RESPONSE,
    SCORING_MODEL_CHANGED,
    QUALIFICATION_COMMANDS,
    FEATURE_COMMANDS,
    QUALIFICATION_MODELS,
    QUALIFICATION_MODEL_CHANGED,
    COMMAND_STATE,
    LEAD_QUALIFIED,
    LEAD_RECYCLED,
    LEAD_HANDOVERS,
    LEAD_STATE,
    LEAD_DEAD_LETTERS,
)
