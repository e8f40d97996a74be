"""Commands, scoring models and the feature switch as whoever writes to the topics sees them; sweeps; the trail."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.broker.conftest import Install
from tests.support.installation import Installation
from tests.support.messages import apply, change, command, feature, model, score, scoring_model

pytestmark = pytest.mark.broker

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def here(install: Install) -> Iterator[Installation]:
    """One worker, lead management on, `engagement` and `demographic` live."""
    here = install(partitions=2)
    here.start_worker().wait_ready()
    here.announce(scoring_model("engagement", "live"), scoring_model("demographic", "live"))
    here.order(feature("enable"))
    yield here
    here.settle_and_check()


@pytest.fixture
def name(here: Installation) -> Iterator[str]:
    """Of a model that no other test knows. What a test leaves live is stopped."""
    yield f"model-{next(_numbers)}"
    if live := [one for one, model in here.oracle.registry.models.items() if model.live]:
        here.settle()
        here.order(*(command("stop", one) for one in live))


def engaged(name: str, threshold: float = 50, **more: Any) -> dict[str, Any]:
    return model(name, "all", {"engagement": threshold}, **more)


def accepted(outcome: dict[str, Any]) -> tuple[str, int]:
    """The outcome's word, and the version that the trail tells."""
    return outcome["outcome"], outcome.get("version", 0)


def test_nothing_can_be_published_before_an_administrator_turns_lead_management_on(install: Install) -> None:
    here = install(partitions=1)
    here.start_worker().wait_ready()
    here.announce(scoring_model("engagement", "live"))
    here.scores(score("F-1", "engagement", 90, 0))
    draft, refused = here.order(apply(engaged("early")), command("publish", "early"))
    assert accepted(draft) == ("accepted", 0)
    assert any("lead management" in warning for warning in draft["warnings"])
    assert accepted(refused) == ("refused", 0)
    assert "lead-qualifier feature enable lead-management" in refused["message"]
    here.scores(score("F-1", "engagement", 91, 1))
    here.settle()
    on, published = here.order(feature("enable"), command("publish", "early"))
    assert accepted(on)[0] == "accepted"
    assert accepted(published) == ("accepted", 1)
    here.check()
    assert [event["origin"] for event in here.qualified()] == ["sweep"]


def test_each_refusal_says_why_and_what_to_do_and_uses_no_version(here: Installation, name: str) -> None:
    unheard = model(name, "any", {"engagement": 1, "nobody's": 1})
    here.announce(scoring_model("sleeping", "draft"))
    sleeping = model(name, "any", {"sleeping": 1})
    ghost = f"ghost-of-{name}"
    outcomes = here.order(
        command("publish", ghost),
        command("stop", ghost),
        command("delete", ghost),
        apply(unheard),
        command("publish", name),
        apply(sleeping),
        command("publish", name),
        command("stop", name),
        apply(engaged(name)),
        command("publish", name),
        command("publish", name),
        apply(engaged(name, 60)),
        command("delete", name),
        feature("enable", "time-travel"),
        command("stop", name),
        command("stop", name),
        command("publish", name),
    )
    told = [(*accepted(outcome), outcome["message"]) for outcome in outcomes]
    says = [
        ("refused", 0, ghost),
        ("refused", 0, ghost),
        ("refused", 0, ghost),
        ("accepted", 0, name),
        ("refused", 0, "nobody's"),
        ("accepted", 0, name),
        ("refused", 0, "sleeping"),
        ("refused", 0, "not live"),
        ("accepted", 0, name),
        ("accepted", 1, "version 1"),
        ("refused", 1, f"lead-qualifier model stop {name}"),
        ("refused", 1, f"{name} is live: stop it first (lead-qualifier model stop {name})"),
        ("refused", 1, f"lead-qualifier model stop {name}"),
        ("refused", 0, "lead-management"),
        ("accepted", 1, name),
        ("refused", 1, "not live"),
        ("accepted", 2, "version 2"),
    ]
    for (outcome, version, message), (expected, expected_version, part) in zip(told, says, strict=True):
        assert (outcome, version) == (expected, expected_version), message
        assert part in message
    assert any("nobody's" in warning for warning in outcomes[3]["warnings"])
    assert [outcome["issued_by"] for outcome in outcomes[:2]] == ["tester", "tester"]
    foretold = [here.oracle.answers[outcome["command_id"]] for outcome in outcomes]
    assert [(outcome["outcome"] == "accepted", outcome.get("version", 0)) for outcome in outcomes] == foretold


