"""How a downstream service is put together: its rules, its applications, its consumer group."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lead_qualifier.definitions.command_processor import DefinitionProcessor
from lead_qualifier.definitions.entries import (
    Definitions,
    Entry,
    decode_entry,
    definitions_from,
    encode_entry,
    encode_for_workers,
    entries_of,
)
from lead_qualifier.definitions.kind import Kind
from lead_qualifier.downstream.lead_processor import LeadProcessor
from lead_qualifier.engine import Application, Input, Processor
from lead_qualifier.messages import cloud_events
from lead_qualifier.messages import downstream_topics as topics
from lead_qualifier.messages.downstream_topics import (
    ACTIVITY_COMPLETED,
    ASSIGNMENT_COMMANDS,
    DOWNSTREAM_DEAD_LETTERS,
    LEAD_ASSIGNED,
    SELLER_CHANGED,
)
from lead_qualifier.messages.topics import (
    LEAD_CHANGED,
    LEAD_MERGED,
    LEAD_QUALIFIED,
    LEAD_SALES_RESPONSE,
    Partitions,
    Topic,
)
from lead_qualifier.services.acls import group_of
from lead_qualifier.services.service import Projection, Service
from lead_qualifier.settings import Settings

#: From which other topics' records those of a topic may follow. A service that reads both knows the cause first: also
#: one that was away, and finds much of both.
_FOLLOWS_FROM: dict[Topic, tuple[Topic, ...]] = {
    LEAD_QUALIFIED: (LEAD_CHANGED, LEAD_MERGED),
    LEAD_ASSIGNED: (LEAD_QUALIFIED,),
    LEAD_SALES_RESPONSE: (LEAD_ASSIGNED,),
    ACTIVITY_COMPLETED: (LEAD_ASSIGNED,),
    ASSIGNMENT_COMMANDS: (SELLER_CHANGED,),
}


@dataclass(frozen=True, slots=True)
class Wiring:
    """What a service is built from. `sizes`: the largest record, in bytes, of each topic of ours, by full name."""

    name: str
    settings: Settings
    sizes: Mapping[str, int]

    @property
    def prefix(self) -> str:
        """What stands before every topic's name."""
        return self.settings.topic_prefix

    @property
    def group_id(self) -> str:
        """The service's consumer group."""
        return group_of(self.settings.application_id, self.name)

    @property
    def source(self) -> str:
        """`ce_source` of what it emits."""
        return cloud_events.source(self.group_id)

    def application(  # noqa: PLR0917  all six are what an application is made of
        self,
        name: str,
        inputs: tuple[Topic, ...],
        state: Topic,
        processor: Processor,
        encode_state: Callable[[Any], bytes],
        decode_state: Callable[[bytes], Any],
    ) -> Application:
        """An application on topics of the catalogue. Its partitions are those of its state's topic."""
        return Application(
            name=name,
            inputs=tuple(
                Input(
                    topic.full_name(self.prefix),
                    after=tuple(
                        cause.full_name(self.prefix) for cause in _FOLLOWS_FROM.get(topic, ()) if cause in inputs
                    ),
                )
                for topic in inputs
            ),
            changelog=state.full_name(self.prefix),
            dead_letters=DOWNSTREAM_DEAD_LETTERS.full_name(self.prefix),
            partitions=state.partition_count(self.settings.partitions),
            processor=processor,
            encode_state=encode_state,
            decode_state=decode_state,
            max_record_bytes=self.sizes,
            keyed=state.partitions is Partitions.BY_LEAD,
        )

    def definitions(self, kind: Kind) -> tuple[Projection[Entry, Definitions], Application]:
        """The definitions of one kind: the application that decides commands on them, and how they come to all
        workers. Decide by `projection.table.current()`.
        """
        commands = topics.commands(kind.name)
        name = f"{kind.name}-definitions"
        projection: Projection[Entry, Definitions] = Projection(
            name.replace("-", "_"),
            topics.definitions(kind.name).full_name(self.prefix),
            application=name,
            stored=entries_of,
            encode=encode_for_workers,
            decode=decode_entry,
            snapshot=definitions_from,
        )
        decider = DefinitionProcessor(
            kind,
            commands=commands,
            changed=topics.definition_changed(kind.name),
            topic_prefix=self.prefix,
            source=self.source,
            project=projection.project,
            time_tolerance=self.settings.time_tolerance,
        )
        state = topics.command_state(kind.name)
        return projection, self.application(name, (commands,), state, decider, encode_entry, decode_entry)

    def of_leads(
        self,
        kind: Kind,
        state: Topic,
        make: Callable[..., LeadProcessor[Any, Any]],
        encode_state: Callable[[Any], bytes],
        decode_state: Callable[[bytes], Any],
    ) -> Service:
        """A service that decides about each lead by definitions of one kind. `make` is its processor's class."""
        definitions, deciding = self.definitions(kind)
        processor = make(
            topic_prefix=self.prefix,
            source=self.source,
            current=definitions.table.current,
            time_tolerance=self.settings.time_tolerance,
        )
        leads = self.application(self.name, processor.inputs, state, processor, encode_state, decode_state)
        return self.service(leads, deciding, projections=(definitions,))

    def service(self, *applications: Application, projections: tuple[Projection[Any, Any], ...] = ()) -> Service:
        """The service of these applications."""
        return Service(name=self.name, group_id=self.group_id, applications=applications, projections=projections)


Build = Callable[[Wiring], Service]
"""Each service's module has one, as `build`."""
