"""What the audit trail's events come to: versions, who was behind them, how long they ran."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from lead_qualifier.client.definition_history import End, History, Step, history_of
from lead_qualifier.definitions.outcomes import model_outcome
from lead_qualifier.messages.command_messages import ModelCommand
from lead_qualifier.messages.lead_qualified import Trigger
from lead_qualifier.messages.model_definition import definition_of
from lead_qualifier.qualification.models import QualificationModel
from tests.support.model_admin import ModelAdmin, Result
from tests.unit.qualification.given import minute, model

ID = "qualification_model_id"
LATER = model(criteria={"engagement": 80})
LATEST = model(criteria={"engagement": 90})


class Trail:
    """An admin whose results on models are told as the command processor tells them."""

    def __init__(self) -> None:
        self.admin = ModelAdmin(live=["engagement", "demographic"], enabled=True)
        self.events: list[dict[str, Any]] = []

    def apply(self, definition: QualificationModel, at: int, by: str = "anna", *, draft: bool = False) -> Result:
        result = self.admin.apply(definition, issued_at=minute(at), issued_by=by, draft=draft)
        return self._tell("apply", definition.id, result, at, by)

    def move(self, command: str, at: int, by: str = "anna", **fields: Any) -> Result:
        result = getattr(self.admin, command)("enterprise", issued_at=minute(at), issued_by=by, **fields)
        return self._tell(command, "enterprise", result, at, by)

    def history(self) -> History:
        return history_of("enterprise", self.events, id_field=ID)

    def _tell(self, command: Any, model_id: str, result: Result, at: int, by: str) -> Result:
        told: ModelCommand = {
            "command": command,
            "command_id": f"c-{len(self.events)}",
            "qualification_model_id": model_id,
            "issued_by": by,
            "issued_at": minute(at),
        }
        origin: Trigger = {"event_id": "e", "topic": "qualification-commands", "partition": 0, "offset": 1}
        event = model_outcome(told, result, decided_at=datetime(2026, 11, 24, tzinfo=UTC), origin=origin)
        self.events.append(msgspec.json.decode(msgspec.json.encode(event)))
        return result


def test_a_version_names_its_author_publisher_and_end() -> None:
    trail = Trail()
    trail.apply(model(), 1, "anna")
    trail.apply(LATER, 2, "bert")
    trail.move("publish", 3, "carl")
    trail.apply(LATEST, 4, "dora", draft=True)
    trail.move("shadow", 5, enabled=True)
    trail.move("publish", 6, "emil", replace=True)
    trail.move("stop", 7, "fred")
    trail.move("publish", 8, "gerd")
    first, second, third = trail.history().versions
    assert (first.number, first.published, first.drafted) == (1, Step(minute(3), "carl"), Step(minute(2), "bert"))
    assert first.ended == End(minute(6), "emil", "replaced")
    assert first.definition == definition_of(LATER)
    assert (second.number, second.published, second.drafted) == (2, Step(minute(6), "emil"), Step(minute(4), "dora"))
    assert second.ended == End(minute(7), "fred", "stopped")
    assert second.definition == third.definition == definition_of(LATEST)
    assert (third.number, third.published, third.drafted) == (3, Step(minute(8), "gerd"), None)
    assert third.ended is None


def test_refusals_and_repeats_leave_no_trace() -> None:
    trail = Trail()
    assert not trail.move("publish", 1).accepted
    trail.apply(model(), 2, "anna")
    trail.apply(model(), 3, "bert")  # says nothing new
    trail.move("publish", 4)
    assert not trail.move("publish", 5).accepted
    trail.events.append(trail.events[-2] | {"repeated": True})
    [version] = trail.history().versions
    assert version.drafted == Step(minute(2), "anna")
    assert version.ended is None


def test_versions_go_on_after_a_model_was_deleted() -> None:
    trail = Trail()
    for at in (1, 11):
        trail.apply(model(), at)
        trail.move("publish", at + 1)
        trail.move("stop", at + 2)
        trail.move("delete", at + 3)
    assert [(one.number, one.ended and one.ended.how) for one in trail.history().versions] == [
        (1, "stopped"),
        (2, "stopped"),
    ]


def test_a_draft_is_known_and_a_model_with_only_refusals_is_not() -> None:
    trail = Trail()
    trail.move("publish", 1)
    assert not trail.history().known
    trail.apply(model(), 2)
    assert trail.history() == History("enterprise", True)


def test_other_subjects_and_foreign_records_are_passed_over() -> None:
    trail = Trail()
    trail.apply(model(), 1)
    trail.move("publish", 2)
    strange: list[dict[str, Any]] = [{}, {"scoring_model_id": "enterprise", "outcome": "accepted"}]
    assert history_of("enterprise", strange + trail.events + strange, id_field=ID) == trail.history()


def test_a_version_of_an_older_release_has_no_definition() -> None:
    trail = Trail()
    trail.apply(model(), 1)
    trail.move("publish", 2)
    for event in trail.events:
        del event["definition"]
    [version] = trail.history().versions
    assert version.definition is None


def test_a_definition_of_a_downstream_service_has_a_history_too() -> None:
    told = {"definition_id": "welcome", "kind": "journey", "outcome": "accepted", "issued_by": "anna"}
    steps = (("apply", "applied", 0), ("publish", "published", 1), ("stop", "stopped", 1), ("publish", "published", 2))
    events = [
        {**told, "command": command, "reason": reason, "command_id": f"c-{at}", "revision": at, "version": version}
        | {"issued_at": minute(at).isoformat()}
        for at, (command, reason, version) in enumerate(steps, 1)
    ]
    first, second = history_of("welcome", events, id_field="definition_id").versions
    assert (first.number, first.drafted, first.ended) == (1, Step(minute(1), "anna"), End(minute(3), "anna", "stopped"))
    assert (second.number, second.drafted, second.ended) == (2, None, None)