def test_an_apply_of_what_is_no_model_is_refused_by_field(here: Installation, name: str) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"criteria": []}, "criteria"),
        ({"criteria": [{"scoring_model": "engagement", "threshold": "70"}]}, "threshold"),
        ({"criteria": [{"scoring_model": "engagement", "threshold": 1}] * 2}, "criteria"),
        ({"criteria": [{"scoring_model": "engagement", "threshold": 70, "drop_below": 60}]}, "drop_below"),
        ({"criteria": [{"any": []}]}, "criteria.0.any"),
        ({"criteria": [{"at_least": 2, "of": [{"scoring_model": "engagement", "threshold": 70}]}]}, "at_least"),
        ({"match": {"at_least": 2}}, "at_least"),
        ({"match": "some"}, "match"),
        ({"actions": {}}, "actions"),
        ({"actions": {"status_reason": "qualified"}}, "status_reason"),
        ({"existing_leads": "maybe"}, "existing_leads"),
        ({"requalification": {"policy": "sometimes"}}, "policy"),
        ({"requalification": {"cool_down": "-1d"}}, "cool_down"),
        ({"hold": "15"}, "hold"),
        ({"id": "another"}, "id"),
    ]
    orders = [apply(engaged(name) | broken) | {"qualification_model_id": name} for broken, _ in cases]
    here.send("qualification-commands", *orders)
    for order, (_, field) in zip(orders, cases, strict=True):
        outcome = here.outcome(order["command_id"])
        assert accepted(outcome) == ("refused", 0)
        assert field in outcome["message"]
    here.ins.read()  # the oracle knows only what is a model


def test_a_command_given_again_changes_nothing(here: Installation, name: str) -> None:
    publish = command("publish", name)
    first, published, _ = here.order(apply(engaged(name, 1000)), publish, command("stop", name))
    revision = published["revision"]
    lines = len(here.outs.records["qualification-models"])
    here.send("qualification-commands", publish, {**publish, "issued_by": "somebody else"}, publish)
    here.settle()
    answers = here.trail(publish["command_id"])
    assert {(answer["outcome"], answer.get("version"), answer["revision"]) for answer in answers} == {
        ("accepted", 1, revision)
    }
    assert len(here.outs.records["qualification-models"]) == lines
    again = here.order(command("publish", name))[0]
    assert accepted(again) == ("accepted", 2)
    assert first["revision"] < revision < again["revision"]


def test_a_command_meant_for_an_older_revision_is_refused(here: Installation, name: str) -> None:
    first = here.order(apply(engaged(name, 1000)))[0]
    second = here.order(apply(engaged(name, 2000), expected_revision=first["revision"]))[0]
    assert accepted(second) == ("accepted", 0)
    for late in (
        apply(engaged(name, 3000), expected_revision=first["revision"]),
        apply(engaged(name, 3000), expected_revision=0),
        command("publish", name, expected_revision=first["revision"]),
        command("delete", name, expected_revision=first["revision"]),
        feature("disable", expected_revision=10**9),
    ):
        here.send("feature-commands" if "feature" in late else "qualification-commands", late)
        refused = here.outcome(late["command_id"])
        here.ins.read()  # the oracle knows no revisions
        assert accepted(refused)[0] == "refused"
        assert "revision" in refused["message"]
    published = here.order(command("publish", name, expected_revision=second["revision"]))[0]
    assert accepted(published) == ("accepted", 1)
    here.scores(score(f"R-{name}", "engagement", 2500, 0))
    here.settle_and_check()
    assert name in [event["qualification_model_id"] for event in here.qualified(f"R-{name}")]


