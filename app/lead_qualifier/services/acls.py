"""The least that each service must be allowed on the broker, as Kafka ACLs, from the topic catalogue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from lead_qualifier.kafka.acls import Grant, Operation, Resource
from lead_qualifier.messages.downstream_topics import (
    ACTIVITY_COMPLETED,
    ASSIGNMENT_LEAD_STATE,
    ASSIGNMENT_QUEUE,
    ASSIGNMENT_STATE,
    DOWNSTREAM_DEAD_LETTERS,
    KINDS,
    LEAD_ASSIGNED,
    SELLER_CHANGED,
    SEQUENCE_CONNECTIONS,
    commands,
    definition_changed,
)
from lead_qualifier.messages.downstream_topics import CATALOGUE as DOWNSTREAM_CATALOGUE
from lead_qualifier.messages.topics import (
    CATALOGUE,
    FEATURE_COMMANDS,
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
    SCORING_MODEL_CHANGED,
    STATE_TOPICS,
    Topic,
)
from lead_qualifier.services.topology import DOWNSTREAM, PROJECTED, WORKER, WORKER_REPLAYABLE, ServiceTopology
from lead_qualifier.settings import Settings


class Service(StrEnum):
    """Who logs in to the broker with rights of its own, besides the downstream services."""

    WORKER = "worker"
    CLI = "cli"
    ADMINISTRATOR = "administrator"
    OPERATOR = "operator"
    SCORING_ENGINE = "scoring-engine"
    CRM = "crm"
    CONSUMER = "consumer"
    REPARTITION = "repartition"
    WEBHOOK = "webhook"
    DATAVERSE = "dataverse"
    SALES_OPERATIONS = "sales-operations"


PURPOSES: dict[str, str] = {
    Service.WORKER: "runs `lead-qualifier worker`",
    Service.CLI: "marketers: `model`, `scoring-model`, `lead show`",
    Service.ADMINISTRATOR: "turns features on and off: `feature`",
    Service.OPERATOR: "operates it: `topics`, `dead-letters`, `feed`",
    Service.SCORING_ENGINE: "sends scores, and announces which scoring models are live",
    Service.CRM: "sends changes and merges of leads, and what sales does",
    Service.CONSUMER: "acts on qualified leads: journeys, assignment, sequences, CRM",
    Service.REPARTITION: "runs `repartition`, once; take the rights away afterwards",
    **{name: f"runs `{service.command}`" for name, service in DOWNSTREAM.items()},
    Service.WEBHOOK: "runs `lead-qualifier downstream webhook` with the file given by --config",
    Service.DATAVERSE: "runs `lead-qualifier downstream dataverse` with the file given by --config",
    Service.SALES_OPERATIONS: "defines what happens to qualified leads: `journey`, `assignment`, `sequence`, ...",
}
"""Every service by its name, and what it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """The settings on which names depend."""

    topic_prefix: str
    state_prefix: str | None = None
    """Of the topics that hold state, if that is not the prefix."""
    application_id: str
    create_topics: bool
    consumer_group: str = ""
    """Of the service `consumer`."""
    to_prefix: str = ""
    """Of the topics that the service `repartition` makes."""
    sink_id: str = ""
    """Of the service `webhook` or `dataverse`."""
    sink_topics: tuple[str, ...] = ()
    """What that carries out, without the prefix."""


def naming_of(settings: Settings) -> Naming:
    """What the settings say of it."""
    return Naming(
        topic_prefix=settings.topic_prefix,
        state_prefix=settings.state_prefix,
        application_id=settings.application_id,
        create_topics=settings.create_topics,
    )


_EXPLAINED = (ASSIGNMENT_STATE, ASSIGNMENT_LEAD_STATE, LEAD_ASSIGNED)
# What others than workers and services write, and what these write for one another: the latter to be given with care.
_READ_DOWNSTREAM = tuple(dict.fromkeys(topic for used in DOWNSTREAM.values() for topic in used.reads))
_STATE_DOWNSTREAM = tuple(topic for used in DOWNSTREAM.values() for topic in used.changelogs)
_SENT_DOWNSTREAM = tuple(topic for topic in _READ_DOWNSTREAM if not topic.ours and topic not in CATALOGUE)
_PASSED_ON = tuple(topic for topic in _READ_DOWNSTREAM if topic.ours)


def grants(service: str, naming: Naming) -> tuple[Grant, ...]:
    """What the service must be allowed, and why. Raises KeyError if there is none of this name."""
    if service == Service.WORKER:
        return _process(naming, WORKER)
    if service in DOWNSTREAM:
        return _process(naming, DOWNSTREAM[service])
    if service in {Service.WEBHOOK, Service.DATAVERSE}:
        return _sink(naming, service)
    builders: dict[str, Callable[[Naming], tuple[Grant, ...]]] = {
        Service.CLI: _cli,
        Service.ADMINISTRATOR: _administrator,
        Service.OPERATOR: _operator,
        Service.SCORING_ENGINE: _scoring_engine,
        Service.CRM: _crm,
        Service.CONSUMER: _consumer,
        Service.REPARTITION: _repartition,
        Service.SALES_OPERATIONS: _sales_operations,
    }
    return builders[service](naming)


