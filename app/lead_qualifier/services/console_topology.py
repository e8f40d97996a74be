"""What the console reads and writes. Its projection and its ACLs follow from this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lead_qualifier.messages import topics
from lead_qualifier.messages.topics import LEAD_SALES_RESPONSE, LEAD_STATE, QUALIFICATION_MODELS, Topic
from lead_qualifier.services.topology import (
    COMMANDS,
    DOWNSTREAM,
    DOWNSTREAM_REPLAYABLE,
    PUBLIC_INPUTS,
    SERVICES,
    WORKER_REPLAYABLE,
    each_once,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleTopology:
    """What the console reads and writes.

    It projects the state of leads, `rules`, `lead_events` (topics about a lead, keyed by it), `audit_trails` (outcomes
    of commands), `definitions` by their kind, what assignment has stored, and `dead_letters`. `writes`: what its pages
    and its API send. `sends_back`: the topics that dead letters are sent back to.
    """

    lead_state: Topic
    rules: Topic
    lead_events: tuple[Topic, ...]
    audit_trails: tuple[Topic, ...]
    definitions: Mapping[str, Topic]
    assignment_state: Topic
    dead_letters: tuple[Topic, ...]
    writes: tuple[Topic, ...]
    sends_back: tuple[Topic, ...]

    @property
    def reads(self) -> tuple[Topic, ...]:
        """Every topic that it reads, to project it."""
        return (
            self.lead_state,
            self.rules,
            *self.lead_events,
            *self.audit_trails,
            *self.definitions.values(),
            self.assignment_state,
            *self.dead_letters,
        )


CONSOLE = ConsoleTopology(
    lead_state=LEAD_STATE,
    rules=QUALIFICATION_MODELS,
    lead_events=each_once((*(topic for one in SERVICES for topic in one.lead_events), LEAD_SALES_RESPONSE)),
    audit_trails=each_once(topic for one in SERVICES for topic in one.audit_trails),
    definitions={kind: one for kind, name in topics.KINDS.items() if (one := DOWNSTREAM[name].definitions) is not None},
    assignment_state=topics.ASSIGNMENT_STATE,
    dead_letters=each_once(one.dead_letters for one in SERVICES),
    writes=(*COMMANDS, *PUBLIC_INPUTS),
    sends_back=each_once((*WORKER_REPLAYABLE, *DOWNSTREAM_REPLAYABLE)),
)
"""The console, which reads what the services write, and sends them commands and events."""
