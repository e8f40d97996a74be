"""Which commands each definition of several needs, by what runs already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import pytest

from lead_qualifier.client.commands import CommandClient, Outcome
from lead_qualifier.client.rollout import Plan, roll_out

PUBLISH, REPLACE = Plan(publish=True), Plan(publish=True, replace=True)


class Commands:
    """Remembers what is sent, and refuses commands on the ids that it is given."""

    def __init__(self, *refused: str) -> None:
        self.sent: list[str] = []
        self._refused = refused

    @contextmanager
    def several(self) -> Iterator[None]:
        yield

    def apply(self, kind: str, definition: Mapping[str, Any], *, draft: bool = False) -> Outcome:
        return self._outcome(f"apply {definition['id']}{' --draft' if draft else ''}", str(definition["id"]))

    def move(self, kind: str, action: str, definition_id: str, *, replace: bool = False) -> Outcome:
        return self._outcome(f"{action} {definition_id}{' --replace' if replace else ''}", definition_id)

    def _outcome(self, sent: str, definition_id: str) -> Outcome:
        self.sent.append(sent)
        return Outcome(definition_id not in self._refused, sent, (), {})


@pytest.mark.parametrize(
    ("plan", "sent"),
    [
        (Plan(), ["apply new", "apply changed"]),
        (PUBLISH, ["apply new", "publish new", "apply changed", "publish changed"]),
        (REPLACE, ["apply new", "publish new", "apply changed --draft", "publish changed --replace"]),
    ],
)
def test_what_runs_as_in_its_file_is_left_alone(plan: Plan, sent: list[str]) -> None:
    commands = Commands()
    definitions = [{"id": name, "n": 1} for name in ("new", "same", "changed")]
    live = {"same": {"id": "same", "n": 1.0}, "changed": {"id": "changed", "n": 2}}
    done = list(roll_out(cast("CommandClient", commands), "journey", definitions, live, plan))
    assert commands.sent == sent
    assert [one.definition["id"] for one in done if not one.outcomes] == ["same"]
    assert all(one.accepted for one in done)


def test_drafts_are_those_of_the_files_even_where_the_live_version_is_already() -> None:
    commands = Commands()
    definitions: list[dict[str, Any]] = [{"id": "same"}, {"id": "changed", "n": 1}]
    live = {"same": {"id": "same"}, "changed": {"id": "changed"}}
    list(roll_out(cast("CommandClient", commands), "journey", definitions, live, Plan(draft=True)))
    assert commands.sent == ["apply same --draft", "apply changed --draft"], "an older draft of the first is dropped"


def test_a_refused_one_is_not_published_and_stops_no_other() -> None:
    commands = Commands("a")
    done = list(roll_out(cast("CommandClient", commands), "journey", [{"id": "a"}, {"id": "b"}], {}, PUBLISH))
    assert commands.sent == ["apply a", "apply b", "publish b"]
    assert [one.accepted for one in done] == [False, True]
