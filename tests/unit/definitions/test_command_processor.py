"""Commands on definitions beside state that cannot be read: only what it is about is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from lead_qualifier.definitions.command_processor import CommandProcessor, on_definitions
from lead_qualifier.definitions.entries import decode_entry, encode_entry, entries_of
from lead_qualifier.definitions.registry import DefinitionRegistry
from lead_qualifier.engine import Application, ProcessorContext, Record
from lead_qualifier.engine.batch_processor import BatchProcessor
from lead_qualifier.engine.fault_points import no_fault_hook
from lead_qualifier.engine.fetch_buffer import FetchBuffer
from lead_qualifier.engine.isolation import Isolation
from lead_qualifier.engine.limits import CycleSize
from lead_qualifier.engine.savepoint_context import SavepointContext
from lead_qualifier.follow_up.kind import KIND
from lead_qualifier.messages.topics import FOLLOW_UP_COMMANDS, FOLLOW_UP_DEFINITION_CHANGED
from lead_qualifier.wording.sentences import IN_ENGLISH


def application(**largest: int) -> Application:
    """An application that decides commands on follow-ups. `largest`: bytes that a record of a topic may take."""
    processor = CommandProcessor(
        DefinitionRegistry,
        handlers={FOLLOW_UP_COMMANDS: on_definitions(KIND, FOLLOW_UP_COMMANDS, IN_ENGLISH)},
        changed=FOLLOW_UP_DEFINITION_CHANGED,
        topic_prefix="",
        source="/x",
        project=lambda _: None,
        decode=entries_of,
    )
    return Application(
        name="f",
        inputs=(),
        changelog="state",
        dead_letters="dead",
        partitions=1,
        processor=processor,
        encode_state=encode_entry,
        decode_state=decode_entry,
        max_record_bytes=largest,
        keyed=False,
    )


def record_of(command: str, name: str, *, command_id: str = "", offset: int = 7) -> Record:
    message: dict[str, Any] = {"command_id": command_id or f"{command}-{name}", "definition_id": name}
    message |= {"command": command, "issued_by": "anna", "issued_at": "2026-11-25T09:00:00Z"}
    if command == "apply":
        message["definition"] = {"id": name, "stages": [{"on": "lead-qualified", "within": "1h"}]}
    return Record(FOLLOW_UP_COMMANDS.name, 0, offset, 0, name.encode(), json.dumps(message).encode(), [])


def decide(entries: dict[bytes, bytes], command: str, name: str) -> dict[str, Any]:
    """Apply a definition of this name, or do something else to it; returns the outcome."""
    app = application()
    app.processor.opened(0, entries)
    context = ProcessorContext(app, 0, entries)
    context.record = record_of(command, name)
    app.processor.process(context.record, context)
    for change in context.changes():
        entries[change["key"]] = change["value"]
    [outcome] = context.outputs
    event: dict[str, Any] = json.loads(outcome.value or b"")
    return event


@pytest.mark.parametrize("spoilt", [b"{", b"\xff", b"[" * 20_000, b'{"id": 1}'])
def test_a_definition_that_cannot_be_read_refuses_commands_on_it_and_on_no_other(spoilt: bytes) -> None:
    entries: dict[bytes, bytes] = {}
    decide(entries, "apply", "bad")
    entries[b"bad"] = spoilt
    entries[b"\xfe"] = spoilt
    assert decide(entries, "apply", "good")["outcome"] == "accepted"
    assert decide(entries, "publish", "good")["version"] == 1
    for command in ("apply", "publish"):
        refused = decide(entries, command, "bad")
        assert (refused["outcome"], refused["reason"]) == ("refused", "unreadable_state")
        assert "cannot be read" in refused["message"]
    assert entries[b"bad"] == spoilt


@pytest.mark.parametrize("spoil", [lambda value: value[:-1], lambda value: b"[" + value])
def test_the_revision_of_a_definition_that_cannot_be_read_is_not_given_again(spoil: Callable[[bytes], bytes]) -> None:
    entries: dict[bytes, bytes] = {}
    decide(entries, "apply", "good")
    decide(entries, "apply", "bad")
    before = decide(entries, "publish", "bad")["revision"]
    entries[b"bad"] = spoil(entries[b"bad"])
    assert decide(entries, "publish", "good")["revision"] == before + 1
    assert decide(entries, "stop", "good")["revision"] == before + 2


def test_a_command_that_becomes_a_dead_letter_changes_nothing_for_those_that_share_its_cycle() -> None:
    app = application(**{FOLLOW_UP_DEFINITION_CHANGED.name: 2_000})
    app.processor.opened(0, {})
    context = SavepointContext(app, 0, {})
    too_long = record_of("apply", "one", command_id="c" * 3_000, offset=0)
    publish = record_of("publish", "one", offset=1)
    fetch_buffer, size = FetchBuffer(max_queued_records=1), CycleSize(1, 1)
    batches = BatchProcessor(fetch_buffer, Isolation(100), size, group_id="g", hook=no_fault_hook)
    batches.process_carefully([too_long, publish], context, app.processor)
    assert [one.record.offset for one in context.dead_letters] == [0]
    [outcome] = context.outputs
    event = json.loads(outcome.value or b"")
    assert (event["outcome"], event["reason"]) == ("refused", "unknown_definition")
