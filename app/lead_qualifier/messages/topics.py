"""The catalogue of topics: what each carries, by which key, who writes and reads it, and how it is created."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial

#: The largest record that a Kafka broker accepts by default (`message.max.bytes`).
BROKER_DEFAULT_MAX_MESSAGE_BYTES = 1_048_588
#: How much larger than an input record an output may be: a dead letter carries a whole input record and a reason.
HEADROOM_BYTES = 64 * 1024
#: Configures whose clock gives records their time, and the value for the broker's.
TIMESTAMP_TYPE = "message.timestamp.type"
BROKER_TIME = "LogAppendTime"

_DAY = timedelta(days=1)
_WEEK = 7 * _DAY

#: How long an erasure is remembered. Records about the lead from before it, a merge included, may arrive as long as the
#: inputs retain them.
ERASURE_REMEMBERED = _WEEK


class Cleanup(StrEnum):
    """How Kafka discards old records (`cleanup.policy`)."""

    DELETE = "delete"
    COMPACT = "compact"


class Partitions(StrEnum):
    """How many partitions a topic has."""

    BY_LEAD = "N"  # a setting, the same for all of these topics: they are co-partitioned
    ONE = "1"  # a total order


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of the contract."""

    name: str
    """Without the installation's prefix."""
    purpose: str
    """What its records are, in a sentence."""
    _: KW_ONLY
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

    def full_name(self, prefix: str, state_prefix: str | None = None) -> str:
        """The name on the broker. The prefix is prepended verbatim; topics that hold the workers' state may have their
        own.
        """
        return (prefix if state_prefix is None or self not in STATE_TOPICS else state_prefix) + self.name

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


# The kinds of topics, by what those of a kind have in common.
_KEPT_A_WEEK = partial(Topic, cleanup=Cleanup.DELETE, retention=_WEEK)
_input = partial(_KEPT_A_WEEK, key="lead_id", partitions=Partitions.BY_LEAD)
_commands = partial(_KEPT_A_WEEK, partitions=Partitions.ONE)
_passed_on = partial(_KEPT_A_WEEK, ours=True, timed_by_broker=True, events=False)
_facts = partial(Topic, cleanup=Cleanup.COMPACT)
_rules = partial(_facts, partitions=Partitions.ONE, ours=True, events=False)
_changelog = partial(_facts, ours=True, timed_by_broker=True, events=False)
_event = partial(
    Topic, key="lead_id", partitions=Partitions.BY_LEAD, cleanup=Cleanup.DELETE, retention=30 * _DAY, ours=True
)
_audit_trail = partial(Topic, partitions=Partitions.ONE, cleanup=Cleanup.DELETE, retention=3650 * _DAY, ours=True)
_dead_letters = partial(
    Topic,
    key="original key",
    partitions=Partitions.BY_LEAD,
    cleanup=Cleanup.DELETE,
    retention=14 * _DAY,
    external_readers=("operations",),
    ours=True,
    events=False,
)

