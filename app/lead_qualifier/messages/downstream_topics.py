"""The catalogue of the topics that only downstream services use."""

from __future__ import annotations

from datetime import timedelta

from lead_qualifier.messages.topics import Cleanup, Partitions, Topic

_DAY = timedelta(days=1)
_WEEK = 7 * _DAY

KINDS = ("journey", "assignment", "sequence", "follow-up")
"""The kinds of definition, each with its commands and its audit trail."""
_SERVICES = {"journey": "journeys", "assignment": "assignment", "sequence": "sequences", "follow-up": "follow-up"}


def with_article(kind: str) -> str:
    """The word with its article: `a journey`, `an assignment`."""
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def commands(kind: str) -> Topic:
    """Commands on definitions of one kind."""
    return Topic(
        name=f"{kind}-commands",
        purpose=f"Commands to apply, publish, stop or delete {with_article(kind)} definition.",
        key="definition id",
        partitions=Partitions.ONE,
        cleanup=Cleanup.DELETE,
        retention=_WEEK,
        external_writers=("the command line",),
    )


def definitions(kind: str) -> Topic:
    """The current state of the definitions of one kind."""
    return Topic(
        name=f"{kind}-definitions",
        purpose=f"The current state of every {kind} definition, for the {_SERVICES[kind]} service.",
        key="definition id",
        partitions=Partitions.ONE,
        cleanup=Cleanup.COMPACT,
        external_readers=("the command line",),
        ours=True,
        events=False,
    )


def definition_changed(kind: str) -> Topic:
    """The audit trail of one kind."""
    return Topic(
        name=f"{kind}-definition-changed",
        purpose=f"The audit trail: the outcome of each command on {with_article(kind)} definition, why, and by whom.",
        key="definition id",
        partitions=Partitions.ONE,
        cleanup=Cleanup.DELETE,
        retention=3650 * _DAY,
        external_readers=("the command line", "auditors"),
        ours=True,
    )


def _state(name: str, service: str, key: str, partitions: Partitions) -> Topic:
    return Topic(
        name=name,
        purpose=f"Changelog of the {service} service. Internal.",
        key=key,
        partitions=partitions,
        cleanup=Cleanup.COMPACT,
        ours=True,
        timed_by_broker=True,
        events=False,
    )


def _input(name: str, purpose: str, writers: tuple[str, ...]) -> Topic:
    return Topic(
        name=name,
        purpose=purpose,
        key="lead_id",
        partitions=Partitions.BY_LEAD,
        cleanup=Cleanup.DELETE,
        retention=_WEEK,
        external_writers=writers,
    )


def _output(name: str, purpose: str, readers: tuple[str, ...]) -> Topic:
    return Topic(
        name=name,
        purpose=purpose,
        key="lead_id",
        partitions=Partitions.BY_LEAD,
        cleanup=Cleanup.DELETE,
        retention=30 * _DAY,
        external_readers=readers,
        ours=True,
    )


def command_state(kind: str) -> Topic:
    """The changelog of the processor of commands on definitions of one kind."""
    return _state(f"{kind}-command-state", _SERVICES[kind], "definition id", Partitions.ONE)


DOWNSTREAM_DEAD_LETTERS = Topic(
    name="downstream-dead-letters",
    purpose="Records that a downstream service could not handle: the original key, value and headers, and why.",
    key="original key",
    partitions=Partitions.BY_LEAD,
    cleanup=Cleanup.DELETE,
    retention=14 * _DAY,
    external_readers=("operations",),
    ours=True,
    events=False,
)

JOURNEY_COMMANDS = commands("journey")
JOURNEY_DEFINITIONS = definitions("journey")
JOURNEY_DEFINITION_CHANGED = definition_changed("journey")
JOURNEY_COMMAND_STATE = command_state("journey")
JOURNEY_STATE = _state("journey-state", "journeys", "lead_id", Partitions.BY_LEAD)
JOURNEY_ENTRY_REQUESTED = _output(
    "journey-entry-requested",
    "A lead enters a journey: which one, why, and with which data.",
    ("journey orchestrators",),
)

