"""FULL_TRANSITIVE: only optional fields are added, and the check finds every other change."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tools.schemas import generate
from tools.schemas.compatibility import broken_promises, incompatibilities
from tools.schemas.examples import read_index

CURRENT = generate.schemas(read_index())
Schema = dict[str, Any]
ORIGINS = ["live", "sweep", "fast_track"]


def test_the_schemas_keep_what_every_release_promised() -> None:
    assert generate.released_schemas(), "no release is kept under schemas/released"
    assert generate.broken_promises_to_releases() == []


@pytest.mark.parametrize("name", CURRENT)
def test_a_schema_is_compatible_with_itself_reworded(name: str) -> None:
    reworded = copy.deepcopy(CURRENT[name])
    reworded |= {"title": "x", "description": "x", "examples": []}
    for definition in reworded.get("$defs", {}).values():
        definition["description"] = "x"
    assert incompatibilities(CURRENT[name], reworded) == []
    assert incompatibilities(reworded, CURRENT[name]) == []


def optional_field(schema: Schema) -> None:
    schema["properties"]["nickname"] = {"type": "string"}


def deep_optional_field(schema: Schema) -> None:
    schema["$defs"]["Evidence"]["properties"]["weight"] = {"type": "number"}


def optional_field_in_an_alternative(schema: Schema) -> None:
    schema["$defs"]["MoveModel"]["properties"]["replace"] = {"type": "boolean"}


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("lead-score-changed", optional_field),
        ("lead-qualified", deep_optional_field),
        ("qualification-commands", optional_field_in_an_alternative),
    ],
)
def test_optional_fields_may_be_added(name: str, change: Callable[[Schema], None]) -> None:
    later = copy.deepcopy(CURRENT[name])
    change(later)
    assert incompatibilities(CURRENT[name], later) == []


def removed(schema: Schema) -> None:
    del schema["properties"]["contact_id"]


def required_field(schema: Schema) -> None:
    schema["properties"]["tenant"] = {"type": "string"}
    schema["required"].append("tenant")


def now_required(schema: Schema) -> None:
    schema["required"].append("contact_id")


def now_optional(schema: Schema) -> None:
    schema["required"].remove("lead_id")


def other_type(schema: Schema) -> None:
    schema["properties"]["qualification_number"]["type"] = "string"


def wider_type(schema: Schema) -> None:
    schema["properties"]["lead_id"]["type"] = ["string", "null"]


def one_more_value(schema: Schema) -> None:
    schema["properties"]["origin"]["enum"].append("timer")


def one_value_less(schema: Schema) -> None:
    schema["properties"]["origin"]["enum"].remove("sweep")


def tighter(schema: Schema) -> None:
    schema["properties"]["lead_id"]["maxLength"] = 64


def looser(schema: Schema) -> None:
    del schema["properties"]["lead_id"]["minLength"]


def closed(schema: Schema) -> None:
    schema["additionalProperties"] = False


def deep_removed(schema: Schema) -> None:
    del schema["$defs"]["Evidence"]["properties"]["score"]


def other_items(schema: Schema) -> None:
    schema["properties"]["criteria"]["items"] = {"type": "string"}


def other_alternative(schema: Schema) -> None:
    schema["properties"]["match"]["anyOf"][0] = {"type": "string"}


def one_more_alternative(schema: Schema) -> None:
    schema["properties"]["match"]["anyOf"].append({"type": "integer"})


def other_constant(schema: Schema) -> None:
    schema["$defs"]["SalesReadyChange"]["properties"]["to"]["const"] = False


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (removed, ["contact_id: was removed"]),
        (required_field, ["tenant: was added as required"]),
        (now_required, ["contact_id: was optional, is required"]),
        (now_optional, ["lead_id: was required, is optional"]),
        (other_type, ["qualification_number: type was integer, is string"]),
        (wider_type, ["lead_id: type was string, is ['string', 'null']"]),
        (one_more_value, [f"origin: enum was {ORIGINS}, is {[*ORIGINS, 'timer']}"]),
        (one_value_less, [f"origin: enum was {ORIGINS}, is ['live', 'fast_track']"]),
        (tighter, ["lead_id: maxLength was None, is 64"]),
        (looser, ["lead_id: minLength was 1, is None"]),
        (closed, ["the message, additionalProperties: was True, is False"]),
        (deep_removed, ["criteria, items.score: was removed"]),
        (other_items, None),
        (
            other_alternative,
            ["match: an alternative was changed or removed", "match: alternatives were added"],
        ),
        (one_more_alternative, ["match: alternatives were added"]),
        (other_constant, ["changes.sales_ready.to: const was True, is False"]),
    ],
)
def test_every_other_change_is_found(change: Callable[[Schema], None], says: list[str] | None) -> None:
    doctored = copy.deepcopy(CURRENT["lead-qualified"])
    change(doctored)
    found = incompatibilities(CURRENT["lead-qualified"], doctored)
    assert found if says is None else found == says
    if change not in {removed, deep_removed}:  # the other way round those are optional fields added
        assert incompatibilities(doctored, CURRENT["lead-qualified"])


@pytest.mark.parametrize("name", ["lead-qualified", "command-state", "qualification-models"])
def test_a_criterion_s_threshold_alone_became_optional_because_grades_may_take_its_place(name: str) -> None:
    before = copy.deepcopy(CURRENT[name])
    title = "Evidence" if name == "lead-qualified" else "StoredCriterion"
    before["$defs"][title]["required"].append("threshold")
    assert incompatibilities(before, CURRENT[name]) == []
    assert incompatibilities(CURRENT[name], before), "it must not become required again"
    fewer = copy.deepcopy(CURRENT[name])
    fewer["$defs"][title]["required"].remove("scoring_model_id" if title == "Evidence" else "scoring_model")
    assert incompatibilities(before, fewer), "nor may another field become optional"


def test_a_field_may_have_the_values_that_it_has_gained_and_no_other() -> None:
    released = copy.deepcopy(CURRENT["lead-qualified"])
    released["properties"]["origin"]["enum"] = ["live", "sweep"]
    assert broken_promises({"lead-qualified": released}, CURRENT) == []
    released["properties"]["origin"]["enum"] = ["live"]
    assert broken_promises({"lead-qualified": released}, CURRENT) == [
        f"lead-qualified: origin: enum was ['live'], is {ORIGINS}"
    ]


def test_messages_may_be_added_but_not_removed() -> None:
    fewer = {name: schema for name, schema in CURRENT.items() if name != "lead-qualified"}
    assert broken_promises(CURRENT, fewer) == ["lead-qualified: was removed"]
    assert broken_promises(fewer, CURRENT) == []


def test_a_definition_that_contains_itself_is_compared_once() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}
    schema: Schema = {"$ref": "#/$defs/Node", "$defs": {"Node": node}}
    assert incompatibilities(schema, copy.deepcopy(schema)) == []


def test_the_check_compares_with_every_release(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generate.release("0.1.0", tmp_path)
    generate.release("0.2.0", tmp_path)
    assert generate.broken_promises_to_releases(tmp_path) == []
    doctored = tmp_path / "released" / "0.1.0" / "lead-qualified.schema.json"
    schema = json.loads(doctored.read_text())
    schema["properties"]["region"] = {"type": "string"}
    doctored.write_text(json.dumps(schema))
    assert generate.broken_promises_to_releases(tmp_path) == ["0.1.0: lead-qualified: region: was removed"]


def test_a_release_does_not_change(tmp_path: Path) -> None:
    generate.release("0.1.0", tmp_path)
    with pytest.raises(FileExistsError):
        generate.release("0.1.0", tmp_path)
