"""schemas/ is up to date and valid, and every example follows its schema and is read by the code."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from lead_qualifier.messages.assignment import decode_seller_changed
from lead_qualifier.messages.decode import (
    decode_feature_command,
    decode_lead_changed,
    decode_lead_merged,
    decode_lead_score_changed,
    decode_model_command,
    decode_sales_response,
    decode_scoring_model_changed,
)
from lead_qualifier.messages.decode_downstream import (
    decode_activity_completed,
    decode_lead_assigned,
    decode_lead_qualified,
    decode_sequence_connection,
)
from lead_qualifier.messages.definitions import decode_definition_command
from lead_qualifier.messages.model_reading import parse_model
from lead_qualifier.messages.topics import ALL_TOPICS, KINDS
from tools.schemas import generate
from tools.schemas.documents import DOCUMENTS, Document
from tools.schemas.examples import SCHEMAS, Example, example, problems_in, read_index

EXAMPLES = read_index()
BY_NAME = {document.name: document for document in DOCUMENTS}
SCHEMA = generate.schemas(EXAMPLES)
READ: dict[str, tuple[Callable[..., Any], str]] = {
    "lead-score-changed": (decode_lead_score_changed, "lead_id"),
    "lead-changed": (decode_lead_changed, "lead_id"),
    "lead-merged": (decode_lead_merged, "lead_id"),
    "lead-sales-response": (decode_sales_response, "lead_id"),
    "scoring-model-changed": (decode_scoring_model_changed, "scoring_model_id"),
    "qualification-commands": (decode_model_command, "qualification_model_id"),
    "feature-commands": (decode_feature_command, "feature"),
    "lead-qualified": (decode_lead_qualified, "lead_id"),
    "lead-assigned": (decode_lead_assigned, "lead_id"),
    "seller-changed": (decode_seller_changed, "seller_id"),
    "sequence-connections": (decode_sequence_connection, "lead_id"),
    "activity-completed": (decode_activity_completed, "lead_id"),
    **{f"{kind}-commands": (decode_definition_command, "definition_id") for kind in KINDS},
}


def validator(document: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(SCHEMA[document])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of schemas/ to spoil."""
    shutil.copytree(SCHEMAS, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_the_folder_is_up_to_date() -> None:
    assert generate.out_of_date() == [], "run: make schemas"


def test_every_topic_has_a_document_with_an_example() -> None:
    assert {document.topic for document in DOCUMENTS} - {None} == set(ALL_TOPICS)
    assert list(problems_in()) == []
    assert EXAMPLES.keys() == BY_NAME.keys()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_each_schema_is_json_schema_2020_12(document: Document) -> None:
    schema = SCHEMA[document.name]
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["description"]
    assert schema["examples"]


def types_in(schema: Any) -> Iterator[dict[str, Any]]:
    """Every schema of which a code generator makes a type of its own: objects and enumerations."""
    if isinstance(schema, dict):
        if "enum" in schema or ("properties" in schema and isinstance(schema["properties"], dict)):
            yield schema
        for word, inner in schema.items():
            if word not in {"examples", "const", "default"}:
                yield from types_in(list(inner.values()) if word in {"properties", "$defs"} else inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from types_in(inner)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_code_generators_find_a_name_for_every_type(document: Document) -> None:
    schema = SCHEMA[document.name]
    assert re.fullmatch(r"[A-Z][A-Za-z0-9]+", schema["title"])
    found = list(types_in(schema))
    assert [one for one in found if "title" not in one] == []
    shapes: dict[str, Any] = {}
    for one in found:
        assert shapes.setdefault(one["title"], one) == one, "two types of one name"


@pytest.mark.parametrize(
    "shown", [shown for examples in EXAMPLES.values() for shown in examples], ids=lambda shown: shown.path.stem
)
def test_each_example_is_valid_and_read_by_the_code(shown: Example) -> None:
    text = shown.path.read_bytes()
    validator(shown.document).validate(shown.value)
    BY_NAME[shown.document].adapter.validate_json(text)
    if shown.document in READ:
        decode, key = READ[shown.document]
        decode(shown.value[key].encode(), text)
    if shown.document == "qualification-model":
        parse_model(text.decode(), shown.path.name)


def test_examples_that_are_missing_left_over_or_wrong_are_named(folder: Path) -> None:
    examples, index = folder / "examples", folder / "examples" / "index.yaml"
    (examples / "lead-changed.cleared.json").unlink()
    (examples / "lead-changed.lost.json").write_text("{}")
    (examples / "lead-merged.duplicate.json").write_text("{}")
    (examples / "lead-lost.all.json").write_text("{}")
    index.write_text(index.read_text().replace("lead-recycled:", "lead-lost:").replace("no-budget:", "all:"))
    found = [re.split(r": \d+ validation error", problem)[0] for problem in problems_in(folder)]
    assert found == [
        "examples/lead-changed.lost.json is not in index.yaml",
        "examples/lead-recycled.no-budget.json is not in index.yaml",
        "lead-recycled has no example in index.yaml",
        "examples/lead-changed.cleared.json is in index.yaml and does not exist",
        "examples/lead-merged.duplicate.json does not follow lead-merged",
        "examples/lead-lost.all.json: there is no document named lead-lost",
    ]
    assert generate.main([], folder) == generate.main(["--check"], folder) == 1


@pytest.mark.parametrize(
    ("document", "broken"),
    [
        ("lead-score-changed", {"score": "83"}),
        ("lead-score-changed", {"lead_id": ""}),
        ("lead-score-changed", {"occurred_at": "2026-11-23"}),
        ("lead-changed", {"status": None}),
        ("lead-changed", {"attributes": {"tags": []}}),
        ("lead-merged", {"survivor_id": ""}),
        ("lead-handovers", {"scores": {"engagement": 83}}),
        ("scoring-model-changed", {"status": "running"}),
        ("qualification-commands", {"command": "pubish"}),
        ("qualification-commands", {"definition": {"id": "x", "hold": "15m"}}),
        ("feature-commands", {"expected_revision": -1}),
        ("lead-qualified", {"contact_id": None}),
        ("lead-qualified", {"criteria": [{"scoring_model_id": "engagement", "threshold": 70}]}),
        ("lead-state", {"scores": {"engagement": 83}}),
        ("qualification-models", {"kind": "other"}),
        ("qualification-model", {"groups": []}),
        ("qualification-model", {"requalification": {"cool_down": "30"}}),
        ("lead-dead-letters.headers", {"dl_offset": "-1"}),
    ],
)
def test_a_broken_example_is_refused_by_schema_and_code_alike(document: str, broken: dict[str, Any]) -> None:
    value = example(document) | broken
    assert not validator(document).is_valid(value)
    if "definition" in broken:
        return  # read as any object, and refused by the command processor, who can answer
    with pytest.raises(ValueError, match="validation error"):
        BY_NAME[document].adapter.validate_json(json.dumps(value))


def test_emitted_messages_may_gain_fields() -> None:
    for name in ("lead-qualified", "qualification-model-changed", "lead-state", "qualification-models"):
        validator(name).validate(example(name) | {"new_field": 1})


def test_asyncapi_names_every_topic_and_existing_files() -> None:
    document = yaml.safe_load((SCHEMAS / "asyncapi.yaml").read_text())
    assert document["asyncapi"] == "3.0.0"
    assert list(document["channels"]) == [topic.name for topic in ALL_TOPICS]
    for message in document["components"]["messages"].values():
        for part in ("payload", "headers"):
            reference = message.get(part, {}).get("schema", {}).get("$ref")
            assert reference is None or (SCHEMAS / reference).is_file()
    for operation in document["operations"].values():
        assert operation["channel"]["$ref"].removeprefix("#/channels/") in document["channels"]


def test_check_names_what_is_missing_changed_or_left_over(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"], folder) == 0
    (folder / "lead-qualified.schema.json").write_text("{}")
    (folder / "lead-state.schema.json").unlink()
    (folder / "lead-lost.schema.json").write_text("{}")
    assert generate.main(["--check"], folder) == 1
    assert [line.split(" is ")[0] for line in capsys.readouterr().out.splitlines()] == [
        "schemas/lead-lost.schema.json",
        "schemas/lead-qualified.schema.json",
        "schemas/lead-state.schema.json",
    ]
    assert generate.main([], folder) == 0
    assert generate.main(["--check"], folder) == 0