def test_a_scoring_model_announced_just_before_the_publish_counts(here: Installation, name: str) -> None:
    here.order(apply(model(name, "all", {f"racing-{name}": 10})))
    for turn in range(15):
        live = scoring_model(f"racing-{name}", "live", 2 * turn)
        publish, stop = command("publish", name), command("stop", name)
        here.send("scoring-model-changed", live)
        here.flush()
        here.send("qualification-commands", publish, stop)
        assert accepted(here.outcome(publish["command_id"])) == ("accepted", turn + 1)
        assert accepted(here.outcome(stop["command_id"]))[0] == "accepted"
        stopped = scoring_model(f"racing-{name}", "stopped", 2 * turn + 1)
        here.send("scoring-model-changed", stopped)
        here.flush()
        publish = command("publish", name)
        here.send("qualification-commands", publish)
        assert accepted(here.outcome(publish["command_id"])) == ("refused", turn + 1)
    # an announcement that is older than the one held is ignored
    here.send("scoring-model-changed", scoring_model(f"racing-{name}", "live", 3))
    here.flush()
    publish = command("publish", name)
    here.send("qualification-commands", publish)
    assert accepted(here.outcome(publish["command_id"]))[0] == "refused"
    # of equal time, the later one counts
    here.send("scoring-model-changed", scoring_model(f"racing-{name}", "live", 29))
    here.flush()
    publish = command("publish", name)
    here.send("qualification-commands", publish, command("stop", name))
    assert accepted(here.outcome(publish["command_id"]))[0] == "accepted"
    here.ins.read()  # the oracle has no part in a race; nothing else names that scoring model


def test_publishing_evaluates_existing_leads_unless_told_not_to(here: Installation, name: str) -> None:
    ids = [f"S-{name}-{number}" for number in range(40)]
    here.scores(*(score(lead_id, "demographic", number, 0) for number, lead_id in enumerate(ids)))
    here.settle()
    here.changes(
        change(ids[30], 1, owner_id="U-1", contact_id="C-1"),
        change(ids[31], 1, status="disqualified"),
        change(ids[32], 1, status_reason="qualified"),
        change(ids[33], 1, sales_ready=True, status_reason="marketing_qualified"),
        change(ids[34], 1, status_reason="contacted", sales_ready=True),
    )
    here.settle()
    here.erase(ids[35])
    here.settle()
    ignoring = model(f"{name}-i", "all", {"demographic": 20}, existing_leads="ignore")
    here.order(apply(ignoring), command("publish", f"{name}-i"))
    here.settle_and_check()
    assert not [event for event in here.qualified() if event["qualification_model_id"] == f"{name}-i"]

    evaluating = model(name, "all", {"demographic": 20}, existing_leads="evaluate")
    publish = command("publish", name, minutes=77)
    here.order(apply(evaluating), publish)
    here.check()
    swept = [event for event in here.qualified() if event["qualification_model_id"] == name]
    assert {event["lead_id"] for event in swept} == set(ids[20:]) - {ids[31], ids[32], ids[33], ids[35]}
    assert {event["origin"] for event in swept} == {"sweep"}
    assert {event["occurred_at"] for event in swept} == {publish["issued_at"]}
    assert {event["trigger"]["event_id"] for event in swept} == {publish["command_id"]}
    assert {event["trigger"]["topic"] for event in swept} == {"qualification-commands"}

    # every next event qualifies for the other one too, where it still changes something
    here.scores(*(score(lead_id, "demographic", 50, 80) for lead_id in ids))
    here.settle_and_check()


def test_a_model_is_edited_by_stop_apply_publish_and_marks_outlive_that(here: Installation, name: str) -> None:
    lead_id = f"E-{name}"
    here.order(apply(engaged(name, 500)), command("publish", name))
    here.scores(score(lead_id, "engagement", 600, 0))
    here.settle()
    here.order(command("stop", name), apply(engaged(name, 700)))
    here.scores(score(f"{lead_id}-2", "engagement", 800, 0))
    here.settle_and_check()
    assert not here.qualified(f"{lead_id}-2")
    here.order(command("publish", name, 1))
    here.scores(score(lead_id, "engagement", 900, 2))
    here.settle_and_check()
    versions = [(event["lead_id"], event["qualification_model_version"]) for event in here.qualified()]
    assert (lead_id, 1) in versions
    assert (lead_id, 2) not in versions
    assert (f"{lead_id}-2", 2) in versions
    # deleted and made again: its marks and its versions go on
    here.order(command("stop", name), command("delete", name), apply(engaged(name, 100)), command("publish", name, 3))
    here.changes(change(lead_id, 4, status_reason="contacted"))
    here.settle()
    here.scores(score(lead_id, "engagement", 900, 5))
    here.settle_and_check()
    assert [
        (event["qualification_model_version"], event["qualification_number"]) for event in here.qualified(lead_id)
    ] == [
        (1, 1),
        (3, 2),
    ]