def _process(naming: Naming, service: ServiceTopology) -> tuple[Grant, ...]:
    read, write, configs = Operation.READ, Operation.WRITE, Operation.DESCRIBE_CONFIGS
    group = service.group_id(naming.application_id)
    create = _topics(
        naming, service.topics, Operation.CREATE, why="create missing topics (LEAD_QUALIFIER_CREATE_TOPICS)"
    )
    return (
        _topics(naming, service.reads, read, configs, why="read its inputs, and look up how large records may be"),
        _topics(naming, service.keeps, read, write, configs, why="keep state and definitions"),
        _topics(
            naming, (*service.writes, service.dead_letters), write, configs, why="write decisions and dead letters"
        ),
        _group(group, read, why="share the partitions, commit offsets"),
        Grant(
            resource=Resource.TRANSACTIONAL_ID,
            names=(f"{group}-",),
            operations=(write,),
            why="exactly once: each process has its own transactional id",
            prefixed=True,
        ),
        *((create,) if naming.create_topics else ()),
    )


def _sink(naming: Naming, kind: str) -> tuple[Grant, ...]:
    carried = tuple(topic for topic in (*CATALOGUE, *DOWNSTREAM_CATALOGUE) if topic.name in naming.sink_topics)
    used = (*carried, DOWNSTREAM_DEAD_LETTERS)
    configs = Operation.DESCRIBE_CONFIGS
    create = _topics(naming, used, Operation.CREATE, why="create missing topics (LEAD_QUALIFIER_CREATE_TOPICS)")
    return (
        _topics(naming, carried, Operation.READ, configs, why="read the events that it delivers"),
        _topics(naming, (DOWNSTREAM_DEAD_LETTERS,), Operation.WRITE, configs, why="write what cannot be delivered"),
        _group(
            sink_group(naming.application_id, kind, naming.sink_id),
            Operation.READ,
            why="share the partitions, commit positions",
        ),
        *((create,) if naming.create_topics else ()),
    )


def _sales_operations(naming: Naming) -> tuple[Grant, ...]:
    ordered = tuple(commands(kind) for kind in KINDS)
    outcomes = tuple(definition_changed(kind) for kind in KINDS)
    current = tuple(one.definitions for one in DOWNSTREAM.values() if one.definitions is not None)
    return (
        _topics(naming, ordered, Operation.WRITE, why="send commands"),
        _topics(naming, outcomes, Operation.READ, why="read outcomes"),
        _topics(naming, current, Operation.READ, why="list and show definitions"),
        _topics(naming, _EXPLAINED, Operation.READ, why="assignment list, show and explain"),
        _topics(
            naming,
            (LEAD_CHANGED, LEAD_MERGED, LEAD_QUALIFIED, ASSIGNMENT_QUEUE),
            Operation.DESCRIBE,
            why="show how much is not decided yet",
        ),
    )


def sink_group(application_id: str, kind: str, sink_id: str) -> str:
    """The consumer group of a sink: each has its own, by kind and id."""
    return f"{application_id}-{kind}-{sink_id}"


def _cli(naming: Naming) -> tuple[Grant, ...]:
    shown = (QUALIFICATION_MODEL_CHANGED, QUALIFICATION_MODELS, LEAD_STATE, LEAD_QUALIFIED)
    return (
        _topics(naming, (QUALIFICATION_COMMANDS, SCORING_MODEL_CHANGED), Operation.WRITE, why="send commands"),
        _topics(naming, shown, Operation.READ, why="read outcomes, models, leads"),
        _topics(
            naming, (LEAD_SCORE_CHANGED,), Operation.READ, why="model preview --days; show how much is not decided yet"
        ),
        _topics(
            naming,
            (LEAD_CHANGED, LEAD_MERGED, LEAD_SALES_RESPONSE, LEAD_HANDOVERS),
            Operation.DESCRIBE,
            why="show how much is not decided yet",
        ),
    )


def _administrator(naming: Naming) -> tuple[Grant, ...]:
    return (
        _topics(naming, (FEATURE_COMMANDS,), Operation.WRITE, why="turn features on and off; no other service may"),
        _topics(naming, (QUALIFICATION_MODEL_CHANGED,), Operation.READ, why="read outcomes"),
    )


