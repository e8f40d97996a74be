"""The rules of each time, read off the audit trail."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lead_qualifier.maintenance.errors import CannotRebuild
from lead_qualifier.maintenance.rebuild.timeline import Audited, Timeline, newest_revision, timeline
from lead_qualifier.messages.model_definition import definition_of
from lead_qualifier.qualification.models import QualificationModel
from tests.unit.qualification.given import model

AT = "2026-11-23T09:30:00Z"


def event(reason: str, revision: int, **more: Any) -> bytes:
    words = {"command": "x", "outcome": "accepted", "message": "", "warnings": [], "decided_at": AT, "issued_at": AT}
    origin = {"event_id": "e", "topic": "t", "partition": 0, "offset": 7}
    return json.dumps({**words, "reason": reason, "revision": revision, "origin": origin, **more}).encode()


def of_model(reason: str, revision: int, **more: Any) -> bytes:
    return event(reason, revision, qualification_model_id="enterprise", command_id=f"c-{revision}", **more)


def told(*events: bytes) -> Timeline:
    return timeline(list(enumerate(events, 1000)))


def definition(threshold: float = 70) -> dict[str, Any]:
    return dict(definition_of(model(criteria={"engagement": threshold})))


def test_each_deciding_change_makes_new_rules_from_its_time() -> None:
    found = told(
        event("observed", 1, scoring_model_id="engagement", status="live"),
        event("enabled", 2, feature="lead-management"),
        of_model("applied", 3, definition=definition()),
        of_model("published", 4, version=1, definition=definition()),
        of_model("stopped", 5, version=1),
        event("disabled", 6, feature="lead-management"),
        event("observed", 7, scoring_model_id="engagement", status="stopped"),
        of_model("deleted", 8, version=1),
    )
    assert [at for at, _ in found] == [1000, 1001, 1003, 1004, 1005, 1006, 1007]
    rules = [rules for _, rules in found]
    assert [one.revision for one in rules] == [1, 2, 4, 5, 6, 7, 8]
    assert [one.lead_management for one in rules] == [False, True, True, True, False, False, False]
    assert [set(one.live_scoring_models) for one in rules[-2:]] == [set(), set()]
    published = rules[2].models["enterprise"]
    assert (published.version, published.live, published.published_revision) == (1, True, 4)
    assert (published.publish_command_id, published.publish_command_offset) == ("c-4", 7)
    assert published.published_at is not None
    assert not rules[3].models["enterprise"].live
    assert rules[-1].models == {}


def test_what_was_refused_repeated_or_unchanged_changes_nothing() -> None:
    found = told(
        event("enabled", 1, feature="lead-management", outcome="refused"),
        event("enabled", 1, feature="lead-management", repeated=True),
        event("unchanged", 1, feature="lead-management"),
        b"no event",
        event("some word of a later version", 2, qualification_model_id="enterprise"),
    )
    assert found == []


def test_a_publish_without_definition_takes_draft_or_last() -> None:
    found = told(
        of_model("applied", 1, definition=definition(60)),
        of_model("published", 2, version=1),
        of_model("stopped", 3, version=1),
        of_model("published", 4, version=2),
    )
    assert [rules.models["enterprise"].checks for _, rules in found] == [(("engagement", 60, None),)] * 3


def test_a_definition_that_no_event_carries_is_found_elsewhere() -> None:
    asked: list[tuple[str, int]] = []

    def elsewhere(audited: Audited) -> QualificationModel | None:
        asked.append((audited.command, audited.origin.offset))
        return model() if audited.command == "publish" else None

    trail = [(1, of_model("applied", 1, command="apply")), (2, of_model("published", 2, version=1, command="publish"))]
    assert timeline(trail, elsewhere=elsewhere)[0][1].models["enterprise"].definition == model()
    assert asked == [("apply", 7), ("publish", 7)]
    with pytest.raises(CannotRebuild, match="definition of enterprise in version 1 cannot be found"):
        timeline(trail)


def test_a_lost_draft_is_not_taken_for_an_earlier_definition() -> None:
    ran = (
        of_model("applied", 1, definition=definition(60)),
        of_model("published", 2, version=1, definition=definition(60)),
    )
    with pytest.raises(CannotRebuild, match="definition of enterprise in version 2 cannot be found"):
        told(*ran, of_model("applied", 3), of_model("published", 4, version=2))
    found = told(*ran, of_model("applied", 3), of_model("published", 4, version=2, definition=definition(80)))
    assert found[-1][1].models["enterprise"].checks == (("engagement", 80, None),)


def test_times_never_go_back() -> None:
    trail = [(5, event("enabled", 1, feature="lead-management")), (3, event("disabled", 2, feature="lead-management"))]
    assert [at for at, _ in timeline(trail)] == [5, 5]


def test_the_newest_revision_is_that_of_the_last_accepted_change() -> None:
    trail = [of_model("applied", 3), of_model("published", 4, version=1), of_model("stopped", 9, outcome="refused")]
    assert newest_revision(list(enumerate(trail))) == 4
    assert newest_revision([]) == 0