ASSIGNMENT_COMMANDS = commands("assignment")
ASSIGNMENT_DEFINITION_CHANGED = definition_changed("assignment")
SELLER_CHANGED = Topic(
    name="seller-changed",
    purpose="A seller joined or changed (attributes, work hours, capacity, availability), or left (no value).",
    key="seller_id",
    partitions=Partitions.ONE,
    cleanup=Cleanup.COMPACT,
    external_writers=("the CRM", "the command line"),
)
ASSIGNMENT_QUEUE = Topic(
    name="assignment-queue",
    purpose="Every input of the assignment service, in the one order in which it decides. Internal.",
    key="lead_id, seller_id or definition id",
    partitions=Partitions.ONE,
    cleanup=Cleanup.DELETE,
    retention=_WEEK,
    ours=True,
    events=False,
    timed_by_broker=True,
)
ASSIGNMENT_LEAD_STATE = _state("assignment-lead-state", "assignment", "lead_id", Partitions.BY_LEAD)
ASSIGNMENT_RELAY_STATE = _state("assignment-relay-state", "assignment", "seller_id", Partitions.ONE)
ASSIGNMENT_STATE = _state("assignment-state", "assignment", "lead/<id>, seller/<id> or definition/<id>", Partitions.ONE)
LEAD_ASSIGNED = _output(
    "lead-assigned",
    "What the assignment service decided about a lead: who owns it, by which segment and rule, or why nobody does.",
    ("the CRM",),
)

SEQUENCE_COMMANDS = commands("sequence")
SEQUENCE_DEFINITIONS = definitions("sequence")
SEQUENCE_DEFINITION_CHANGED = definition_changed("sequence")
SEQUENCE_COMMAND_STATE = command_state("sequence")
SEQUENCE_STATE = _state("sequence-state", "sequences", "lead_id", Partitions.BY_LEAD)
SEQUENCE_CONNECTIONS = _input(
    "sequence-connections",
    "Connect a lead to a sequence, or disconnect it.",
    ("the CRM", "the command line"),
)
ACTIVITY_COMPLETED = _input(
    "activity-completed",
    "Somebody acted on a lead: an email, a call, a task, or a reply of the lead.",
    ("the CRM", "mail systems"),
)
SEQUENCE_STEP_DUE = _output(
    "sequence-step-due",
    "A step of a sequence is due for a lead.",
    ("the CRM", "mail systems"),
)
SEQUENCE_CHANGED = _output(
    "sequence-changed",
    "A lead was connected to a sequence, completed it, was disconnected from it or failed, and why.",
    ("the CRM",),
)

FOLLOW_UP_COMMANDS = commands("follow-up")
FOLLOW_UP_DEFINITIONS = definitions("follow-up")
FOLLOW_UP_DEFINITION_CHANGED = definition_changed("follow-up")
FOLLOW_UP_COMMAND_STATE = command_state("follow-up")
FOLLOW_UP_STATE = _state("follow-up-state", "follow-up", "lead_id", Partitions.BY_LEAD)
LEAD_FOLLOW_UP_OVERDUE = _output(
    "lead-follow-up-overdue",
    "Nobody acted on a qualified or assigned lead in time.",
    ("the CRM", "sales managers"),
)


#: In the order in which they are shown.
CATALOGUE: tuple[Topic, ...] = (
    JOURNEY_COMMANDS,
    JOURNEY_DEFINITIONS,
    JOURNEY_COMMAND_STATE,
    JOURNEY_STATE,
    JOURNEY_DEFINITION_CHANGED,
    JOURNEY_ENTRY_REQUESTED,
    DOWNSTREAM_DEAD_LETTERS,
    SELLER_CHANGED,
    ASSIGNMENT_COMMANDS,
    ASSIGNMENT_QUEUE,
    ASSIGNMENT_LEAD_STATE,
    ASSIGNMENT_RELAY_STATE,
    ASSIGNMENT_STATE,
    ASSIGNMENT_DEFINITION_CHANGED,
    LEAD_ASSIGNED,
    SEQUENCE_CONNECTIONS,
    ACTIVITY_COMPLETED,
    SEQUENCE_COMMANDS,
    SEQUENCE_DEFINITIONS,
    SEQUENCE_COMMAND_STATE,
    SEQUENCE_STATE,
    SEQUENCE_DEFINITION_CHANGED,
    SEQUENCE_STEP_DUE,
    SEQUENCE_CHANGED,
    FOLLOW_UP_COMMANDS,
    FOLLOW_UP_DEFINITIONS,
    FOLLOW_UP_COMMAND_STATE,
    FOLLOW_UP_STATE,
    FOLLOW_UP_DEFINITION_CHANGED,
    LEAD_FOLLOW_UP_OVERDUE,
)
