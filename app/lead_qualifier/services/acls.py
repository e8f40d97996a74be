"""The least that each login must be allowed on the broker, as Kafka ACLs, from the topic catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

from lead_qualifier.kafka.acls import Grant, Operation, Resource
from lead_qualifier.messages import topics
from lead_qualifier.messages.topics import Topic
from lead_qualifier.services.console_topology import CONSOLE
from lead_qualifier.services.topology import (
    DOWNSTREAM,
    PROJECTED,
    SERVICES,
    WORKER,
    WORKER_REPLAYABLE,
    ServiceTopology,
    each_once,
)
from lead_qualifier.settings import Settings

_READ, _WRITE, _CREATE, _DELETE = Operation.READ, Operation.WRITE, Operation.CREATE, Operation.DELETE
_DESCRIBE, _CONFIGS = Operation.DESCRIBE, Operation.DESCRIBE_CONFIGS


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """The settings on which names depend."""

    topic_prefix: str
    state_prefix: str | None = None
    """Of the topics that hold state, if that is not the prefix."""
    application_id: str
    create_topics: bool
    consumer_group: str = ""
    """Of the login `consumer`."""
    to_prefix: str = ""
    """Of the topics that `repartition` makes."""
    sink_id: str = ""
    """Of the login `webhook` or `dataverse`."""
    sink_topics: tuple[str, ...] = ()
    """What that carries out, without the prefix."""

    def topics(self, names: Iterable[Topic], *operations: Operation, why: str) -> Grant:
        """A grant of these operations on topics."""
        full = tuple(one.full_name(self.topic_prefix, self.state_prefix) for one in names)
        return Grant(resource=Resource.TOPIC, names=full, operations=operations, why=why)

    def creation(self, names: Iterable[Topic]) -> tuple[Grant, ...]:
        """A grant to create topics, if processes do that."""
        why = "create missing topics (LEAD_QUALIFIER_CREATE_TOPICS)"
        return (self.topics(names, _CREATE, why=why),) if self.create_topics else ()

    def groups(self, services: Iterable[ServiceTopology], *operations: Operation, why: str) -> Grant:
        """A grant on the consumer groups of services."""
        return _on_groups(*(one.group_id(self.application_id) for one in services), operations=operations, why=why)


def naming_of(settings: Settings) -> Naming:
    """The naming that follows from the settings."""
    return Naming(
        topic_prefix=settings.topic_prefix,
        state_prefix=settings.state_prefix,
        application_id=settings.application_id,
        create_topics=settings.create_topics,
    )


def sink_group(application_id: str, kind: str, sink_id: str) -> str:
    """The consumer group of a sink: each has its own, by kind and id."""
    return f"{application_id}-{kind}-{sink_id}"


def grants(login: str, naming: Naming) -> tuple[Grant, ...]:
    """What the login must be allowed, and why. Raises KeyError if there is none of this name."""
    return LOGINS[login].grants(naming)


_EXPLAINED = (topics.ASSIGNMENT_STATE, topics.ASSIGNMENT_LEAD_STATE, topics.LEAD_ASSIGNED)
# What others than workers and services write, and what these write for one another: the latter to be given with care.
_READ_DOWNSTREAM = each_once(topic for used in DOWNSTREAM.values() for topic in used.reads)
_STATE_DOWNSTREAM = tuple(topic for used in DOWNSTREAM.values() for topic in used.changelogs)
_SENT_DOWNSTREAM = tuple(
    topic for topic in _READ_DOWNSTREAM if not topic.ours and topic not in topics.QUALIFICATION_TOPICS
)
_PASSED_ON = tuple(topic for topic in _READ_DOWNSTREAM if topic.ours)


def _process(naming: Naming, service: ServiceTopology) -> tuple[Grant, ...]:
    written = (*service.writes, service.dead_letters)
    return (
        naming.topics(service.reads, _READ, _CONFIGS, why="read its inputs, and look up how large records may be"),
        naming.topics(service.keeps, _READ, _WRITE, _CONFIGS, why="keep state and definitions"),
        naming.topics(written, _WRITE, _CONFIGS, why="write decisions and dead letters"),
        naming.groups((service,), _READ, why="share the partitions, commit offsets"),
        Grant(
            resource=Resource.TRANSACTIONAL_ID,
            names=(f"{service.group_id(naming.application_id)}-",),
            operations=(_WRITE,),
            why="exactly once: each process has its own transactional id",
            prefixed=True,
        ),
        *naming.creation(service.topics),
    )


def _sink(naming: Naming, kind: str) -> tuple[Grant, ...]:
    carried = tuple(topic for topic in topics.ALL_TOPICS if topic.name in naming.sink_topics)
    dead_letters = (topics.DOWNSTREAM_DEAD_LETTERS,)
    group = sink_group(naming.application_id, kind, naming.sink_id)
    return (
        naming.topics(carried, _READ, _CONFIGS, why="read the events to deliver"),
        naming.topics(dead_letters, _WRITE, _CONFIGS, why="write events that cannot be delivered"),
        _on_groups(group, operations=(_READ,), why="share the partitions, commit positions"),
        *naming.creation((*carried, *dead_letters)),
    )


def _sales_operations(naming: Naming) -> tuple[Grant, ...]:
    ordered = tuple(topics.commands(kind) for kind in topics.KINDS)
    outcomes = tuple(topics.definition_changed(kind) for kind in topics.KINDS)
    current = tuple(one.definitions for one in DOWNSTREAM.values() if one.definitions is not None)
    measured = (topics.LEAD_CHANGED, topics.LEAD_MERGED, topics.LEAD_QUALIFIED, topics.ASSIGNMENT_QUEUE)
    return (
        naming.topics(ordered, _WRITE, why="send commands"),
        naming.topics(outcomes, _READ, why="read outcomes"),
        naming.topics(current, _READ, why="list and show definitions"),
        naming.topics(_EXPLAINED, _READ, why="assignment list, show and explain"),
        naming.topics(measured, _DESCRIBE, why="show how much is not processed yet"),
    )


def _cli(naming: Naming) -> tuple[Grant, ...]:
    ordered = (topics.QUALIFICATION_COMMANDS, topics.SCORING_MODEL_CHANGED)
    shown = (
        topics.QUALIFICATION_MODEL_CHANGED,
        topics.QUALIFICATION_MODELS,
        topics.LEAD_STATE,
        topics.LEAD_QUALIFIED,
    )
    reported = (topics.LEAD_ASSIGNED, topics.LEAD_SALES_RESPONSE, topics.LEAD_RECYCLED)
    measured = (topics.LEAD_CHANGED, topics.LEAD_MERGED, topics.LEAD_HANDOVERS)
    return (
        naming.topics(ordered, _WRITE, why="send commands"),
        naming.topics(shown, _READ, why="read outcomes, models, leads"),
        naming.topics(
            (topics.LEAD_SCORE_CHANGED,), _READ, why="model preview --days; show how much is not processed yet"
        ),
        naming.topics(reported, _READ, why="model report; show how much is not processed yet"),
        naming.topics(measured, _DESCRIBE, why="show how much is not processed yet"),
    )


def console_reads(naming: Naming) -> tuple[Grant, ...]:
    """What the console must be allowed to show anything."""
    others = tuple(topic for topic in CONSOLE.reads if topic is not CONSOLE.lead_state)
    return (
        naming.topics((CONSOLE.lead_state,), _READ, _CONFIGS, why="project leads, look up how long erasures are kept"),
        naming.topics(others, _READ, why="project rules, definitions, assignment, events, outcomes, dead letters"),
    )


def _console(naming: Naming) -> tuple[Grant, ...]:
    why = "send what people order on its pages; it checks their roles itself"
    forgeable = "send dead letters back; anyone with this right can forge events of our services"
    only_read = tuple(topic for topic in CONSOLE.sends_back if topic not in CONSOLE.reads)
    only_written = tuple(topic for topic in CONSOLE.sends_back if topic not in CONSOLE.writes)
    return (
        *console_reads(naming),
        naming.topics(CONSOLE.writes, _WRITE, why=why),
        naming.topics(only_read, _READ, why="send dead letters back"),
        naming.topics(only_written, _WRITE, why=forgeable),
    )


def _administrator(naming: Naming) -> tuple[Grant, ...]:
    return (
        naming.topics((topics.FEATURE_COMMANDS,), _WRITE, why="turn features on and off; no other service may"),
        naming.topics((topics.QUALIFICATION_MODEL_CHANGED,), _READ, why="read outcomes"),
    )


def _operator(naming: Naming) -> tuple[Grant, ...]:
    examine = (_CREATE, _DESCRIBE, _CONFIGS)
    forgeable = "dead-letters replay --downstream to topics of our own; anyone with this right can forge such events"
    return (
        naming.topics(topics.QUALIFICATION_TOPICS, *examine, why="topics create, topics check"),
        naming.topics(topics.DOWNSTREAM_TOPICS, *examine, why="topics create --downstream, topics check --downstream"),
        naming.topics((topics.LEAD_DEAD_LETTERS,), _READ, why="dead-letters list"),
        naming.topics(WORKER_REPLAYABLE, _READ, _WRITE, why="dead-letters replay, feed"),
        naming.topics((topics.DOWNSTREAM_DEAD_LETTERS,), _READ, why="dead-letters list --downstream"),
        naming.topics(_SENT_DOWNSTREAM, _READ, _WRITE, why="dead-letters replay --downstream"),
        naming.topics(_PASSED_ON, _READ, _WRITE, why=forgeable),
        naming.topics(topics.STATE_TOPICS, _READ, _WRITE, why="topics repair"),
        naming.groups((WORKER,), _READ, _DELETE, why="topics repair"),
        naming.topics(_STATE_DOWNSTREAM, _READ, _WRITE, why="topics repair --downstream"),
        naming.groups(DOWNSTREAM.values(), _READ, _DELETE, why="topics repair --downstream"),
    )


def _scoring_engine(naming: Naming) -> tuple[Grant, ...]:
    return (naming.topics((topics.LEAD_SCORE_CHANGED, topics.SCORING_MODEL_CHANGED), _WRITE, why="send scores"),)


def _crm(naming: Naming) -> tuple[Grant, ...]:
    sent = (topics.LEAD_CHANGED, topics.LEAD_MERGED, topics.LEAD_SALES_RESPONSE)
    sold = (topics.SELLER_CHANGED, topics.SEQUENCE_CONNECTIONS, topics.ACTIVITY_COMPLETED)
    return (
        naming.topics(sent, _WRITE, why="send changes and merges of leads, and responses from sales"),
        naming.topics(sold, _WRITE, why="send sellers, connections and completed activities to downstream services"),
    )


def _consumer(naming: Naming) -> tuple[Grant, ...]:
    return (
        naming.topics((topics.LEAD_QUALIFIED, topics.LEAD_RECYCLED), _READ, why="read qualified and recycled leads"),
        _on_groups(naming.consumer_group, operations=(_READ,), why="its consumer group"),
    )


def _repartition(naming: Naming) -> tuple[Grant, ...]:
    to = replace(naming, topic_prefix=naming.to_prefix, state_prefix=None)
    passed = (topics.LEAD_HANDOVERS, topics.ASSIGNMENT_QUEUE)
    unprojected = tuple(topic for topic in topics.ALL_TOPICS if topic not in PROJECTED)
    copied = tuple(topic for topic in unprojected if topic.ours and topic not in passed)
    return (
        naming.topics(unprojected, _READ, _CONFIGS, why="check that all input is processed, copy the state"),
        naming.topics(PROJECTED, _DESCRIBE, _CONFIGS, why="create the new topics with the same settings"),
        to.topics(topics.ALL_TOPICS, _CREATE, _DESCRIBE, _CONFIGS, why="create the new topics"),
        to.topics(copied, _READ, _WRITE, why="write the copy, and verify it"),
        to.topics(passed, _READ, why="check that the new topics are empty"),
        to.topics(PROJECTED, _WRITE, why="write the current criteria and definitions"),
        naming.groups(SERVICES, _DESCRIBE, why="check that no worker or downstream service is running"),
        Grant(
            resource=Resource.TRANSACTIONAL_ID,
            names=(f"{naming.application_id}-repartition",),
            operations=(_WRITE,),
            why="copy everything in one transaction",
        ),
    )


def _on_groups(*names: str, operations: tuple[Operation, ...], why: str) -> Grant:
    return Grant(resource=Resource.GROUP, names=names, operations=operations, why=why)


@dataclass(frozen=True, slots=True)
class Login:
    """Who logs in to the broker with rights of its own, what for, and which rights these are."""

    purpose: str
    grants: Callable[[Naming], tuple[Grant, ...]]


_BY_ITS_FILE = "runs `lead-qualifier downstream {}` with the file given by --config"

LOGINS: dict[str, Login] = {
    "worker": Login("runs `lead-qualifier worker`", partial(_process, service=WORKER)),
    "cli": Login("marketers: `model`, `scoring-model`, `lead show`", _cli),
    "console": Login("runs `lead-qualifier console`", _console),
    "administrator": Login("turns features on and off: `feature`", _administrator),
    "operator": Login("operates it: `topics`, `dead-letters`, `feed`", _operator),
    "scoring-engine": Login("sends scores, and announces which scoring models are live", _scoring_engine),
    "crm": Login("sends changes and merges of leads, and what sales does", _crm),
    "consumer": Login("acts on qualified leads: journeys, assignment, sequences, CRM", _consumer),
    "repartition": Login("runs `repartition`, once; take the rights away afterwards", _repartition),
    **{
        name: Login(f"runs `{service.command}`", partial(_process, service=service))
        for name, service in DOWNSTREAM.items()
    },
    "webhook": Login(_BY_ITS_FILE.format("webhook"), partial(_sink, kind="webhook")),
    "dataverse": Login(_BY_ITS_FILE.format("dataverse"), partial(_sink, kind="dataverse")),
    "sales-operations": Login(
        "defines what happens to qualified leads: `journey`, `assignment`, `sequence`, ...", _sales_operations
    ),
}
"""By their names, as `acls print` knows them."""
