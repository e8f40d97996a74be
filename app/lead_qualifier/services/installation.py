"""An application id belongs to one installation: before a process joins a consumer group, it looks whom that serves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import structlog

from lead_qualifier.engine import Application
from lead_qualifier.kafka.connection import Connection

log = structlog.get_logger(__name__)

_SECONDS = 5.0
_SHOWN_AT_MOST = 3


class OtherInstallation(Exception):
    """The consumer group serves another installation; the message names both and says what to do."""


@dataclass(frozen=True, slots=True)
class Group:
    """A consumer group as the broker tells of it."""

    members: Mapping[str, frozenset[str]]
    """What each member has subscribed to, by its host."""
    states: Mapping[str, str]
    """By committed topic: the topic that holds the state which its offsets belong to; empty where nobody has said."""


async def read_group(connection: Connection, group_id: str) -> Group | None:
    """None if the broker does not say, or not in time: whoever has to know asks again.

    By aiokafka: librdkafka ends the process if a broker restarts while it is asked for a group.
    """
    from aiokafka.admin import AIOKafkaAdminClient  # noqa: PLC0415  with Faust it takes half a second
    from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata  # noqa: PLC0415
    from aiokafka.errors import KafkaError  # noqa: PLC0415
    from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth  # noqa: PLC0415

    credentials = connection.faust().get("broker_credentials")
    admin = AIOKafkaAdminClient(
        bootstrap_servers=connection.bootstrap_servers,
        request_timeout_ms=int(_SECONDS * 1000),
        **credentials_to_aiokafka_auth(credentials, None),
    )
    try:
        async with asyncio.timeout(_SECONDS):
            await admin.start()
            [described] = await admin.describe_consumer_groups([group_id])
            offsets = await admin.list_consumer_group_offsets(group_id)
    except (KafkaError, OSError, TimeoutError) as error:
        log.debug("group_unknown", group=group_id, error=f"{type(error).__name__}: {error}")
        return None
    finally:
        await admin.close()
    members: dict[str, frozenset[str]] = {}
    for _, _, _, _, _, joined in described.groups:
        for _, _, host, metadata, _ in joined:
            if metadata:  # not while the group rebalances
                topics = frozenset(ConsumerProtocolMemberMetadata.decode(metadata).subscription)
                members[host.lstrip("/")] = members.get(host.lstrip("/"), frozenset()) | topics
    # librdkafka ends what it commits in a transaction with a zero
    return Group(members, {tp.topic: (at.metadata or "").rstrip("\0") for tp, at in offsets.items()})


def refuse_other(group_id: str, applications: Iterable[Application], group: Group, *, topic_prefix: str) -> None:
    """Raises OtherInstallation if a member reads none of our topics, or if the group's offsets belong to state that is
    kept in another topic than ours.
    """
    ours = {topic: app.changelog for app in applications for topic in app.topics}
    for host, topics in group.members.items():
        if topics and topics.isdisjoint(ours):
            theirs = _prefix(topics, [topic.removeprefix(topic_prefix) for topic in ours])
            raise OtherInstallation(
                f"consumer group {group_id} serves another installation: a process on {host} reads {_some(topics)}"
                f"{'' if theirs is None else f' (topic prefix {theirs!r})'}, this one would read {_some(ours)} (topic "
                f"prefix {topic_prefix!r}). Give each its own LEAD_QUALIFIER_APPLICATION_ID, or both the same "
                "LEAD_QUALIFIER_TOPIC_PREFIX"
            )
    for topic, state in group.states.items():
        if state and ours.get(topic, state) != state:
            raise OtherInstallation(
                f"consumer group {group_id} keeps the state of {topic} in {state}, this process would keep it in "
                f"{ours[topic]}: an application id, its topic prefix and its state prefix belong together. Set "
                "LEAD_QUALIFIER_STATE_PREFIX as the others have it, or give this process another "
                "LEAD_QUALIFIER_APPLICATION_ID (a state that `lead-qualifier rebuild` has built names its own)"
            )


def _prefix(topics: Iterable[str], names: Iterable[str]) -> str | None:
    """What stands before the names that we give topics, where theirs have such names."""
    known = tuple(names)
    found = {topic.removesuffix(name) for topic in topics for name in known if topic.endswith(name)}
    return min(found, key=len) if found else None


def _some(topics: Iterable[str]) -> str:
    named = sorted(topics)
    return ", ".join(named[:_SHOWN_AT_MOST]) + (", ..." if len(named) > _SHOWN_AT_MOST else "")
