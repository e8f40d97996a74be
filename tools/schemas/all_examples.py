"""The examples of all downstream documents: those of definitions, which are alike, and each service's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lead_qualifier.messages import downstream_topics as topics
from tools.schemas.all_documents import DOWNSTREAM_DEAD_LETTER_HEADERS
from tools.schemas.assignment_examples import DEFINITION as INSIDE_SALES
from tools.schemas.assignment_examples import EXAMPLES as ASSIGNMENT
from tools.schemas.example import Example
from tools.schemas.follow_up_examples import DEFINITION as ONE_DAY
from tools.schemas.follow_up_examples import EXAMPLES as FOLLOW_UP
from tools.schemas.journeys_examples import DEFINITION as JOURNEY
from tools.schemas.journeys_examples import EXAMPLES as JOURNEYS
from tools.schemas.sequences_examples import EXAMPLES as SEQUENCES
from tools.schemas.sequences_examples import FIRST_CONTACT

#: A definition of each kind, as its own examples have it.
_DEFINITIONS: dict[str, dict[str, Any]] = {
    "journey": JOURNEY,
    "assignment": INSIDE_SALES,
    "sequence": FIRST_CONTACT,
    "follow-up": ONE_DAY,
}


def _of_definitions(kind: str, definition: dict[str, Any]) -> Iterator[Example]:
    issued = {
        "command_id": "0190b3fc-2d1e-7f30-8b21-3c4d5e6f7081",
        "definition_id": definition["id"],
        "issued_by": "sales-operations@example.com",
        "issued_at": "2026-11-23T08:00:00Z",
    }
    yield Example(
        topics.commands(kind).name,
        "apply",
        "Create the draft of a definition.",
        {**issued, "command": "apply", "definition": definition, "expected_revision": 0},
    )
    yield Example(
        topics.definition_changed(kind).name,
        "published",
        "A definition runs from now on.",
        {
            **issued,
            "kind": kind,
            "command": "publish",
            "outcome": "accepted",
            "reason": "published",
            "message": f"{definition['id']} is live in version 1",
            "version": 1,
            "definition": definition,
            "revision": 2,
            "decided_at": "2026-11-23T08:00:00.031Z",
            "origin": {
                "event_id": issued["command_id"],
                "topic": topics.commands(kind).name,
                "partition": 0,
                "offset": 4,
            },
        },
    )
    entry = {
        "id": definition["id"],
        "revision": 2,
        "status": "live",
        "version": 1,
        "published": definition,
        "published_revision": 2,
        "published_at": "2026-11-23T08:00:00Z",
        "published_by": issued["issued_by"],
        "changed_at": "2026-11-23T08:00:00Z",
        "changed_by": issued["issued_by"],
    }
    if kind == "assignment":
        return  # the service holds its definitions among its other state
    yield Example(topics.definitions(kind).name, "live", "A live definition.", entry)
    answer = {
        "command_id": issued["command_id"],
        "accepted": True,
        "code": "published",
        "message": f"{definition['id']} is live in version 1",
        "version": 1,
        "revision": 2,
    }
    yield Example(
        f"{kind}-command-state",
        "live",
        "A live definition, and the last command on it.",
        {**entry, "answers": [answer]},
    )


EXAMPLES: tuple[Example, ...] = (
    *(example for kind, definition in _DEFINITIONS.items() for example in _of_definitions(kind, definition)),
    *SEQUENCES,
    Example(
        DOWNSTREAM_DEAD_LETTER_HEADERS.name,
        "unreadable",
        "A record that is no JSON.",
        {
            "dl_topic": "lead-changed",
            "dl_partition": "3",
            "dl_offset": "919",
            "dl_reason": "the value is not JSON in UTF-8: expected value at line 1 column 1",
        },
    ),
    *JOURNEYS,
    *ASSIGNMENT,
    *FOLLOW_UP,
)
