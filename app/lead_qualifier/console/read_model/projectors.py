"""The topics that are projected, and what applies each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lead_qualifier.console.read_model.assignment_entries import AssignmentEntries
from lead_qualifier.console.read_model.audit_trail import AuditTrails
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.dead_letters import DeadLetterRecords
from lead_qualifier.console.read_model.definition_entries import DefinitionEntries
from lead_qualifier.console.read_model.lead_events import LeadEvents
from lead_qualifier.console.read_model.lead_states import LeadStates
from lead_qualifier.console.read_model.projector import Projector
from lead_qualifier.console.read_model.qualifications import Qualifications
from lead_qualifier.console.read_model.rule_entries import RuleEntries
from lead_qualifier.services.console_topology import ConsoleTopology


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectedTopics:
    """The topics that are projected, by their full names, as ConsoleTopology has them. `definitions`: each with its
    kind.
    """

    lead_state: str
    rules: str
    lead_events: tuple[str, ...]
    audit_trails: tuple[str, ...]
    definitions: Mapping[str, str]
    assignment_state: str
    dead_letters: tuple[str, ...]

    @classmethod
    def of(cls, topology: ConsoleTopology, *, topic_prefix: str, state_prefix: str) -> ProjectedTopics:
        """The names in an installation."""
        return cls(
            lead_state=topology.lead_state.full_name(state_prefix),
            rules=topology.rules.full_name(topic_prefix),
            lead_events=tuple(one.full_name(topic_prefix) for one in topology.lead_events),
            audit_trails=tuple(one.full_name(topic_prefix) for one in topology.audit_trails),
            definitions={one.full_name(topic_prefix): kind for kind, one in topology.definitions.items()},
            assignment_state=topology.assignment_state.full_name(topic_prefix),
            dead_letters=tuple(one.full_name(topic_prefix) for one in topology.dead_letters),
        )

    @property
    def required(self) -> tuple[str, ...]:
        """Those that the console waits for. Topics of services that nobody runs are missing."""
        return (self.lead_state, self.rules)

    @property
    def after_leads(self) -> tuple[str, ...]:
        """Those whose records count by the state of their lead: they are applied after it."""
        return (*self.lead_events, self.assignment_state, *self.dead_letters)

    @property
    def all(self) -> tuple[str, ...]:
        """Every one of them."""
        return (*self.required, *self.audit_trails, *self.definitions, *self.after_leads)


def projectors_of(
    topics: ProjectedTopics, database: Database, *, name_attributes: Sequence[str], on_erased: Callable[[], None]
) -> tuple[Projector, ...]:
    """What applies them, in the order in which it is called."""
    return (
        RuleEntries(database, topics.rules),
        AuditTrails(*topics.audit_trails),
        LeadStates(database, topics.lead_state, name_attributes=name_attributes, on_erased=on_erased),
        DefinitionEntries(database, topics.definitions),
        DeadLetterRecords(*topics.dead_letters),
        LeadEvents(*topics.lead_events),
        Qualifications(database, topics.lead_events),
        AssignmentEntries(database, topics.assignment_state),
    )
