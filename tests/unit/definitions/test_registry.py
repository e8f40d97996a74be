"""Commands on definitions: what each does, what refuses it, and that repeating one changes nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NotRequired

import pytest
from pydantic import with_config
from typing_extensions import TypedDict

from lead_qualifier.definitions.commands import CommandResult, DefinitionCommand
from lead_qualifier.definitions.entries import Entry, decode_entry, definitions_from, encode_entry, encode_for_workers
from lead_qualifier.definitions.kind import Kind, Unresolved
from lead_qualifier.definitions.registry import DefinitionRegistry
from lead_qualifier.messages.definition_form import Problem
from lead_qualifier.messages.fields import EMITTED
from lead_qualifier.messages.nearest import Nearest
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.wording.sentences import IN_ENGLISH

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)


@with_config(EMITTED)
class Form(TypedDict):
    id: str
    size: int
    next: NotRequired[str]
    alone: NotRequired[bool]
    year: NotRequired[int]


def _problems(definition: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    if (target := definition.get("next")) is not None and target not in others:
        yield Unresolved((("next",), Finding("unknown_seller", id=target, advice=Nearest(others).suggestion(target))))
    if definition["size"] < 0:
        yield ("size",), Finding("negative")


def _conflicts(definition: Mapping[str, Any], live: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    if definition.get("alone") and live:
        yield (), Finding("models_taken_already", by="it", models=tuple(live))


def _too_late(definition: Mapping[str, Any], now: datetime) -> Iterator[Problem]:
    if "year" in definition and definition["year"] < now.year:
        yield ("year",), Finding("window_has_passed")


KIND = Kind("thing", Form, problems=_problems, conflicts=_conflicts, too_late=_too_late)


class DefinitionAdmin:
    """Gives one command after the other."""

    def __init__(self) -> None:
        self.registry = DefinitionRegistry()
        self.sent = 0
        self.looked = 0
        self.largest = 1_000_000

    @property
    def entries(self) -> Mapping[str, Entry]:
        return self.registry.records

    def _problems(self, definition: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
        self.looked += 1
        return KIND.problems(definition, others)

    def __call__(self, action: Any, definition_id: str, definition: Any = None, **options: Any) -> CommandResult[Entry]:
        self.sent += 1
        command = DefinitionCommand(
            action=action,
            id=definition_id,
            definition=definition,
            command_id=options.pop("command_id", f"c{self.sent}"),
            issued_by="marketing",
            issued_at=NOW,
            **options,
        )
        kind = dataclasses.replace(KIND, problems=self._problems)
        result = self.registry.handle(command, kind, IN_ENGLISH, lambda entry: len(encode_entry(entry)) <= self.largest)
        self.registry = self.registry.after(result)
        return result


@pytest.fixture
def admin() -> DefinitionAdmin:
    return DefinitionAdmin()


def test_a_definition_runs_once_published_and_its_versions_rise(admin: DefinitionAdmin) -> None:
    assert admin("apply", "a", {"id": "a", "size": 1}).code == "applied"
    assert definitions_from(admin.entries).live == {}
    published = admin("publish", "a")
    assert (published.code, published.version, published.revision) == ("published", 1, 2)
    assert admin("stop", "a").code == "stopped"
    assert definitions_from(admin.entries).live == {}
    admin("apply", "a", {"id": "a", "size": 2})
    assert admin("publish", "a").version == 2
    live = definitions_from(admin.entries).live["a"]
    assert (live.version, live.definition, live.published_revision) == (2, {"id": "a", "size": 2}, 5)


def test_a_live_definition_refuses_an_apply_but_takes_a_draft_that_takes_over(admin: DefinitionAdmin) -> None:
    admin("apply", "a", {"id": "a", "size": 1})
    admin("publish", "a")
    refused = admin("apply", "a", {"id": "a", "size": 2})
    assert (refused.accepted, refused.code) == (False, "definition_live")
    assert "lead-qualifier thing apply --draft" in refused.message
    assert admin("apply", "a", {"id": "a", "size": 2}, draft=True).accepted
    assert definitions_from(admin.entries).live["a"].definition["size"] == 1
    assert admin("publish", "a").code == "definition_live"
    assert admin("publish", "a", replace=True).version == 2
    assert definitions_from(admin.entries).live["a"].definition["size"] == 2
    assert admin("publish", "a", replace=True).code == "no_draft"


def test_repeating_a_command_changes_nothing_and_answers_the_same(admin: DefinitionAdmin) -> None:
    first = admin("apply", "a", {"id": "a", "size": 1}, command_id="x")
    admin("publish", "a")
    before = admin.entries["a"]
    again = admin("apply", "a", {"id": "a", "size": 1}, command_id="x")
    assert (again.repeated, again.code, again.message) == (True, first.code, first.message)
    assert admin.entries["a"] == before


def test_a_refused_command_is_answered_from_memory_when_repeated_also_where_nothing_of_that_id_is_known(
    admin: DefinitionAdmin,
) -> None:
    first = admin("apply", "a", {"id": "a", "size": -1}, command_id="x")
    looked = admin.looked
    again = admin("apply", "a", {"id": "a", "size": -1}, command_id="x")
    assert (again.repeated, again.code, again.message) == (True, first.code, first.message)
    assert admin.looked == looked
    assert admin("apply", "a", {"id": "a", "size": 1}, expected_revision=0).revision == 1
    assert admin("publish", "a").version == 1


def test_ten_problems_are_told_and_the_others_counted(admin: DefinitionAdmin) -> None:
    refused = admin("apply", "a", {"id": "a", "size": 1} | {f"field {number}": 1 for number in range(300)})
    lines = refused.message.split("\n")
    assert [line.partition(":")[0] for line in lines] == [*(f"field {number}" for number in range(10)), "and 290 more"]


def test_a_refusal_is_short_however_long_the_names_are(admin: DefinitionAdmin) -> None:
    refused = admin("apply", "a", {"id": "a", "size": 1, "next": "x" * 900_000, "y" * 900_000: 1})
    assert len(refused.message) < 2_000
    refused = admin("publish", "z" * 900_000)
    assert len(refused.message) <= 8_000


def test_what_is_too_large_to_be_kept_is_refused_and_what_is_held_can_still_be_changed(admin: DefinitionAdmin) -> None:
    long = "x" * 400_000
    assert admin("apply", "a", {"id": "a", "size": 1, "next": "a" + long}).code == "invalid_definition"
    admin("apply", long, {"id": long, "size": 1})
    admin("apply", "a", {"id": "a", "size": 1, "next": long})
    assert admin("publish", "a").accepted
    admin.largest = 600_000
    refused = admin("apply", "a", {"id": "a", "size": 2, "next": long}, draft=True, command_id="x")
    assert (refused.accepted, refused.code) == (False, "too_large")
    assert admin("apply", "a", {"id": "a", "size": 2, "next": long}, draft=True, command_id="x").repeated
    admin.largest = len(encode_entry(admin.entries["a"])) - 50
    assert admin("stop", "a").accepted


def test_a_definition_stays_small_after_many_refused_commands_of_long_answers(admin: DefinitionAdmin) -> None:
    admin("apply", "a", {"id": "a", "size": 1})
    for number in range(200):
        fields = {f"{number}-{'x' * 50}-{other}": 1 for other in range(60)}
        assert not admin("apply", "a", {"id": "a", "size": 1} | fields).accepted
    assert admin("publish", "a").accepted
    assert len(encode_entry(admin.entries["a"])) < 256 * 1024


def test_a_stale_revision_is_refused(admin: DefinitionAdmin) -> None:
    admin("apply", "a", {"id": "a", "size": 1}, expected_revision=0)
    assert admin("publish", "a", expected_revision=0).code == "stale_revision"
    assert admin("publish", "a", expected_revision=1).accepted


def test_what_is_wrong_is_told_by_field_and_nothing_is_kept(admin: DefinitionAdmin) -> None:
    refused = admin("apply", "a", {"id": "a", "size": "many", "colour": 1})
    assert refused.code == "invalid_definition"
    assert "size: must be a whole number" in refused.message
    assert (admin.entries["a"].definition, admin.entries["a"].revision) == (None, 0)
    assert definitions_from(admin.entries).live == {}
    assert admin("apply", "a", {"id": "b", "size": 1}).message == "id: must be a, as the command says"
    assert "size: must not be negative" in admin("apply", "a", {"id": "a", "size": -1}).message


def test_a_reference_must_be_known_where_it_is_decided_not_where_the_file_is_read(admin: DefinitionAdmin) -> None:
    definition = {"id": "a", "size": 1, "next": "beta"}
    assert KIND.problems_of(definition) == []
    refused = admin("apply", "a", definition)
    assert refused.message == "next: there is no seller beta: there are none yet"
    admin("apply", "bet", {"id": "bet", "size": 1})
    assert "did you mean bet?" in admin("apply", "a", definition).message
    admin("apply", "beta", {"id": "beta", "size": 1})
    assert admin("apply", "a", definition).accepted


def test_what_is_too_late_is_refused_when_published(admin: DefinitionAdmin) -> None:
    for year, accepted in ((2025, False), (2026, True)):
        assert admin("apply", "a", {"id": "a", "size": 1, "year": year}).accepted
        assert admin("publish", "a").accepted is accepted


def test_what_cannot_run_beside_another_is_refused_when_published(admin: DefinitionAdmin) -> None:
    admin("apply", "a", {"id": "a", "size": 1})
    admin("publish", "a")
    admin("apply", "b", {"id": "b", "size": 1, "alone": True})
    assert admin("publish", "b").message == "it is live and takes leads of a too: stop it, or name other models"
    admin("stop", "a")
    assert admin("publish", "b").accepted


def test_a_deleted_definition_keeps_its_versions_rising(admin: DefinitionAdmin) -> None:
    admin("apply", "a", {"id": "a", "size": 1})
    admin("publish", "a")
    assert admin("delete", "a").code == "definition_live"
    admin("stop", "a")
    assert admin("delete", "a").accepted
    assert admin("publish", "a").code == "unknown_definition"
    admin("apply", "a", {"id": "a", "size": 3})
    assert admin("publish", "a").version == 2


def test_stopping_what_does_not_run_and_moving_what_is_unknown_is_refused(admin: DefinitionAdmin) -> None:
    assert admin("stop", "a").code == "unknown_definition"
    admin("apply", "a", {"id": "a", "size": 1})
    assert admin("stop", "a").code == "definition_not_live"
    assert admin("publish", "a", replace=True).code == "definition_not_live"


def test_the_workers_are_shown_an_entry_without_what_commands_were_answered(admin: DefinitionAdmin) -> None:
    admin("apply", "a", {"id": "a", "size": 1})
    entry = admin.entries["a"]
    assert len(decode_entry(encode_entry(entry)).answers) == 1
    assert decode_entry(encode_for_workers(entry)).answers == ()