def _operator(naming: Naming) -> tuple[Grant, ...]:
    read, write = Operation.READ, Operation.WRITE
    return (
        _topics(
            naming,
            CATALOGUE,
            Operation.CREATE,
            Operation.DESCRIBE,
            Operation.DESCRIBE_CONFIGS,
            why="topics create, topics check",
        ),
        _topics(
            naming,
            DOWNSTREAM_CATALOGUE,
            Operation.CREATE,
            Operation.DESCRIBE,
            Operation.DESCRIBE_CONFIGS,
            why="topics create --downstream, topics check --downstream",
        ),
        _topics(naming, (LEAD_DEAD_LETTERS,), read, why="dead-letters list"),
        _topics(naming, WORKER_REPLAYABLE, read, write, why="dead-letters replay, feed"),
        _topics(naming, (DOWNSTREAM_DEAD_LETTERS,), read, why="dead-letters list --downstream"),
        _topics(naming, _SENT_DOWNSTREAM, read, write, why="dead-letters replay --downstream"),
        _topics(
            naming,
            _PASSED_ON,
            read,
            write,
            why="dead-letters replay --downstream to topics of our own; whoever has this right can forge such events",
        ),
        _topics(naming, STATE_TOPICS, read, write, why="topics repair"),
        _group(naming.application_id, read, Operation.DELETE, why="topics repair"),
        _topics(naming, _STATE_DOWNSTREAM, read, write, why="topics repair --downstream"),
        Grant(
            resource=Resource.GROUP,
            names=tuple(service.group_id(naming.application_id) for service in DOWNSTREAM.values()),
            operations=(read, Operation.DELETE),
            why="topics repair --downstream",
        ),
    )


def _scoring_engine(naming: Naming) -> tuple[Grant, ...]:
    return (_topics(naming, (LEAD_SCORE_CHANGED, SCORING_MODEL_CHANGED), Operation.WRITE, why="send scores"),)


def _crm(naming: Naming) -> tuple[Grant, ...]:
    sent = (LEAD_CHANGED, LEAD_MERGED, LEAD_SALES_RESPONSE)
    sold = (SELLER_CHANGED, SEQUENCE_CONNECTIONS, ACTIVITY_COMPLETED)
    return (
        _topics(naming, sent, Operation.WRITE, why="send changes and merges of leads, and responses from sales"),
        _topics(
            naming,
            sold,
            Operation.WRITE,
            why="send sellers, connections and completed activities to downstream services",
        ),
    )


def _consumer(naming: Naming) -> tuple[Grant, ...]:
    return (
        _topics(naming, (LEAD_QUALIFIED, LEAD_RECYCLED), Operation.READ, why="read qualified and recycled leads"),
        _group(naming.consumer_group, Operation.READ, why="its consumer group"),
    )


def _repartition(naming: Naming) -> tuple[Grant, ...]:
    read, write, describe, configs = Operation.READ, Operation.WRITE, Operation.DESCRIBE, Operation.DESCRIBE_CONFIGS
    to = replace(naming, topic_prefix=naming.to_prefix, state_prefix=None)
    every = (*CATALOGUE, *DOWNSTREAM_CATALOGUE)
    passed = (LEAD_HANDOVERS, ASSIGNMENT_QUEUE)
    copied = tuple(topic for topic in every if topic.ours and topic not in {*PROJECTED, *passed})
    return (
        _topics(
            naming,
            tuple(topic for topic in every if topic not in PROJECTED),
            read,
            configs,
            why="check that all input is decided, copy the state",
        ),
        _topics(naming, PROJECTED, describe, configs, why="create the new topics with the same settings"),
        _topics(to, every, Operation.CREATE, describe, configs, why="create the new topics"),
        _topics(to, copied, read, write, why="write the copy, and verify it"),
        _topics(to, passed, read, why="check that the new topics are empty"),
        _topics(to, PROJECTED, write, why="write the current criteria and definitions"),
        Grant(
            resource=Resource.GROUP,
            names=tuple(service.group_id(naming.application_id) for service in (WORKER, *DOWNSTREAM.values())),
            operations=(describe,),
            why="check that no worker or downstream service is running",
        ),
        Grant(
            resource=Resource.TRANSACTIONAL_ID,
            names=(f"{naming.application_id}-repartition",),
            operations=(write,),
            why="copy everything in one transaction",
        ),
    )


def _topics(naming: Naming, topics: Sequence[Topic], *operations: Operation, why: str) -> Grant:
    state_prefix = naming.topic_prefix if naming.state_prefix is None else naming.state_prefix
    names = tuple(topic.full_name(state_prefix if topic in STATE_TOPICS else naming.topic_prefix) for topic in topics)
    return Grant(resource=Resource.TOPIC, names=names, operations=operations, why=why)


def _group(name: str, *operations: Operation, why: str) -> Grant:
    return Grant(resource=Resource.GROUP, names=(name,), operations=operations, why=why)
