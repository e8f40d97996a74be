"""Every service in one table: its applications, and what each of them reads, keeps and writes.

Consumer groups, topic lists, ACLs, dead-letter replay, repartitioning, the page of topics and the AsyncAPI document are
derived from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lead_qualifier.messages import topics
from lead_qualifier.messages.topics import (
    ACTIVITY_COMPLETED,
    ALL_TOPICS,
    ASSIGNMENT_COMMANDS,
    COMMAND_STATE,
    DOWNSTREAM_DEAD_LETTERS,
    FEATURE_COMMANDS,
    LEAD_ASSIGNED,
    LEAD_CHANGED,
    LEAD_DEAD_LETTERS,
    LEAD_HANDOVERS,
    LEAD_MERGED,
    LEAD_QUALIFIED,
    LEAD_RECYCLED,
    LEAD_SALES_RESPONSE,
    LEAD_SCORE_CHANGED,
    LEAD_STATE,
    QUALIFICATION_COMMANDS,
    QUALIFICATION_MODEL_CHANGED,
    QUALIFICATION_MODELS,
    QUALIFICATION_TOPICS,
    SCORING_MODEL_CHANGED,
    SELLER_CHANGED,
    SEQUENCE_CONNECTIONS,
    Partitions,
    Topic,
)

#: Records of a topic may be consequences of records of these. An application that reads both handles the causes first,
#: even when it starts with a backlog of both.
_CAUSES: Mapping[Topic, tuple[Topic, ...]] = {
    LEAD_QUALIFIED: (LEAD_CHANGED, LEAD_MERGED),
    LEAD_ASSIGNED: (LEAD_QUALIFIED,),
    LEAD_SALES_RESPONSE: (LEAD_ASSIGNED,),
    ACTIVITY_COMPLETED: (LEAD_ASSIGNED,),
    ASSIGNMENT_COMMANDS: (SELLER_CHANGED,),
    FEATURE_COMMANDS: (SCORING_MODEL_CHANGED,),
    QUALIFICATION_COMMANDS: (SCORING_MODEL_CHANGED,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationTopology:
    """One stateful processor: its inputs, the changelog of its state (`state`), and its outputs."""

    name: str
    inputs: tuple[Topic, ...]
    state: Topic
    outputs: tuple[Topic, ...] = ()

    def causes_of(self, topic: Topic) -> tuple[Topic, ...]:
        """The inputs that must be handled before this one."""
        return tuple(cause for cause in _CAUSES.get(topic, ()) if cause in self.inputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTopology:
    """One service: the applications that share a consumer group.

    `name` labels its metrics; `command` starts its processes. `definitions`: the compacted topic of rules that every
    process follows. `group_suffix`: what its consumer group adds to the application id. `purpose`: what
    a downstream service does, as the help of its command says it.
    """

    name: str
    command: str
    applications: tuple[ApplicationTopology, ...]
    dead_letters: Topic
    definitions: Topic | None = None
    group_suffix: str = ""
    purpose: str = ""

    def group_id(self, application_id: str) -> str:
        """The name of the consumer group."""
        return application_id + self.group_suffix

    def application(self, name: str) -> ApplicationTopology:
        """Raises KeyError if there is none of this name."""
        return {one.name: one for one in self.applications}[name]

    @property
    def changelogs(self) -> dict[Topic, tuple[Topic, ...]]:
        """The inputs of each topic of state: the topics whose offsets its checkpoints hold."""
        return {one.state: one.inputs for one in self.applications}

    @property
    def inputs(self) -> tuple[Topic, ...]:
        """The topics that its applications read, from others and from one another."""
        return tuple(topic for one in self.applications for topic in one.inputs)

    @property
    def keeps(self) -> tuple[Topic, ...]:
        """The topics that it both writes and reads: definitions, state, messages from one application to another."""
        definitions = () if self.definitions is None else (self.definitions,)
        passed_on = (topic for topic in self.inputs if topic in self._outputs)
        return (*definitions, *dict.fromkeys(passed_on), *self.changelogs)

    @property
    def reads(self) -> tuple[Topic, ...]:
        """The topics that it reads and others write."""
        return each_once(topic for topic in self.inputs if topic not in self.keeps)

    @property
    def writes(self) -> tuple[Topic, ...]:
        """The topics that it writes and others read, apart from dead letters."""
        return each_once(topic for topic in self._outputs if topic not in self.keeps)

    @property
    def audit_trails(self) -> tuple[Topic, ...]:
        """The topics with the outcomes of its commands."""
        return tuple(topic for topic in self.writes if topic.partitions is Partitions.ONE)

    @property
    def lead_events(self) -> tuple[Topic, ...]:
        """The topics with its decisions about leads."""
        return tuple(topic for topic in self.writes if topic.partitions is Partitions.BY_LEAD)

    @property
    def topics(self) -> tuple[Topic, ...]:
        """Every topic that must exist."""
        return (*self.reads, *self.keeps, *self.writes, self.dead_letters)

    @property
    def _outputs(self) -> tuple[Topic, ...]:
        return tuple(topic for one in self.applications for topic in one.outputs)


def each_once(topics: Iterable[Topic]) -> tuple[Topic, ...]:
    """The topics without repetitions, in their order."""
    return tuple(dict.fromkeys(topics))


def _downstream(
    name: str, purpose: str, *applications: ApplicationTopology, definitions: Topic | None = None
) -> tuple[str, ServiceTopology]:
    return name, ServiceTopology(
        name=name,
        purpose=purpose,
        command=f"lead-qualifier downstream {name}",
        group_suffix=f"-{name}",
        applications=applications,
        definitions=definitions,
        dead_letters=DOWNSTREAM_DEAD_LETTERS,
    )


def _by_definitions(
    kind: str, purpose: str, state: Topic, inputs: tuple[Topic, ...], outputs: tuple[Topic, ...]
) -> tuple[str, ServiceTopology]:
    """A service that decides about each lead by the definitions of one kind, and about commands on these."""
    name = topics.KINDS[kind]
    return _downstream(
        name,
        purpose,
        ApplicationTopology(name=name, inputs=(*_LEADS, *inputs), state=state, outputs=outputs),
        ApplicationTopology(
            name=f"{kind}-definitions",
            inputs=(topics.commands(kind),),
            state=topics.command_state(kind),
            outputs=(topics.definition_changed(kind),),
        ),
        definitions=topics.definitions(kind),
    )


_LEADS = (LEAD_CHANGED, LEAD_MERGED, LEAD_QUALIFIED)

WORKER = ServiceTopology(
    name="qualification",
    command="lead-qualifier worker",
    applications=(
        ApplicationTopology(
            name="leads",
            inputs=(LEAD_CHANGED, LEAD_MERGED, LEAD_HANDOVERS, LEAD_SALES_RESPONSE, LEAD_SCORE_CHANGED),
            state=LEAD_STATE,
            outputs=(LEAD_QUALIFIED, LEAD_RECYCLED, LEAD_HANDOVERS),
        ),
        ApplicationTopology(
            name="commands",
            inputs=(SCORING_MODEL_CHANGED, FEATURE_COMMANDS, QUALIFICATION_COMMANDS),
            state=COMMAND_STATE,
            outputs=(QUALIFICATION_MODEL_CHANGED,),
        ),
    ),
    definitions=QUALIFICATION_MODELS,
    dead_letters=LEAD_DEAD_LETTERS,
)
"""The workers, which qualify leads."""

DOWNSTREAM: Mapping[str, ServiceTopology] = dict(
    (
        _by_definitions(
            "journey",
            "Let leads enter journeys.",
            topics.JOURNEY_STATE,
            inputs=(),
            outputs=(topics.JOURNEY_ENTRY_REQUESTED,),
        ),
        _downstream(
            "assignment",
            "Assign leads to sellers, teams and queues.",
            ApplicationTopology(
                name="assignment-intake",
                inputs=_LEADS,
                state=topics.ASSIGNMENT_LEAD_STATE,
                outputs=(topics.ASSIGNMENT_QUEUE,),
            ),
            ApplicationTopology(
                name="assignment-relay",
                inputs=(SELLER_CHANGED, ASSIGNMENT_COMMANDS),
                state=topics.ASSIGNMENT_RELAY_STATE,
                outputs=(topics.ASSIGNMENT_QUEUE,),
            ),
            ApplicationTopology(
                name="assignment",
                inputs=(topics.ASSIGNMENT_QUEUE,),
                state=topics.ASSIGNMENT_STATE,
                outputs=(topics.ASSIGNMENT_DEFINITION_CHANGED, LEAD_ASSIGNED, topics.ASSIGNMENT_QUEUE),
            ),
        ),
        _by_definitions(
            "sequence",
            "Take leads through sequences of sales steps.",
            topics.SEQUENCE_STATE,
            inputs=(LEAD_ASSIGNED, SEQUENCE_CONNECTIONS, ACTIVITY_COMPLETED),
            outputs=(topics.SEQUENCE_STEP_DUE, topics.SEQUENCE_CHANGED),
        ),
        _by_definitions(
            "follow-up",
            "Watch whether sales acts on leads in time.",
            topics.FOLLOW_UP_STATE,
            inputs=(LEAD_ASSIGNED, LEAD_SALES_RESPONSE, ACTIVITY_COMPLETED),
            outputs=(topics.LEAD_FOLLOW_UP_OVERDUE,),
        ),
    )
)
"""The downstream services, by the names that `lead-qualifier downstream` knows."""

SERVICES: tuple[ServiceTopology, ...] = (WORKER, *DOWNSTREAM.values())
"""Every service."""

COMMANDS: tuple[Topic, ...] = (FEATURE_COMMANDS, QUALIFICATION_COMMANDS, *map(topics.commands, topics.KINDS))
"""The topics of commands, which people give."""

PUBLIC_INPUTS: tuple[Topic, ...] = each_once(
    topic for service in SERVICES for topic in service.reads if topic.external_writers and topic not in COMMANDS
)
"""What other systems report: scoring engines, the CRM, mail systems."""

PROJECTED: tuple[Topic, ...] = tuple(service.definitions for service in SERVICES if service.definitions is not None)
"""The topics of rules that processes follow. They are written from the state of commands, outside of transactions; the
services write what is missing there.
"""

WORKER_REPLAYABLE: tuple[Topic, ...] = tuple(
    topic
    for topic in QUALIFICATION_TOPICS
    if topic in {*WORKER.reads, LEAD_HANDOVERS} and topic is not FEATURE_COMMANDS
)
"""Where dead letters of the workers may be sent back to: what they read, except the administrators' commands, because
a dead letter itself says where it came from.
"""

DOWNSTREAM_REPLAYABLE: tuple[Topic, ...] = each_once(
    (
        *(topic for service in DOWNSTREAM.values() for topic in service.inputs),
        *(one for one in ALL_TOPICS if one.events and one.partitions is Partitions.BY_LEAD),
    )
)
"""Where dead letters of downstream services, sinks and consumers may be sent back to: what the services read, and
events about leads.
"""
