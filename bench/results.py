"""What a run left on the broker, so that two runs can be compared: each qualification with its evidence, each state."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.messages.topics import LEAD_DEAD_LETTERS, LEAD_QUALIFIED, LEAD_STATE, Topic

_NEW: dict[str, Any] = {
    "status": "open",
    "status_reason": "new",
    "sales_ready": False,
    "scores": {},
    "marks": {},
    "attributes": {},
}

Qualified = tuple[str, str, int]
"""Lead, model, number."""


@dataclass(frozen=True, slots=True)
class Results:
    """`qualified`: digest of each lead-qualified. `states`: digest of what is held about each lead at the end."""

    qualified: dict[Qualified, bytes]
    twice: int
    states: dict[bytes, bytes]
    dead_letters: int

    def difference(self, other: Results) -> str | None:
        """What differs from another run on the same events, or None."""
        if self.twice or other.twice:
            return f"{self.twice} and {other.twice} qualifications came twice"
        compared: list[tuple[str, dict[Any, bytes], dict[Any, bytes]]] = [
            ("qualifications", self.qualified, other.qualified),
            ("states", self.states, other.states),
        ]
        for name, ours, theirs in compared:
            if ours != theirs:
                missing, extra = len(theirs.keys() - ours.keys()), len(ours.keys() - theirs.keys())
                unlike = [key for key in ours.keys() & theirs.keys() if ours[key] != theirs[key]]
                return f"{name}: {missing} missing, {extra} extra, {len(unlike)} of other content {unlike[:3]}"
        if self.dead_letters != other.dead_letters:
            return f"{self.dead_letters} dead letters against {other.dead_letters}"
        return None


def read_results(connection: Connection, prefix: str) -> Results:
    """Read outputs and changelog of a run that is over. Raises ReadIncomplete where the broker does not give them."""
    reader = TopicReader(connection)

    def read(topic: Topic) -> Iterator[Any]:
        return reader.read_topic(topic.full_name(prefix))

    qualified: dict[Qualified, bytes] = {}
    twice = 0
    for message in read(LEAD_QUALIFIED):
        event = msgspec.json.decode(message.value or b"")
        place = (event["lead_id"], event["qualification_model_id"], event["qualification_number"])
        twice += place in qualified
        # what the CRM said last is of the moment, and depends on which topic was read first (a unit test compares it)
        for name in ("contact_id", "lead_changed_offset"):
            event.pop(name, None)
        for name in ("owner_id", "changed_at"):
            event["lead"].pop(name, None)
        for criterion in event["criteria"]:  # 70 and 70.0 are one number
            criterion.update({name: float(criterion[name]) for name in ("threshold", "score") if name in criterion})
        qualified[place] = _digest(event)
    newest: dict[bytes, bytes] = {}
    for message in read(LEAD_STATE):
        key, value = message.key or b"", message.value
        if value is None:
            newest.pop(key, None)
        elif not key.startswith(b"\xff"):  # the worker's position
            newest[key] = value
    states = {key: _digest(without_defaults(msgspec.json.decode(value))) for key, value in newest.items()}
    dead_letters = sum(1 for _ in read(LEAD_DEAD_LETTERS))
    return Results(qualified, twice, states, dead_letters)


def without_defaults(lead: dict[str, Any]) -> dict[str, Any]:
    """What is as it is on every new lead may be written or not."""
    return {name: content for name, content in lead.items() if content != _NEW.get(name)}


def _digest(content: Any) -> bytes:
    return hashlib.blake2b(msgspec.json.encode(content, order="sorted"), digest_size=12).digest()
