"""qualification-model-changed: every result of the registry becomes an outcome that follows the contract."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
from pydantic import TypeAdapter

from lead_qualifier.definitions.codes import Code
from lead_qualifier.definitions.commands import Command, CommandResult
from lead_qualifier.definitions.outcomes import command_of, model_outcome
from lead_qualifier.definitions.qualification_models.kind import QualificationModelKind
from lead_qualifier.definitions.qualification_models.registry import ModelRegistry, ScoringModelChange
from lead_qualifier.messages.decode import decode_feature_command, decode_model_command, decode_scoring_model_changed
from lead_qualifier.messages.lead_qualified import Trigger
from lead_qualifier.messages.model_changed import REASONS, QualificationModelChanged
from lead_qualifier.wording.sentences import IN_ENGLISH
from tests.support.model_admin import fits
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


def handled(registry: ModelRegistry, message: Any) -> CommandResult[Any]:
    return registry.handle(command_of(message, message["qualification_model_id"], 12), IN_ENGLISH, fits)


def test_a_model_s_way_to_life_is_told_command_by_command() -> None:
    registry, told = ModelRegistry(), []

    switch = decode_feature_command(b"lead-management", bytes_of(example("feature-commands", "enable")))
    command = Command(
        id=switch["feature"],
        command_id=switch["command_id"],
        issued_by=switch["issued_by"],
        issued_at=switch["issued_at"],
    )
    result: CommandResult[Any] = registry.set_feature(command, enabled=True, wording=IN_ENGLISH, fits=fits)
    registry = registry.after(result)
    told.append(encoded(model_outcome(switch, result, decided_at=DECIDED_AT, origin=origin("e"))))

    announced = decode_scoring_model_changed(b"engagement", bytes_of(example("scoring-model-changed", "live")))
    for name in ("engagement", "demographic"):
        change = ScoringModelChange(id=name, status=announced["status"], occurred_at=announced["occurred_at"])
        result = registry.observe_scoring_model(change, IN_ENGLISH)
        registry = registry.after(result)
    told.append(encoded(model_outcome(announced, result, decided_at=DECIDED_AT, origin=origin("e"))))

    apply = decode_model_command(b"enterprise", bytes_of(example("qualification-commands", "apply")))
    assert apply["command"] == "apply"
    result = handled(registry, apply)
    registry = registry.after(result)
    told.append(encoded(model_outcome(apply, result, decided_at=DECIDED_AT, origin=origin("e"))))

    publish = decode_model_command(b"enterprise", bytes_of(example("qualification-commands", "publish")))
    result = handled(registry, publish)
    registry = registry.after(result)
    published = encoded(model_outcome(publish, result, decided_at=DECIDED_AT, origin=origin(publish["command_id"])))
    told.append(published)
    result = handled(registry, publish)
    told.append(encoded(model_outcome(publish, result, decided_at=DECIDED_AT, origin=origin("e"))))

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
    result = handled(ModelRegistry(), command)
    event = encoded(model_outcome(command, result, decided_at=DECIDED_AT, origin=origin("e")))
    assert (event["outcome"], event["reason"], event["revision"]) == ("refused", "unknown_model", 0)
    assert "apply its file first" in event["message"]
    assert "version" not in event


def test_every_code_is_a_reason_and_every_reason_is_described() -> None:
    command = decode_model_command(b"enterprise", bytes_of(example("qualification-commands", "publish")))
    words = [QualificationModelKind.codes.get(code, code.value) for code in Code]
    assert sorted(words) == sorted(REASONS)
    for word in words:
        result: CommandResult[Any] = CommandResult(accepted=False, code=word, message="m", warnings=("w",))
        event = encoded(model_outcome(command, result, decided_at=DECIDED_AT, origin=origin("e")))
        assert (event["reason"], event["warnings"]) == (word, ["w"])