def test_a_scoring_model_that_stops_counts_no_longer_though_its_score_is_shown(here: Installation, name: str) -> None:
    here.announce(scoring_model(f"dying-{name}", "live", 0))
    both = model(name, "any", {f"dying-{name}": 10, f"dying-{name}-2": 10})
    here.announce(scoring_model(f"dying-{name}-2", "live", 0))
    here.order(apply(both), command("publish", name))
    lead_id = f"D-{name}"
    here.announce(scoring_model(f"dying-{name}", "stopped", 1))
    here.scores(score(lead_id, f"dying-{name}", 99, 1))
    here.settle_and_check()
    assert not here.qualified(lead_id)
    here.scores(score(lead_id, f"dying-{name}-2", 11, 2))
    here.settle_and_check()
    evidence = here.qualified(lead_id)[0]["criteria"]
    assert [(one["met"], one["score"]) for one in evidence] == [(False, 99), (True, 11)]
    # live again: waits for each lead's next event
    here.scores(score(f"{lead_id}-2", f"dying-{name}", 99, 3))
    here.settle()
    here.announce(scoring_model(f"dying-{name}", "live", 4))
    here.settle_and_check()
    assert not here.qualified(f"{lead_id}-2")
    here.scores(score(f"{lead_id}-2", f"dying-{name}", 98, 5))
    here.settle_and_check()
    assert len(here.qualified(f"{lead_id}-2")) == 1


def test_turning_lead_management_off_stops_qualifying_and_on_again_starts_from_the_truth(
    here: Installation, name: str
) -> None:
    here.order(apply(engaged(name, 5000)), command("publish", name), feature("disable"))
    lead_id = f"M-{name}"
    here.scores(score(lead_id, "engagement", 6000, 0), score(f"{lead_id}-2", "engagement", 6000, 0))
    here.settle()
    here.changes(change(f"{lead_id}-2", 1, status="disqualified"))
    here.settle_and_check()
    refused = here.order(apply(engaged(f"{name}-b", 1)), command("publish", f"{name}-b"))[1]
    assert accepted(refused)[0] == "refused"
    here.order(feature("enable"))
    assert not here.qualified(lead_id), "turning it on sweeps nothing"
    here.scores(score(lead_id, "engagement", 6001, 2), score(f"{lead_id}-2", "engagement", 6001, 2))
    here.settle_and_check()
    assert len(here.qualified(lead_id)) == 1
    assert not here.qualified(f"{lead_id}-2")


def test_ids_may_be_any_text(here: Installation, name: str) -> None:
    odd = f'ä/b "{name}"\\n\n$(x) {{}}'
    here.announce(scoring_model(f"s of {odd}", "live"))
    here.order(apply(model(odd, "all", {f"s of {odd}": 1})), command("publish", odd))
    here.scores(score(f"l of {odd}", f"s of {odd}", 2, 0))
    here.settle_and_check()
    assert [event["qualification_model_id"] for event in here.qualified(f"l of {odd}")] == [odd]


def test_outcomes_on_the_trail_are_cloud_events_in_the_order_of_decisions(here: Installation) -> None:
    here.outs.read()
    ids = []
    for record in here.outs.records["qualification-model-changed"]:
        said = {name: (content or b"").decode() for name, content in record.headers}
        assert said["ce_specversion"] == "1.0"
        assert said["content-type"] == "application/json"
        assert (record.key or b"").decode() == said["ce_subject"]
        ids.append(said["ce_id"])
    assert len(set(ids)) == len(ids)
    revisions = [entry["revision"] for entry in entries(here)]
    assert revisions == sorted(revisions)
    assert len(set(revisions)) == len(revisions), "each change has a revision of its own"


def entries(here: Installation) -> list[dict[str, Any]]:
    return [json.loads(record.value or b"{}") for record in here.outs.records["qualification-models"]]


def test_the_answer_to_a_command_comes_quickly(here: Installation) -> None:
    times = []
    for _ in range(10):
        order = feature("enable")
        began = time.monotonic()
        here.send("feature-commands", order)
        here.outcome(order["command_id"])
        times.append(time.monotonic() - began)
    print("a command's outcome after (ms)", [round(one * 1000) for one in sorted(times)])
    assert sorted(times)[5] < 2
