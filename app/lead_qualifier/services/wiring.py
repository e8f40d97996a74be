"""Puts a service together from its row in the topology, the settings and its processors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lead_qualifier.definitions.command_processor import CommandProcessor, on_definitions
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
from lead_qualifier.definitions.registry import DefinitionRegistry
from lead_qualifier.downstream.rule_based_processor import RuleBasedProcessor
from lead_qualifier.engine import Application, Input, Processor, Record
from lead_qualifier.messages import cloud_events, topics
from lead_qualifier.messages.topics import Partitions, Topic
from lead_qualifier.messages.trace_context import trace_of
from lead_qualifier.services.projection import Projection
from lead_qualifier.services.service import Service
from lead_qualifier.services.topology import ServiceTopology
from lead_qualifier.settings import Settings
from lead_qualifier.wording.sentences import IN_ENGLISH


@dataclass(frozen=True, slots=True)
class Wiring:
    """What a service is built from. `sizes`: the largest record, in bytes, of each topic of ours, by full name."""

    topology: ServiceTopology
    settings: Settings
    sizes: Mapping[str, int]

    @property
    def prefix(self) -> str:
        """The prefix of every topic's name."""
        return self.settings.topic_prefix

    @property
    def group_id(self) -> str:
        """The service's consumer group."""
        return self.topology.group_id(self.settings.application_id)

    @property
    def source(self) -> str:
        """`ce_source` of what it emits."""
        return cloud_events.source(self.group_id)

    def application(
        self,
        name: str,
        processor: Processor,
        encode_state: Callable[[Any], bytes],
        decode_state: Callable[[bytes], Any],
    ) -> Application:
        """The application of this name. It has as many partitions as the topic of its state."""
        row = self.topology.application(name)
        return Application(
            name=name,
            inputs=tuple(
                Input(self._name(topic), after=tuple(map(self._name, row.causes_of(topic)))) for topic in row.inputs
            ),
            changelog=self._name(row.state),
            dead_letters=self._name(self.topology.dead_letters),
            partitions=row.state.partition_count(self.settings.partitions),
            processor=processor,
            encode_state=encode_state,
            decode_state=decode_state,
            max_record_bytes=self.sizes,
            trace_of=_trace_of,
            keyed=row.state.partitions is Partitions.BY_LEAD,
        )

    def _name(self, topic: Topic) -> str:
        return topic.full_name(self.prefix, self.settings.state_prefix)

    def definitions(self, kind: Kind) -> tuple[Projection[Entry, Definitions], Application]:
        """The definitions of one kind: their way to all processes of the service (`projection.current` is what
        processors decide by), and the application that decides commands on them.
        """
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
        commands = topics.commands(kind.name)
        processor = CommandProcessor(
            DefinitionRegistry,
            handlers={commands: on_definitions(kind, commands, IN_ENGLISH)},
            changed=topics.definition_changed(kind.name),
            topic_prefix=self.prefix,
            source=self.source,
            project=projection.project,
            decode=entries_of,
            time_tolerance=self.settings.time_tolerance,
        )
        return projection, self.application(name, processor, encode_entry, decode_entry)

    def of_leads(
        self,
        kind: Kind,
        make: Callable[..., RuleBasedProcessor[Any, Any]],
        encode_state: Callable[[Any], bytes],
        decode_state: Callable[[bytes], Any],
    ) -> Service:
        """A service that decides about each lead by the definitions of one kind. `make`: its processor's class."""
        definitions, deciding = self.definitions(kind)
        processor = make(
            topic_prefix=self.prefix,
            source=self.source,
            current=definitions.current,
            time_tolerance=self.settings.time_tolerance,
        )
        leads = self.application(self.topology.name, processor, encode_state, decode_state)
        return self.service(leads, deciding, projections=(definitions,))

    def service(self, *applications: Application, projections: tuple[Projection[Any, Any], ...] = ()) -> Service:
        """The service of these applications."""
        return Service(
            name=self.topology.name, group_id=self.group_id, applications=applications, projections=projections
        )


def _trace_of(record: Record) -> list[tuple[str, bytes]]:
    return trace_of(record.value, record.headers)
