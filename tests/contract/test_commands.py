"""What the command processor reads: commands and announcements of scoring models."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from lead_qualifier.messages.decode import decode_feature_command, decode_model_command, decode_scoring_model_changed
from lead_qualifier.messages.errors import BadMessage

ISSUED = {"command_id": "c-1", "issued_by": "anna", "issued_at": "2026-11-23T08:00:00Z"}
PUBLISH = ISSUED | {"qualification_model_id": "enterprise", "command": "publish"}
SHADOW = ISSUED | {"qualification_model_id": "enterprise", "command": "shadow", "enabled": True}
APPLY = ISSUED | {"qualification_model_id": "enterprise", "command": "apply", "definition": {"id": "enterprise"}}
ENABLE = ISSUED | {"feature": "lead-management", "command": "enable"}
LIVE = {
    "event_id": "e-1",
    "scoring_model_id": "engagement",
    "name": "Engagement",
    "status": "live",
    "occurred_at": "2026-11-23T07:55:00Z",
}
KINDS: list[tuple[Callable[..., Any], bytes, dict[str, Any]]] = [
    (decode_model_command, b"enterprise", PUBLISH),
    (decode_model_command, b"enterprise", APPLY),
    (decode_model_command, b"enterprise", SHADOW),
    (decode_feature_command, b"lead-management", ENABLE),
    (decode_scoring_model_changed, b"engagement", LIVE),
]


def encoded(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode()


def reason(decode: Callable[..., Any], key: bytes | None, message: dict[str, Any]) -> str:
    with pytest.raises(BadMessage) as caught:
        decode(key, encoded(message))
    return caught.value.reason


@pytest.mark.parametrize(("decode", "key", "message"), KINDS)
def test_each_kind_is_read_and_unknown_fields_are_ignored(
    decode: Callable[..., Any], key: bytes, message: dict[str, Any]
) -> None:
    assert set(decode(key, encoded(message | {"more": 1}))) == set(message)


@pytest.mark.parametrize(("decode", "key", "message"), KINDS)
def test_no_value_and_a_wrong_key_are_refused(decode: Callable[..., Any], key: bytes, message: dict[str, Any]) -> None:
    with pytest.raises(BadMessage, match="the record has no value"):
        decode(key, None)
    with pytest.raises(BadMessage, match="has no key"):
        decode(None, encoded(message))
    with pytest.raises(BadMessage, match="has a key that is not its"):
        decode(key + b"x", encoded(message))


@pytest.mark.parametrize(
    ("decode", "key", "message", "field"),
    [(decode, key, message, field) for decode, key, message in KINDS for field in message if field != "name"],
)
def test_a_missing_field_is_named(decode: Callable[..., Any], key: bytes, message: dict[str, Any], field: str) -> None:
    without = {name: value for name, value in message.items() if name != field}
    assert reason(decode, key, without) == f"{field} is missing"


def test_an_unknown_command_is_refused_with_those_there_are() -> None:
    assert reason(decode_model_command, b"enterprise", PUBLISH | {"command": "pubish"}) == (
        "command must be one of apply, publish, stop, delete, shadow, found another text"
    )
    assert reason(decode_feature_command, b"lead-management", ENABLE | {"command": True}) == (
        "command must be one of enable, disable, found a boolean"
    )


@pytest.mark.parametrize("revision", [-1, 1.5, "4", None, True])
def test_an_expected_revision_is_a_whole_number_from_zero(revision: object) -> None:
    assert reason(decode_model_command, b"enterprise", PUBLISH | {"expected_revision": revision}).startswith(
        "expected_revision must be "
    )


def test_an_expected_revision_is_read() -> None:
    command = decode_model_command(b"enterprise", encoded(PUBLISH | {"expected_revision": 0}))
    assert command["expected_revision"] == 0


def test_an_inconsistent_definition_is_no_bad_message() -> None:
    command = decode_model_command(b"enterprise", encoded(APPLY | {"definition": {"nonsense": [1]}}))
    assert command["command"] == "apply"
    assert command["definition"] == {"nonsense": [1]}


def test_a_definition_that_is_no_object_is_a_bad_message() -> None:
    assert reason(decode_model_command, b"enterprise", APPLY | {"definition": "enterprise.yaml"}) == (
        "definition must be a JSON object, found text"
    )


def test_a_scoring_model_may_be_announced_without_a_name() -> None:
    for message in (LIVE | {"name": None}, {name: value for name, value in LIVE.items() if name != "name"}):
        assert decode_scoring_model_changed(b"engagement", encoded(message)).get("name") is None


@pytest.mark.parametrize("message", [APPLY | {"draft": 1}, PUBLISH | {"replace": "yes"}, SHADOW | {"enabled": None}])
def test_a_switch_is_true_or_false(message: dict[str, Any]) -> None:
    assert "must be true or false" in reason(decode_model_command, b"enterprise", message)


def test_drafts_and_replacements_are_read() -> None:
    apply = decode_model_command(b"enterprise", encoded(APPLY | {"draft": True}))
    publish = decode_model_command(b"enterprise", encoded(PUBLISH | {"replace": True}))
    assert (apply.get("draft"), publish.get("replace")) == (True, True)


@pytest.mark.parametrize(("written", "read"), [("100", 100), ("-2.5", -2.5), ("null", None)])
def test_a_maximum_is_read(written: str, read: float | None) -> None:
    value = encoded(LIVE)[:-1] + f', "maximum": {written}}}'.encode()
    assert decode_scoring_model_changed(b"engagement", value)["maximum"] == read


@pytest.mark.parametrize("written", ["NaN", "1e999", '"100"', "true", "[]"])
def test_a_maximum_that_is_no_finite_number_is_refused(written: str) -> None:
    with pytest.raises(BadMessage, match=r"^maximum must be a "):
        decode_scoring_model_changed(b"engagement", encoded(LIVE)[:-1] + f', "maximum": {written}}}'.encode())


def test_the_status_of_a_scoring_model_is_one_of_three() -> None:
    assert reason(decode_scoring_model_changed, b"engagement", LIVE | {"status": "running"}) == (
        "status must be one of draft, live, stopped, found another text"
    )
