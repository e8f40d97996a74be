"""The catalogue of topics: what each carries, by which key, who writes and reads it, and how it is created."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

#: What a Kafka broker takes when nobody set anything (`message.max.bytes`).
BROKER_DEFAULT_MAX_MESSAGE_BYTES = 1_048_588
#: By how much the records of ours may exceed the inputs': a dead letter carries a whole input record and says why.
HEADROOM_BYTES = 64 * 1024
#: Whose time a topic's records have, and the value by which it is the broker's.
TIMESTAMP_TYPE = "message.timestamp.type"
BROKER_TIME = "LogAppendTime"

_DAY = timedelta(days=1)

#: So long it is remembered that a lead was erased: as long as the inputs keep what was said of it before, a merge
#: included, something of that may still be on its way.
ERASURE_REMEMBERED = 7 * _DAY


class Cleanup(StrEnum):
    """How Kafka discards old records (`cleanup.policy`)."""

    DELETE = "delete"
    COMPACT = "compact"


class Partitions(StrEnum):
    """How many partitions a topic has."""

    BY_LEAD = "N"  # as many as the setting says, the same in all of them: they are co-partitioned
    ONE = "1"  # a total order


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One topic. `name` is without prefix."""

    name: str
    purpose: str
    key: str
    partitions: Partitions
    cleanup: Cleanup
    #: How long records are kept under `delete`. None under `compact`: the newest of each key for ever.
    retention: timedelta | None = None
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    #: Written by our decisions, in their transaction: such records exceed those they were made from.
    ours: bool = False
    #: Of ours: its records get their times from the broker, as those of every input do. By those of state a worker
    #: notices that its clock is wrong; those that are read back to be decided must not be deleted unread.
    timed_by_broker: bool = False
    #: Records carry the headers of a CloudEvent. Table rows and dead letters do not.
    events: bool = True

    @property
    def takes_broker_time(self) -> bool:
        """Is the time of its records the broker's, whatever their producers say? Kafka deletes a record whose time is
        older than the retention: one of a backfill might go before it is read, without a word. What is decided must not
        depend on a producer's clock either.
        """
        return self.timed_by_broker or not self.ours

    def partition_count(self, by_lead: int) -> int:
        """`by_lead` is the setting: partitions of the topics that leads are spread over."""
        return by_lead if self.partitions is Partitions.BY_LEAD else 1

    def full_name(self, prefix: str) -> str:
        """The name on the broker; the prefix is prepended verbatim."""
        return prefix + self.name

    def config(self, inputs_max_message_bytes: int = BROKER_DEFAULT_MAX_MESSAGE_BYTES) -> dict[str, str]:
        """The configuration to create the topic with, given the largest `max.message.bytes` of the topics we read."""
        config = {"cleanup.policy": self.cleanup.value}
        if self.retention is not None:
            config["retention.ms"] = str(self.retention // timedelta(milliseconds=1))
        if self.cleanup is Cleanup.COMPACT:
            # Erased leads must vanish in a known time, so compaction may not wait for the log to fill; and readers that
            # fall behind by less than a day must still see that something was erased.
            config["max.compaction.lag.ms"] = str(_DAY // timedelta(milliseconds=1))
            config["delete.retention.ms"] = str(_DAY // timedelta(milliseconds=1))
        if self.takes_broker_time:
            config[TIMESTAMP_TYPE] = BROKER_TIME
        if self.ours:
            config["max.message.bytes"] = str(inputs_max_message_bytes + HEADROOM_BYTES)
        return config

    def may_lose_unread(self, config: Mapping[str, str]) -> bool:
        """With this configuration, are records deleted by a time that their producers give them, and may that be before
        they are read? Not where the broker refuses what has not at least half of the retention left.
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
    writers=("scoring engines",),
    readers=("worker",),
)
LEAD_CHANGED = Topic(
    name="lead-changed",
    purpose="The CRM created, changed or (record without value) erased a lead.",
    key="lead_id",
    partitions=Partitions.BY_LEAD,
    cleanup=Cleanup.COMPACT,
    writers=("CRM",),
    readers=("worker", "journeys"),
)
LEAD_MERGED = Topic(
    name="lead-merged",
    purpose="The CRM merged a lead, the loser, into another, the survivor.",
    key="lead_id of the loser",
    partitions=Partitions.BY_LEAD,
    cleanup=Cleanup.DELETE,
    retention=7 * _DAY,
    writers=("CRM",),
    readers=("worker",),
)
LEAD_SALES_RESPONSE = Topic(
    name="lead-sales-response",
    purpose="Sales accepted or rejected a qualified lead.",
    key="lead_id",
    partitions=Partitions.BY_LEAD,
    cleanup=Cleanup.DELETE,
    retention=7 * _DAY,
    writers=("CRM",),
    readers=("worker", "follow-up"),
)
SCORING_MODEL_CHANGED = Topic(
    name="scoring-model-changed",
    purpose="A scoring model was created, went live or stopped.",
    key="scoring_model_id",
    partitions=Partitions.ONE,
    cleanup=Cleanup.COMPACT,
    writers=("scoring engines", "command line"),
    readers=("command decider",),
)
QUALIFICATION_COMMANDS = Topic(
    name="qualification-commands",
    purpose="Orders to apply, publish, stop or delete a qualification model.",
    key="qualification_model_id",
    partitions=Partitions.ONE,
    cleanup=Cleanup.DELETE,
    retention=7 * _DAY,
    writers=("command line", "console"),
    readers=("command decider",),
)
FEATURE_COMMANDS = Topic(
    name="feature-commands",
    purpose="Orders to turn a feature on or off; administrators only, by an ACL of its own.",
    key="feature name",
    partitions=Partitions.ONE,
    cleanup=Cleanup.DELETE,
    retention=7 * _DAY,
    writers=("administrators",),
    readers=("command decider",),
)
QUALIFICATION_MODELS = Topic(
    name="qualification-models",
    purpose="Every qualification model, scoring model and feature as it stands: what the workers decide by.",
    key="model/<id>, scoring/<id> or feature/<name>",
    partitions=Partitions.ONE,
    cleanup=Cleanup.COMPACT,
    writers=("command decider",),
    readers=("every worker", "console"),
    ours=True,
    events=False,
)
QUALIFICATION_MODEL_CHANGED = Topic(
    name="qualification-model-changed",
    purpose="The outcome of each command, accepted or refused, why and by whom: the audit trail.",
    key="qualification_model_id, scoring_model_id or feature name",
    partitions=Partitions.ONE,
    cleanup=Cleanup.DELETE,
    retention=3650 * _DAY,
    writers=("command decider",),
    readers=("command line", "console", "auditors"),
    ours=True,
)
COMMAND_STATE = Topic(
    name="command-state",
    purpose="Changelog of the command decider. Internal: read qualification-models instead.",
    key="model/<id>, scoring/<id> or feature/<name>",
    partitions=Partitions.ONE,
    cleanup=Cleanup.COMPACT,
    writers=("command decider",),
    readers=("command decider",),
    ours=True,
    timed_by_broker=True,
    events=False,
)
LEAD_QUALIFIED = Topic(
    name="lead-qualified",
    purpose="A lead qualified: why, by which model and version, and what changed on it.",
    key="lead_id",
    partitions=Partitions.BY_LEAD,
    cleanup=Cleanup.DELETE,
    retention=30 * _DAY,
    writers=("worker",),
    readers=("journeys", "assignment", "sequences", "CRM"),
    ours=True,
)
LEAD_RECYCLED = Topic(
    name="lead-recycled",
    purpose="Sales rejected a lead, and flags that a qualification had set are taken back: it may qualify again.",
    key="lead_id",
    partitions=Partitions.BY_LEAD,
    cleanup=Cleanup.DELETE,
    retention=30 * _DAY,
    writers=("worker",),
    readers=("CRM", "sinks"),
    ours=True,
)
LEAD_HANDOVERS = Topic(
    name="lead-handovers",
    purpose="Scores, marks and what sales answered of a merged lead, on their way to its survivor. Internal.",
    key="lead_id of the survivor",
    partitions=Partitions.BY_LEAD,
    cleanup=Cleanup.DELETE,
    retention=7 * _DAY,
    writers=("worker",),
    readers=("worker",),
    ours=True,
    events=False,
    timed_by_broker=True,
)
LEAD_STATE = Topic(
    name="lead-state",
    purpose="Changelog of the worker: what is held about each lead.",
    key="lead_id",
    partitions=Partitions.BY_LEAD,
    cleanup=Cleanup.COMPACT,
    writers=("worker",),
    readers=("worker on restore", "console"),
    ours=True,
    timed_by_broker=True,
    events=False,
)
LEAD_DEAD_LETTERS = Topic(
    name="lead-dead-letters",
    purpose="Records that could not be read: the original key, value and headers, where they stood, and why.",
    key="original key",
    partitions=Partitions.BY_LEAD,
    cleanup=Cleanup.DELETE,
    retention=14 * _DAY,
    writers=("worker", "command decider"),
    readers=("operations",),
    ours=True,
    events=False,
)

#: What is held, besides what follows from it: the changelogs.
STATE_TOPICS: tuple[Topic, ...] = (LEAD_STATE, COMMAND_STATE)

#: In the order in which they are shown.
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
