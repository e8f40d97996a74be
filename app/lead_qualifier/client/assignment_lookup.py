"""Reads what assignment has stored and decided about one lead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from lead_qualifier.assignment.intake import FollowedLead, decode_followed, is_gone
from lead_qualifier.assignment.state import LEAD, HeldLead, State, decode_state
from lead_qualifier.client.decoding import decode_event, decode_or_none
from lead_qualifier.client.errors import UnreadableState
from lead_qualifier.client.stored_state import read_state, unprocessed
from lead_qualifier.engine import partition_of
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.reader import TopicReader
from lead_qualifier.messages.topics import (
    ASSIGNMENT_LEAD_STATE,
    ASSIGNMENT_QUEUE,
    ASSIGNMENT_STATE,
    LEAD_ASSIGNED,
)
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.services.topology import DOWNSTREAM

#: The fields of a decision that are shown.
_ASSIGNED = ("decision_number", "decided_at", "result", "considered", "trigger")


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentLookup:
    """What there is about one lead.

    `entries`: everything that assignment has stored, by key; `held`: the lead's entry among them. `followed`: what is
    known about the lead before it enters the queue. `decisions`: the retained lead-assigned events about the lead,
    oldest first, if it is held. `unprocessed`: how many records, some perhaps about it, assignment has not handled yet.
    """

    lead_id: str
    partition: int
    entries: Mapping[bytes, State]
    held: HeldLead | None
    followed: FollowedLead | None
    erased: bool
    decisions: tuple[dict[str, Any], ...]
    unprocessed: int

    @property
    def absence(self) -> tuple[str, Finding]:
        """Why nothing is held about the lead: a word for programs, and what follows its id in a sentence."""
        if self.erased:
            return "erased", Finding("erased", decisions=_NOT_SHOWN)
        if self.followed is None:
            return "never_seen", Finding("never_seen", partition=self.partition)
        return absence_of(self.followed)


def absence_of(lead: FollowedLead) -> tuple[str, Finding]:
    """Why nothing is held about a lead that assignment follows: a word for programs, and what follows its id."""
    if lead.queued:
        return "on_its_way", Finding("on_its_way")
    snapshot = lead.snapshot
    decisions = Finding("nothing_decided") if snapshot.qualified_at is None else _NOT_SHOWN
    if snapshot.merged:
        return "merged", Finding("merged_and_closed", decisions=decisions)
    if not snapshot.open:
        return "closed", Finding(
            "closed", status=snapshot.status, status_reason=snapshot.status_reason, decisions=decisions
        )
    if snapshot.qualified_at is not None:
        return "not_qualified", Finding("not_qualified_since", decisions=decisions)
    return "not_qualified", Finding("not_qualified")


_NOT_SHOWN = Finding("decisions_not_shown")


def look_up(connection: Connection, *, topic_prefix: str, lead_id: str) -> AssignmentLookup:
    """Read assignment's state to its end, and of its other topics the lead's partition.

    Raises TopicMissing, ReadIncomplete, UnreadableState, NotAllowed, KafkaException.
    """
    reader = TopicReader(connection)
    key = lead_id.encode()
    followed_topic, state_topic, queue, assigned = (
        topic.full_name(topic_prefix)
        for topic in (ASSIGNMENT_LEAD_STATE, ASSIGNMENT_STATE, ASSIGNMENT_QUEUE, LEAD_ASSIGNED)
    )
    partition = partition_of(key, len(reader.admin.partitions(followed_topic)))
    intake = read_state(reader, [(followed_topic, partition)], only=key)
    state = read_state(reader, [(state_topic, 0)])
    try:
        held = decode_state(state.values[LEAD + key]) if LEAD + key in state.values else None
        followed = decode_followed(intake.values[key]) if key in intake.values else None
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise UnreadableState(
            f"the state of assignment cannot be read: {error}; use the version that wrote it"
        ) from error
    erased = key in intake.erased or (followed is not None and is_gone(followed))
    entries = {
        key: one for key, value in state.values.items() if (one := decode_or_none(decode_state, value)) is not None
    }
    assert held is None or isinstance(held, HeldLead)
    followed_inputs = DOWNSTREAM["assignment"].changelogs[ASSIGNMENT_LEAD_STATE]
    inputs = [(topic.full_name(topic_prefix), partition) for topic in followed_inputs]
    return AssignmentLookup(
        lead_id=lead_id,
        partition=partition,
        entries=entries,
        held=held,
        followed=None if erased else followed,
        erased=erased,
        decisions=() if held is None else _decisions(reader, assigned, key, held.number),
        unprocessed=unprocessed(reader, inputs, intake.checkpoints)
        + unprocessed(reader, [(queue, 0)], state.checkpoints),
    )


def _decisions(reader: TopicReader, topic: str, key: bytes, newest: int) -> tuple[dict[str, Any], ...]:
    """The decisions up to number `newest`: later ones came after the state was read."""
    partition = partition_of(key, len(reader.admin.partitions(topic)))
    events = (decode_event(one.value, _ASSIGNED) for one in reader.read([(topic, partition)]) if one.key == key)
    return tuple(one for one in events if one is not None and one["decision_number"] <= newest)
