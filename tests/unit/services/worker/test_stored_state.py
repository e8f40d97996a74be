"""What an earlier version has stored is read by this one, and what a newer minor version has added does no harm."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from lead_qualifier.definitions.qualification_models.entries import decode_stored
from lead_qualifier.engine import checkpoint as positions
from lead_qualifier.engine.checkpoint import FORMAT, Checkpoint, Sweep
from lead_qualifier.engine.errors import UnknownFormat
from lead_qualifier.services.worker.lead_processor import decode_lead, encode_lead
from tests.support.stored_state import CHECKPOINT_KEY, Stored, stored

FORMS = ["state-format-1"]


def leads(form: str) -> list[Stored]:
    return [r for r in stored(form, "lead-state") if r.key != CHECKPOINT_KEY and r.value is not None]


def entries(form: str) -> list[Stored]:
    return [r for r in stored(form, "command-state") if r.key != CHECKPOINT_KEY]


def written(form: str) -> list[Stored]:
    return [r for topic in ("lead-state", "command-state") for r in stored(form, topic) if r.key == CHECKPOINT_KEY]


def test_there_is_a_fixture_of_every_format() -> None:
    assert len(FORMS) == FORMAT


@pytest.mark.parametrize("form", FORMS)
def test_every_field_of_a_stored_lead_is_still_known(form: str) -> None:
    for record in leads(form):
        assert_holds(whole(decode_lead(record.value or b"")), record.json())


@pytest.mark.parametrize("form", FORMS)
def test_every_field_of_a_stored_entry_is_still_known(form: str) -> None:
    for record in entries(form):
        assert_holds(whole(decode_stored(record.value or b"")), record.json())


@pytest.mark.parametrize("form", FORMS)
def test_every_field_of_a_stored_position_is_still_known(form: str) -> None:
    for record in written(form):
        assert_holds(whole(positions.decode(record.value or b"")), record.json())


def test_an_unfinished_sweep_of_format_1_goes_on_where_it_stood() -> None:
    frozen = b'{"application":"a","next":{"in":7},"revision":9,"swept":4,"sweep":{"revision":9,"bucket":17},"clock":5}'
    assert positions.decode(frozen) == Checkpoint(
        "a", {"in": 7}, format=1, revision=9, swept=4, sweep=Sweep(9, 17), clock=5
    )


def whole(value: Any) -> Any:
    """What was read as it would be written, with what is left out because it is the default."""
    if isinstance(value, msgspec.Struct):
        config = value.__struct_config__
        tag = {} if config.tag is None else {str(config.tag_field): config.tag}
        return tag | {f.encode_name: whole(getattr(value, f.name)) for f in msgspec.structs.fields(value)}
    if isinstance(value, dict):
        return {name: whole(part) for name, part in value.items()}
    return [whole(part) for part in value] if isinstance(value, list | tuple) else msgspec.to_builtins(value)


def assert_holds(found: Any, frozen: Any) -> None:
    """All that is frozen is found, whatever was added since."""
    if isinstance(frozen, dict):
        assert isinstance(found, dict)
        assert frozen.keys() <= found.keys()
        for name, value in frozen.items():
            assert_holds(found[name], value)
    elif isinstance(frozen, list):
        assert len(found) == len(frozen)
        for one, other in zip(found, frozen, strict=True):
            assert_holds(one, other)
    else:
        assert found == frozen


# -- a newer version


def test_a_position_carries_the_format() -> None:
    assert json.loads(positions.encode(Checkpoint("a", {})))["format"] == FORMAT


def test_a_position_that_does_not_say_is_of_the_first_format() -> None:
    assert positions.decode(b'{"application":"a","next":{}}').format == 1


@pytest.mark.parametrize("value", ['{"application":"a","next":{},"format":2}', '{"format":2,"next":[["in",0]]}'])
def test_a_newer_format_is_refused_and_told_whatever_it_looks_like(value: str) -> None:
    assert FORMAT < 2
    with pytest.raises(UnknownFormat, match="written in format 2, this version knows up to 1: run the version that"):
        positions.decode(value.encode())


@pytest.mark.parametrize("form", FORMS)
def test_fields_that_this_version_does_not_know_change_nothing_of_those_it_knows(form: str) -> None:
    for record in leads(form):
        assert encode_lead(decode_lead(grown(record))) == record.value
    for record in entries(form):
        assert decode_stored(grown(record)) == decode_stored(record.value or b"")
    for record in written(form):
        assert positions.decode(grown(record)) == positions.decode(record.value or b"")


def grown(record: Stored) -> bytes:
    return json.dumps(with_more(record.json()), ensure_ascii=False).encode()


def with_more(value: Any) -> Any:
    """Further fields in every object that stands for something of ours, as a newer minor version may write them."""
    if not isinstance(value, dict):
        return [with_more(one) for one in value] if isinstance(value, list) else value
    known = {name: part if name in {"attributes", "next"} else with_more(part) for name, part in value.items()}
    by_name = bool(value) and all(isinstance(part, dict) for part in value.values())  # keyed by our users' names
    return known if by_name else {"from_a_newer_version": {"deep": [1, None, "x"]}, **known, "flag": True}
