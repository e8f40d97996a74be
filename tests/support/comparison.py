"""What came out against what the oracle foretells: missing, twice, extra, different, out of order."""

from __future__ import annotations

import json
import re
import uuid
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from tests.oracle.lead import Lead
from tests.oracle.oracle import LARGEST_STATE, Oracle
from tests.oracle.reading import Headers, Input, moment, partition_of

_TIMES = ("occurred_at", "scored_at", "changed_at", "not_before")
_CE = ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject", "content-type")
Key = tuple[str, str, int, str]


def differences(oracle: Oracle, found: Iterable[Input]) -> list[str]:
    """Every way in which lead-qualified differs from what was foretold; empty: none."""
    wrong: list[str] = []
    expected = {_key(event): _comparable(event) for event in oracle.qualified}
    assert len(expected) == len(oracle.qualified), "the oracle foretells something twice"
    events: list[dict[str, Any]] = []
    for record in found:
        wrong += _form(record, oracle.partitions)
        events.append(json.loads(record.value or b"{}"))
    ids = Counter(event["event_id"] for event in events)
    wrong += [f"event_id {one} stands on {count} events" for one, count in ids.items() if count > 1]
    counted = Counter(_key(event) for event in events)
    wrong += [f"missing: {expected[key]}" for key in expected if key not in counted]
    wrong += [f"{count} times: {key}" for key, count in counted.items() if count > 1]
    for event in events:
        event_id = event.pop("event_id")
        if not isinstance(event.pop("lead_changed_offset"), int):  # which, depends on what was read of both topics
            wrong.append(f"{event_id} does not say what was known of lead-changed")
        if uuid.UUID(event_id).version != 5:
            wrong.append(f"event_id {event_id} is no version 5 UUID")
        if _key(event) not in expected:
            wrong.append(f"extra: {event}")
        elif _comparable(event) != expected[_key(event)]:
            wrong.append(f"different: {_comparable(event)}\n expected: {expected[_key(event)]}")
    if not wrong:
        wrong += _out_of_order([_key(event) for event in oracle.qualified], [_key(event) for event in events])
    return wrong


def recycled_differences(oracle: Oracle, found: Iterable[Input]) -> list[str]:
    """Every way in which lead-recycled differs from what was foretold; empty: none."""
    wrong: list[str] = []
    events = []
    for record in found:
        wrong += _form(record, oracle.partitions)
        event = json.loads(record.value or b"{}")
        if uuid.UUID(event.pop("event_id")).version != 5:
            wrong.append(f"an event_id that is no version 5 UUID, of {event}")
        events.append(_comparable(event))
    expected = [_comparable(event) for event in oracle.recycled]
    wrong += [f"missing of lead-recycled: {event}" for event in expected if event not in events]
    wrong += [f"extra on lead-recycled: {event}" for event in events if event not in expected]
    if len(events) != len(expected):
        wrong.append(f"{len(events)} events on lead-recycled, {len(expected)} foretold")
    return wrong


def state_differences(oracle: Oracle, found: Iterable[Input]) -> list[str]:
    """Every way in which lead-state, each key's newest record, differs from the oracle's leads."""
    wrong: list[str] = []
    newest: dict[str, bytes | None] = {}
    for record in found:
        try:
            lead_id = (record.key or b"\xff").decode()
        except UnicodeDecodeError:
            continue  # the worker's own note of its position
        newest[lead_id] = record.value
        if record.partition != partition_of(lead_id.encode(), oracle.partitions):
            wrong.append(f"{lead_id} stands in partition {record.partition}")
    held = {lead_id: json.loads(value) for lead_id, value in newest.items() if value is not None}
    held = {lead_id: state for lead_id, state in held.items() if not remembers_only_erasure(state)}
    wrong += [f"not erased: {lead_id}" for lead_id in held.keys() - oracle.leads.keys()]
    for lead_id, lead in oracle.leads.items():
        if lead_id not in held:
            wrong.append(f"no state of {lead_id}, expected {_state(lead)}")
        elif _stored(held[lead_id]) != _state(lead):
            wrong.append(f"state of {lead_id}: {_stored(held[lead_id])}\n expected: {_state(lead)}")
    return wrong


def remembers_only_erasure(state: dict[str, Any]) -> bool:
    """Is nothing held but that the lead was erased, who had qualified it, and what it had been merged into?"""
    merged = {"merged_into", "merged_at"} if state.get("erased", {}).get("merged") else set()
    return "erased" in state and state.keys() <= {"erased", "erasure"} | merged