LEAD_SCORE_CHANGED = _input(
    "lead-score-changed",
    "A lead's score on one scoring model changed.",
    external_writers=("scoring engines",),
)
LEAD_CHANGED = _facts(
    "lead-changed",
    "The CRM created or changed a lead, or erased it (record without value).",
    key="lead_id",
    partitions=Partitions.BY_LEAD,
    external_writers=("the CRM",),
)
LEAD_MERGED = _input(
    "lead-merged",
    "The CRM merged a lead (the loser) into another (the survivor).",
    key="lead_id of the loser",
    external_writers=("the CRM",),
)
LEAD_SALES_RESPONSE = _input(
    "lead-sales-response",
    "Sales accepted or rejected a qualified lead.",
    external_writers=("the CRM",),
)
SCORING_MODEL_CHANGED = _facts(
    "scoring-model-changed",
    "A scoring model was created, went live or stopped.",
    key="scoring_model_id",
    partitions=Partitions.ONE,
    external_writers=("scoring engines", "the command line"),
)
QUALIFICATION_COMMANDS = _commands(
    "qualification-commands",
    "Commands to apply, publish, stop or delete a qualification model.",
    key="qualification_model_id",
    external_writers=("the command line",),
)
FEATURE_COMMANDS = _commands(
    "feature-commands",
    "Commands to turn a feature on or off. For administrators only, by an ACL of its own.",
    key="feature name",
    external_writers=("administrators",),
)
QUALIFICATION_MODELS = _rules(
    "qualification-models",
    "The current state of every qualification model, scoring model and feature, for the workers.",
    key="model/<id>, scoring/<id> or feature/<name>",
    external_readers=("the command line",),
)
QUALIFICATION_MODEL_CHANGED = _audit_trail(
    "qualification-model-changed",
    "The audit trail: the outcome of each command, accepted or refused, why, and who issued it.",
    key="qualification_model_id, scoring_model_id or feature name",
    external_readers=("the command line", "auditors"),
)
COMMAND_STATE = _changelog(
    "command-state",
    "Changelog of the command processor. Internal: read qualification-models instead.",
    key="model/<id>, scoring/<id> or feature/<name>",
    partitions=Partitions.ONE,
)
LEAD_QUALIFIED = _event(
    "lead-qualified",
    "A lead qualified: by which model and version, why, and what changed on the lead.",
    external_readers=("the CRM",),
)
LEAD_RECYCLED = _event(
    "lead-recycled",
    "Sales rejected a lead that may qualify again: the CRM must reset flags that a qualification had set.",
    external_readers=("the CRM", "sinks"),
)
LEAD_HANDOVERS = _passed_on(
    "lead-handovers",
    "Scores, marks and sales responses of a merged lead, on their way to its survivor. Internal.",
    key="lead_id of the survivor",
    partitions=Partitions.BY_LEAD,
)
LEAD_STATE = _changelog(
    "lead-state",
    "Changelog of the worker: everything held about each lead.",
    key="lead_id",
    partitions=Partitions.BY_LEAD,
    external_readers=("the command line",),
)
LEAD_DEAD_LETTERS = _dead_letters(
    "lead-dead-letters",
    "Records that could not be read: the original key, value and headers, their position, and why.",
)

QUALIFICATION_TOPICS: tuple[Topic, ...] = tuple(one for one in globals().values() if isinstance(one, Topic))
"""The topics above, which workers use, in the order in which people see them."""
STATE_TOPICS: tuple[Topic, ...] = (LEAD_STATE, COMMAND_STATE)
"""The changelogs of workers: all of their state that does not follow from other state."""

KINDS = {"journey": "journeys", "assignment": "assignment", "sequence": "sequences", "follow-up": "follow-up"}
"""The kinds of definition of the downstream services, each with its service."""


def with_article(kind: str) -> str:
    """The word with its article: `a journey`, `an assignment`."""
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def commands(kind: str) -> Topic:
    """Commands on definitions of one kind."""
    return _commands(
        f"{kind}-commands",
        f"Commands to apply, publish, stop or delete {with_article(kind)} definition.",
        key="definition id",
        external_writers=("the command line",),
    )


def definitions(kind: str) -> Topic:
    """The current state of the definitions of one kind."""
    return _rules(
        f"{kind}-definitions",
        f"The current state of every {kind} definition, for the {KINDS[kind]} service.",
        key="definition id",
        external_readers=("the command line",),
    )


def definition_changed(kind: str) -> Topic:
    """The audit trail of one kind."""
    return _audit_trail(
        f"{kind}-definition-changed",
        f"The audit trail: the outcome of each command on {with_article(kind)} definition, why, and by whom.",
        key="definition id",
        external_readers=("the command line", "auditors"),
    )


def command_state(kind: str) -> Topic:
    """The changelog of the processor of commands on definitions of one kind."""
    return _state(f"{kind}-command-state", KINDS[kind], "definition id", Partitions.ONE)


def _state(name: str, service: str, key: str = "lead_id", partitions: Partitions = Partitions.BY_LEAD) -> Topic:
    return _changelog(name, f"Changelog of the {service} service. Internal.", key=key, partitions=partitions)


