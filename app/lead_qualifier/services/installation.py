"""An application id belongs to one installation: checks, before a process joins a consumer group, whom it serves."""

from __future__ import annotations

from collections.abc import Iterable

from lead_qualifier.engine import Application
from lead_qualifier.engine.faust.consumer_group import ConsumerGroup
from lead_qualifier.services.errors import OtherInstallation

_SHOWN_AT_MOST = 3


def refuse_other(
    group_id: str, applications: Iterable[Application], group: ConsumerGroup, *, topic_prefix: str
) -> None:
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
    """The prefix of their topics, if they have names that we give topics."""
    known = tuple(names)
    found = {topic.removesuffix(name) for topic in topics for name in known if topic.endswith(name)}
    return min(found, key=len) if found else None


def _some(topics: Iterable[str]) -> str:
    named = sorted(topics)
    return ", ".join(named[:_SHOWN_AT_MOST]) + (", ..." if len(named) > _SHOWN_AT_MOST else "")
