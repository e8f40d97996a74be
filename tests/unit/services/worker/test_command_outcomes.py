"""What the command processor tells of a command: an outcome that fits its topic, with the definition if that does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lead_qualifier.definitions.command_processor import CommandProcessor
from lead_qualifier.definitions.processed_commands import ProcessedCommand
from lead_qualifier.definitions.qualification_models.entries import (
    ProcessedCommands,
    decode_stored,
    encode_stored,
    entries_of,
)
from lead_qualifier.definitions.qualification_models.handlers import ModelHandlers
from lead_qualifier.definitions.qualification_models.registry import ModelRegistry
from lead_qualifier.engine import Application, OutputTooLarge, ProcessorContext, Record
from lead_qualifier.messages.topics import QUALIFICATION_COMMANDS, QUALIFICATION_MODEL_CHANGED
from lead_qualifier.wording.sentences import IN_ENGLISH

DEFINITION = {
    "id": "enterprise",
    "match": "all",
    "criteria": [{"scoring_model": f"engagement-{number}", "threshold": number} for number in range(50)],
    "actions": {"sales_ready": True},
}
APPLY = {
    "command_id": "c-1",
    "qualification_model_id": "enterprise",
    "command": "apply",
    "definition": DEFINITION,
    "issued_by": "anna",
    "issued_at": "2026-11-23T08:00:00Z",
}


def _answered_at(revision: int) -> ProcessedCommands:
    answer = ProcessedCommand(command_id="c-0", accepted=True, code="published", message="", revision=revision)
    return ProcessedCommands(target="model/other", answers=(answer,))


def decided(
    largest: int | None, entries: dict[bytes, bytes] | None = None, *, kept: int = 1_000_000
) -> ProcessorContext:
    """What follows from the apply, where `entries` are held, the topic of the outcomes takes `largest` bytes, and
    that of states `kept`.
    """
    processor = CommandProcessor(
        ModelRegistry,
        handlers=ModelHandlers(IN_ENGLISH).by_topic,
        changed=QUALIFICATION_MODEL_CHANGED,
        topic_prefix="",
        source="test",
        project=lambda entries: None,
        decode=entries_of,
    )
    application = Application(
        name="commands",
        inputs=(),
        changelog="command-state",
        dead_letters="lead-dead-letters",
        partitions=1,
        processor=processor,
        encode_state=encode_stored,
        decode_state=decode_stored,
        max_record_bytes={"command-state": kept, QUALIFICATION_MODEL_CHANGED.name: largest or 1_000_000},
        keyed=False,
    )
    context = ProcessorContext(application, 0, entries or {})
    context.record = record = Record(
        QUALIFICATION_COMMANDS.name, 0, 7, 0, b"enterprise", json.dumps(APPLY).encode(), ()
    )
    processor.process(record, context)
    return context


def test_where_records_have_few_bytes_old_answers_are_forgotten_and_commands_answered() -> None:
    given = tuple(
        ProcessedCommand(command_id=f"c-0{number}", accepted=False, code="unknown_model", message="x" * 1_000)
        for number in range(60)
    )
    held = {b"answers/model/enterprise": encode_stored(ProcessedCommands(target="model/enterprise", answers=given))}
    context = decided(None, held, kept=40_000)
    assert outcome(context)["outcome"] == "accepted"
    [kept] = [decode_stored(one["value"] or b"") for one in context.changes() if one["key"] in held]
    assert isinstance(kept, ProcessedCommands)
    assert [one.command_id for one in kept.answers[-2:]] == ["c-059", "c-1"]
    assert len(kept.answers) > 10


def outcome(context: ProcessorContext) -> dict[str, Any]:
    [output] = context.outputs
    assert output.topic == QUALIFICATION_MODEL_CHANGED.name
    told: dict[str, Any] = json.loads(output.value or b"")
    return told


def test_the_definition_is_told_as_people_write_it() -> None:
    told = outcome(decided(None))
    assert told["outcome"] == "accepted"
    assert told["definition"]["criteria"] == DEFINITION["criteria"]


def test_a_definition_that_does_not_fit_beside_the_outcome_is_left_out_and_the_outcome_is_told() -> None:
    whole = outcome(decided(None))
    without = {name: part for name, part in whole.items() if name != "definition"}
    framing = 1500  # headers included; the definition is longer
    assert outcome(decided(len(json.dumps(without)) + framing)) == without


def test_an_outcome_that_does_not_fit_at_all_is_not_cut() -> None:
    with pytest.raises(OutputTooLarge):
        decided(600)


def test_a_model_that_is_too_large_to_be_kept_is_refused_and_its_issuer_is_told() -> None:
    context = decided(None, kept=1_000)
    told = outcome(context)
    assert (told["outcome"], told["reason"]) == ("refused", "too_large")
    assert [change["key"] for change in context.changes()] == [b"answers/model/enterprise"]


@pytest.mark.parametrize("spoilt", [b"{", b"\xff", b"[" * 20_000, b'{"kind": "hello"}'])
def test_state_that_cannot_be_read_refuses_commands_on_what_it_is_about_and_on_nothing_else(spoilt: bytes) -> None:
    for other in (b"model/other", b"answers/model/other", b"scoring/engagement", b"\xfe"):
        assert outcome(decided(None, {other: spoilt}))["outcome"] == "accepted"
    for own in (b"model/enterprise", b"answers/model/enterprise"):
        context = decided(None, {own: spoilt})
        told = outcome(context)
        assert (told["outcome"], told["reason"]) == ("refused", "unreadable_state")
        assert f"what is stored under {own.decode()} cannot be read" in told["message"]
        assert not context.changes()


@pytest.mark.parametrize(
    "lost",
    [
        {b"model/other": b'{"kind":"model","id":"other","revision":9,"status":"live","published_revision":8,'},
        {b"scoring/engagement": b'{"kind":"hello","id":"engagement","revision":9,"status":"live"}'},
        {b"model/other": b"\xff", b"answers/model/other": encode_stored(_answered_at(9))},
        {b"answers/model/other": encode_stored(_answered_at(9))},
    ],
)
def test_the_revision_of_what_is_lost_or_cannot_be_read_is_not_given_again(lost: dict[bytes, bytes]) -> None:
    assert outcome(decided(None, lost))["revision"] == 10
