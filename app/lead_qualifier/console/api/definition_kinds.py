"""The kinds of definition of downstream services, with what refers to others as the projection has it."""

from __future__ import annotations

from collections.abc import Mapping

from lead_qualifier.assignment.kind import KIND as ASSIGNMENT
from lead_qualifier.assignment.kind import kind_with_sellers
from lead_qualifier.console.read_model.assignment_reader import AssignmentReader
from lead_qualifier.definitions.kind import Kind
from lead_qualifier.follow_up.kind import KIND as FOLLOW_UP
from lead_qualifier.journeys.kind import KIND as JOURNEY
from lead_qualifier.sequences.kind import KIND as SEQUENCE

KINDS: Mapping[str, Kind] = {one.name: one for one in (JOURNEY, ASSIGNMENT, SEQUENCE, FOLLOW_UP)}
"""By their words on the command line."""


def kind_of(name: str, assignments: AssignmentReader) -> Kind:
    """The kind. Assignment rules may only name existing sellers."""
    if name == ASSIGNMENT.name:
        return kind_with_sellers({one.id: one.departed for one in assignments.sellers()})
    return KINDS[name]