JOURNEY_COMMANDS = commands("journey")
JOURNEY_DEFINITIONS = definitions("journey")
JOURNEY_COMMAND_STATE = command_state("journey")
JOURNEY_STATE = _state("journey-state", "journeys")
JOURNEY_DEFINITION_CHANGED = definition_changed("journey")
JOURNEY_ENTRY_REQUESTED = _event(
    "journey-entry-requested",
    "A lead enters a journey: which one, why, and with which data.",
    external_readers=("journey orchestrators",),
)

DOWNSTREAM_DEAD_LETTERS = _dead_letters(
    "downstream-dead-letters",
    "Records that a downstream service could not handle: the original key, value and headers, and why.",
)

SELLER_CHANGED = _facts(
    "seller-changed",
    "A seller joined or changed (attributes, work hours, capacity, availability), or left (no value).",
    key="seller_id",
    partitions=Partitions.ONE,
    external_writers=("the CRM", "the command line"),
)
ASSIGNMENT_COMMANDS = commands("assignment")
ASSIGNMENT_QUEUE = _passed_on(
    "assignment-queue",
    "Every input of the assignment service, in the one order in which it decides. Internal.",
    key="lead_id, seller_id or definition id",
    partitions=Partitions.ONE,
)
ASSIGNMENT_LEAD_STATE = _state("assignment-lead-state", "assignment")
ASSIGNMENT_RELAY_STATE = _state("assignment-relay-state", "assignment", "seller_id", Partitions.ONE)
ASSIGNMENT_STATE = _state("assignment-state", "assignment", "lead/<id>, seller/<id> or definition/<id>", Partitions.ONE)
ASSIGNMENT_DEFINITION_CHANGED = definition_changed("assignment")
LEAD_ASSIGNED = _event(
    "lead-assigned",
    "What the assignment service decided about a lead: who owns it, by which segment and rule, or why nobody does.",
    external_readers=("the CRM",),
)

SEQUENCE_CONNECTIONS = _input(
    "sequence-connections",
    "Connect a lead to a sequence, or disconnect it.",
    external_writers=("the CRM", "the command line"),
)
ACTIVITY_COMPLETED = _input(
    "activity-completed",
    "Somebody acted on a lead: an email, a call, a task, or a reply of the lead.",
    external_writers=("the CRM", "mail systems"),
)
SEQUENCE_COMMANDS = commands("sequence")
SEQUENCE_DEFINITIONS = definitions("sequence")
SEQUENCE_COMMAND_STATE = command_state("sequence")
SEQUENCE_STATE = _state("sequence-state", "sequences")
SEQUENCE_DEFINITION_CHANGED = definition_changed("sequence")
SEQUENCE_STEP_DUE = _event(
    "sequence-step-due",
    "A step of a sequence is due for a lead.",
    external_readers=("the CRM", "mail systems"),
)
SEQUENCE_CHANGED = _event(
    "sequence-changed",
    "A lead was connected to a sequence, completed it, was disconnected from it or failed, and why.",
    external_readers=("the CRM",),
)

FOLLOW_UP_COMMANDS = commands("follow-up")
FOLLOW_UP_DEFINITIONS = definitions("follow-up")
FOLLOW_UP_COMMAND_STATE = command_state("follow-up")
FOLLOW_UP_STATE = _state("follow-up-state", "follow-up")
FOLLOW_UP_DEFINITION_CHANGED = definition_changed("follow-up")
LEAD_FOLLOW_UP_OVERDUE = _event(
    "lead-follow-up-overdue",
    "Nobody acted on a qualified or assigned lead in time.",
    external_readers=("the CRM", "sales managers"),
)

ALL_TOPICS: tuple[Topic, ...] = tuple(one for one in globals().values() if isinstance(one, Topic))
"""Every topic, those of the workers first."""
DOWNSTREAM_TOPICS: tuple[Topic, ...] = tuple(one for one in ALL_TOPICS if one not in QUALIFICATION_TOPICS)
"""The topics that only downstream services use."""