def dead_letter_differences(oracle: Oracle, found: Iterable[Input], prefix: str) -> list[str]:
    """Every way in which lead-dead-letters differs from the bad input."""
    wrong: list[str] = []
    # several at one place: the topic was created again
    expected: dict[tuple[str, int, int], list[Input]] = {}
    for one in oracle.dead:
        expected.setdefault((one.topic, one.partition, one.offset), []).append(one)
    counted: Counter[tuple[str, int, int]] = Counter()
    for record in found:
        ours = {name: (content or b"").decode() for name, content in record.headers[-4:]}
        if set(ours) != {"dl_topic", "dl_partition", "dl_offset", "dl_reason"}:
            wrong.append(f"a dead letter's last headers are {record.headers[-4:]}")
            continue
        place = (ours["dl_topic"].removeprefix(prefix), int(ours["dl_partition"]), int(ours["dl_offset"]))
        originals = expected.get(place, [])
        original = originals[min(counted[place], len(originals) - 1)] if originals else None
        counted[place] += 1
        if original is None:
            wrong.append(
                f"no bad input, yet a dead letter: {place} {ours['dl_reason']}: {(record.value or b'')[:200]!r}"
            )
            continue
        value = original.value
        if len(value or b"") > LARGEST_STATE and "cut" in ours["dl_reason"]:
            value = (value or b"")[: max(1000, len(record.value or b""))]
        if (record.key, record.value, record.headers[:-4]) != (original.key, value, _kept(original.headers)):
            wrong.append(f"not the original: {str(record)[:500]} of {str(original)[:500]}")
        if len(ours["dl_reason"]) < 10 or " " not in ours["dl_reason"]:
            wrong.append(f"no reason for a person: {ours['dl_reason']!r}")
    wrong += [f"no dead letter for {records}" for place, records in expected.items() if counted[place] < len(records)]
    wrong += [
        f"{count} dead letters for {place}" for place, count in counted.items() if count > len(expected.get(place, "x"))
    ]
    return wrong


def _kept(headers: Headers) -> Headers:
    """Headers as a dead letter has them: a name that is not UTF-8 is escaped."""
    return tuple((_kept_name(name.encode(errors="surrogateescape")), content) for name, content in headers)


def _kept_name(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError:
        return "dl_header_" + quote(name, safe="")


def _key(event: dict[str, Any]) -> Key:
    return (
        event["lead_id"],
        event["qualification_model_id"],
        event["qualification_number"],
        event["trigger"]["event_id"],
    )


def _comparable(value: Any, name: str = "") -> Any:
    """Numbers and times by value, not by spelling."""
    if isinstance(value, dict):
        return {inner: _comparable(part, inner) for inner, part in value.items()}
    if isinstance(value, list):
        return [_comparable(part) for part in value]
    if name in _TIMES and not isinstance(value, datetime):
        return moment(value)
    return value


def _form(record: Input, partitions: int) -> Iterable[str]:
    """CloudEvents in binary mode; key and partition are the lead's."""
    event = json.loads(record.value or b"{}")
    headers = dict(record.headers)
    if len(headers) != len(record.headers) or set(headers) != set(_CE):
        yield f"headers are {record.headers}"
        return
    said = {name: (content or b"").decode() for name, content in headers.items()}
    fixed = {
        "ce_specversion": "1.0",
        "ce_id": event["event_id"],
        "ce_subject": event["lead_id"],
        "content-type": "application/json",
    }
    if not fixed.items() <= said.items() or not (said["ce_source"] and said["ce_type"]):
        yield f"headers are {said}"
    moment(said["ce_time"])
    key = event["lead_id"].encode()
    if record.key != key or record.partition != partition_of(key, partitions):
        yield f"key {record.key!r} in partition {record.partition}"
    if re.search(r"\bnull\b", json.dumps(event)):
        yield f"null in {event}"


def _out_of_order(expected: list[Key], found: list[Key]) -> Iterable[str]:
    by_lead: dict[str, tuple[list[Key], list[Key]]] = {}
    for which, keys in enumerate((expected, found)):
        for key in keys:
            by_lead.setdefault(key[0], ([], []))[which].append(key)
    yield from (
        f"order of {lead_id}: {its[1]}, expected {its[0]}" for lead_id, its in by_lead.items() if its[0] != its[1]
    )


def _state(lead: Lead) -> dict[str, Any]:
    return {
        "now": lead.now,
        "attributes": lead.attributes,
        "scores": lead.scores,
        "changed_at": lead.changed_at,
        "merged": (lead.merged_into, lead.merged_at),
        "marks": {
            mark.model: (mark.version, mark.number, mark.at, mark.trigger, mark.cleared, mark.dropped, mark.barred)
            for mark in lead.marks()
        },
        "holding": {name: (hold.version, hold.at, hold.trigger) for name, hold in lead.holding.items()},
    }


def _stored(state: dict[str, Any]) -> dict[str, Any]:
    """A lead-state as its schema describes it, in the same shape."""
    now = {"status": "open", "status_reason": "new", "sales_ready": False}
    fields = ("status", "status_reason", "sales_ready", "owner_id", "contact_id")
    return {
        "now": now | {name: state[name] for name in fields if name in state},
        "attributes": state.get("attributes", {}),
        "scores": {
            name: (score["value"], moment(score["at"]), score.get("grade"))
            for name, score in state.get("scores", {}).items()
        },
        "changed_at": moment(state["changed_at"]) if state.get("known") else None,
        "merged": (state.get("merged_into"), moment(state["merged_at"]) if "merged_at" in state else None),
        "marks": {
            name: (
                mark["version"],
                mark["number"],
                moment(mark["at"]),
                mark["trigger"],
                mark.get("cleared", False),
                mark.get("dropped", False),
                mark.get("barred", False),
            )
            for name, mark in state.get("marks", {}).items()
        },
        "holding": {
            name: (hold["version"], moment(hold["at"]), hold["trigger"])
            for name, hold in state.get("holds", {}).items()
        },
    }
