"""Applies definitions one after another: those that already run are left alone, and a refused one stops no other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lead_qualifier.client.commands import CommandClient, Outcome
from lead_qualifier.client.definitions import QUALIFICATION_MODEL, read_definitions
from lead_qualifier.client.rulebook import read_rulebook
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.messages.model_definition import definition_of

Definition = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RolledOut:
    """What became of one definition. `outcomes`: of the commands that were sent, in order; none if it already runs."""

    definition: Definition
    outcomes: tuple[Outcome, ...] = ()

    @property
    def accepted(self) -> bool:
        """False: the last command was refused."""
        return not self.outcomes or self.outcomes[-1].accepted


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do with each definition, besides keeping it as a draft.

    `publish`: let it run. `replace`: also in place of a live version. `draft`: accept a draft next to a live version.
    """

    publish: bool = False
    replace: bool = False
    draft: bool = False


def live_definitions(connection: Connection, kind: str, *, topic_prefix: str) -> dict[str, Definition]:
    """The live definitions of a kind, by id, as people write them.

    Raises TopicMissing, NotAllowed, ReadIncomplete, KafkaException.
    """
    if kind == QUALIFICATION_MODEL:
        models = read_rulebook(connection, topic_prefix=topic_prefix).models
        return {one.id: {**definition_of(one.published)} for one in models if one.status == "live" and one.published}
    entries = read_definitions(TopicReader(connection), kind, topic_prefix=topic_prefix)
    return {one.id: one.published for one in entries if one.status == "live" and one.published is not None}


def roll_out(
    client: CommandClient, kind: str, definitions: Iterable[Definition], live: Mapping[str, Definition], plan: Plan
) -> Iterator[RolledOut]:
    """Send what each definition needs, in the given order. `live`: what runs already, by id.

    Raises as `CommandClient.send`.
    """
    with client.several():
        for definition in definitions:
            runs = live.get(str(definition["id"]))
            if runs == definition and not plan.draft:  # as a draft, it drops an older draft
                yield RolledOut(definition)
            else:
                yield RolledOut(definition, _send(client, kind, definition, is_live=runs is not None, plan=plan))


def _send(
    client: CommandClient, kind: str, definition: Definition, *, is_live: bool, plan: Plan
) -> tuple[Outcome, ...]:
    replaces = is_live and plan.replace
    applied = client.apply(kind, definition, draft=plan.draft or replaces)
    if not (applied.accepted and plan.publish):
        return (applied,)
    return applied, client.move(kind, "publish", str(definition["id"]), replace=replaces)
