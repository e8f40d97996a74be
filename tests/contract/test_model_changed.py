"""qualification-model-changed: every verdict of the registry becomes an outcome that follows the contract."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
from pydantic import TypeAdapter

from lead_qualifier.messages.decode import decode_feature_command, decode_model_command, decode_scoring_model_changed
from lead_qualifier.messages.definition_reading import model_of
from lead_qualifier.messages.lead_qualified import Trigger
from lead_qualifier.messages.model_changed import (
    QualificationModelChanged,
    feature_outcome,
    model_outcome,
    scoring_model_outcome,
)
from lead_qualifier.qualification.commands import Code, Issued, ScoringModelChange, Verdict
from lead_qualifier.qualification.registry import Registry
from tools.schemas.examples import example

checked = TypeAdapter(QualificationModelChanged)
DECIDED_AT = datetime(2026, 11, 23, 8, 0, 5, 140_000, tzinfo=UTC)


def bytes_of(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode()


def encoded(event: QualificationModelChanged) -> dict[str, Any]:
    value = msgspec.json.encode(event)
    checked.validate_json(value)
    read: dict[str, Any] = json.loads(value)
    return read


def origin(event_id: str) -> Trigger:
    return {"event_id": event_id, "topic": "qualification-commands", "partition": 0, "offset": 12}


def issued(command: Any) -> Issued:
    return Issued(command_id=command["command_id"], issued_by=command["issued_by"], issued_at=command["issued_at"])


def test_a_model_s_way_to_life_is_told_command_by_command() -> None:
    registry, told = Registry(), []

    switch = decode_feature_command(b"lead-management", bytes_of(example("feature-commands", "enable")))
    verdict = registry.set_feature(switch["feature"], enabled=True, issued=issued(switch))
    registry = registry.after(verdict)
    told.append(encoded(feature_outcome(switch, verdict, decided_at=DECIDED_AT, origin=origin("e"))))

    announced = decode_scoring_model_changed(b"engagement", bytes_of(example("scoring-model-changed", "live")))
    for name in ("engagement", "demographic"):
        change = ScoringModelChange(id=name, status=announced["status"], occurred_at=announced["occurred_at"])
        verdict = registry.observe_scoring_model(change)
        registry = registry.after(verdict)
    told.append(encoded(scoring_model_outcome(announced, verdict, decided_at=DECIDED_AT, origin=origin("e"))))

    apply = decode_model_command(b"enterprise", bytes_of(example("qualification-commands", "apply")))
    assert apply["command"] == "apply"
    verdict = registry.apply_model(model_of(apply["definition"], model_id="enterprise"), issued(apply))
    registry = registry.after(verdict)
    told.append(encoded(model_outcome(apply, verdict, decided_at=DECIDED_AT, origin=origin("e"))))

    publish = decode_model_command(b"enterprise", bytes_of(example("qualification-commands", "publish")))
    verdict = registry.publish("enterprise", issued(publish))
    registry = registry.after(verdict)
    published = encoded(model_outcome(publish, verdict, decided_at=DECIDED_AT, origin=origin(publish["command_id"])))
    told.append(published)
    verdict = registry.publish("enterprise", issued(publish))
    told.append(encoded(model_outcome(publish, verdict, decided_at=DECIDED_AT, origin=origin("e"))))

    assert [(one["command"], one["outcome"], one["reason"], one["revision"]) for one in told] == [
        ("enable", "accepted", "enabled", 1),
        ("announce", "accepted", "observed", 3),
        ("apply", "accepted", "applied", 4),
        ("publish", "accepted", "published", 5),
        ("publish", "accepted", "published", 5),
    ]
    assert [one.get("repeated") for one in told] == [None, None, None, None, True]
    assert ["definition" in one for one in told] == [False, False, True, True, False]
    assert told[2]["definition"] == apply["definition"]
    assert published == example("qualification-model-changed", "accepted")


def test_a_refusal_says_why_and_what_to_do() -> None:
    command = decode_model_command(b"enterprise", bytes_of(example("qualification-commands", "publish")))
    verdict = Registry().publish("enterprise", issued(command))
    event = encoded(model_outcome(command, verdict, decided_at=DECIDED_AT, origin=origin("e")))
    assert (event["outcome"], event["reason"], event["revision"]) == ("refused", "unknown_model", 0)
    assert "apply its file first" in event["message"]
    assert "version" not in event


def test_every_code_is_a_reason() -> None:
    command = decode_model_command(b"enterprise", bytes_of(example("qualification-commands", "publish")))
    for code in Code:
        verdict = Verdict(accepted=False, code=code, message="m", warnings=("w",))
        event = encoded(model_outcome(command, verdict, decided_at=DECIDED_AT, origin=origin("e")))
        assert (event["reason"], event["warnings"]) == (code.value, ["w"])
