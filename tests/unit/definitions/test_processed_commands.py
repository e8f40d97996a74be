"""How many processed commands are remembered, by their bytes."""

from __future__ import annotations

import msgspec

from lead_qualifier.definitions.processed_commands import MOST_BYTES, ProcessedCommand, remembered
from lead_qualifier.wording.shortening import cut, first_of


def processed(
    number: int, message: str = "m", warnings: tuple[str, ...] = (), command_id: str = ""
) -> ProcessedCommand:
    return ProcessedCommand(
        command_id=command_id or f"c-{number}", accepted=True, code="unchanged", message=message, warnings=warnings
    )


def answers(count: int, message: str, *warnings: str) -> tuple[ProcessedCommand, ...]:
    kept: tuple[ProcessedCommand, ...] = ()
    for number in range(count):
        kept = remembered(kept, processed(number, message, warnings))
    return kept


def test_short_answers_are_all_kept_word_for_word() -> None:
    assert answers(300, "m") == tuple(processed(number) for number in range(300))


def test_of_long_answers_the_newest_are_kept_word_for_word_and_the_older_in_short() -> None:
    kept = answers(500, "x" * 400, "w" * 2_000)
    assert len(msgspec.json.encode(kept)) < MOST_BYTES + len(kept)
    assert [one.command_id for one in kept] == [f"c-{number}" for number in range(500 - len(kept), 500)]
    assert len(kept) > 300
    assert (kept[-1].message, kept[-1].warnings) == ("x" * 400, ("w" * 2_000,))
    assert (len(kept[0].message), kept[0].warnings) == (200, ())


def test_one_that_alone_is_too_large_is_forgotten_and_no_other() -> None:
    kept = remembered(answers(3, "m"), processed(3, command_id="c" * MOST_BYTES))
    assert [one.command_id for one in kept] == ["c-0", "c-1", "c-2"]


def test_what_an_older_version_kept_beyond_the_bytes_is_shortened_at_the_next_command() -> None:
    before = tuple(processed(number, "x" * 1_000, ("w" * 100,)) for number in range(1000))
    kept = remembered(before, processed(1000))
    assert len(msgspec.json.encode(kept)) < MOST_BYTES + len(kept)
    assert kept[-1].command_id == "c-1000"


def test_the_first_ten_findings_are_told_and_the_rest_is_counted() -> None:
    assert first_of([str(number) for number in range(10)], str, str) == [str(number) for number in range(10)]
    assert first_of([str(number) for number in range(1_300)], str, "and {:,} more".format)[9:] == [
        "9",
        "and 1,290 more",
    ]


def test_a_long_finding_keeps_its_beginning_and_its_end() -> None:
    told = first_of([f"there is no seller {'x' * 100_000}: did you mean S-1?"], str, str)[0]
    assert len(told) == 500
    assert told.startswith("there is no seller xxx")
    assert told.endswith("xxx: did you mean S-1?")
    assert cut("short", 5) == "short"
