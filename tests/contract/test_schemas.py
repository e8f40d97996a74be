"""schemas/ says what the code does: up to date, valid, and every example follows it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from lead_qualifier.messages.decode import (
    decode_feature_command,
    decode_lead_changed,
    decode_lead_merged,
    decode_lead_score_changed,
    decode_model_command,
    decode_sales_response,
    decode_scoring_model_changed,
)
from lead_qualifier.messages.downstream_topics import CATALOGUE as DOWNSTREAM
from lead_qualifier.messages.model_file import parse_model
from lead_qualifier.messages.topics import CATALOGUE
from tools.schemas import generate
from tools.schemas.document import Document
from tools.schemas.documents import DOCUMENTS
from tools.schemas.example import Example
from tools.schemas.examples import EXAMPLES, examples_of
from tools.schemas.json_schemas import json_schema

BY_NAME = {document.name: document for document in DOCUMENTS}
READ = {
    "lead-score-changed": (decode_lead_score_changed, "lead_id"),
    "lead-changed": (decode_lead_changed, "lead_id"),
    "lead-merged": (decode_lead_merged, "lead_id"),
    "lead-sales-response": (decode_sales_response, "lead_id"),
    "scoring-model-changed": (decode_scoring_model_changed, "scoring_model_id"),
    "qualification-commands": (decode_model_command, "qualification_model_id"),
    "feature-commands": (decode_feature_command, "feature"),
}


def validator(document: Document) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json_schema(document))


def test_the_folder_is_up_to_date() -> None:
    assert generate.out_of_date() == [], "run: python -m tools.schemas.generate"


def test_every_topic_has_a_document_and_every_document_an_example() -> None:
    assert {document.topic for document in DOCUMENTS} - {None} == {*CATALOGUE, *DOWNSTREAM}
    assert {example.document for example in EXAMPLES} == set(BY_NAME)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_each_schema_is_json_schema_2020_12_with_description_and_examples(document: Document) -> None:
    schema = json_schema(document)
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
    schema = json_schema(document)
    assert re.fullmatch(r"[A-Z][A-Za-z0-9]+", schema["title"])
    found = list(types_in(schema))
    assert [one for one in found if "title" not in one] == []
    shapes: dict[str, Any] = {}
    for one in found:
        assert shapes.setdefault(one["title"], one) == one, "two types of one name"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.file_name)
def test_each_example_follows_its_schema_and_is_read_by_the_code(example: Example) -> None:
    document = BY_NAME[example.document]
    text = (generate.SCHEMAS / "examples" / example.file_name).read_text()
    validator(document).validate(json.loads(text))
    document.adapter.validate_json(text)
    if example.document in READ:
        decode, key = READ[example.document]
        decode(example.value[key].encode(), text.encode())
    if example.document == "qualification-model":
        parse_model(text, example.file_name)


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
    value = examples_of(document)[0].value | broken
    assert not validator(BY_NAME[document]).is_valid(value)
    if "definition" in broken:
        return  # read as any object, and refused by the command decider, who can answer
    with pytest.raises(ValueError, match="validation error"):
        BY_NAME[document].adapter.validate_json(json.dumps(value))


def test_what_is_emitted_may_gain_fields_without_breaking_readers_that_validate() -> None:
    for name in ("lead-qualified", "qualification-model-changed", "lead-state", "qualification-models"):
        validator(BY_NAME[name]).validate(examples_of(name)[0].value | {"new_field": 1})


def test_the_asyncapi_document_names_every_topic_and_refers_to_files_that_exist() -> None:
    document = yaml.safe_load((generate.SCHEMAS / "asyncapi.yaml").read_text())
    assert document["asyncapi"] == "3.0.0"
    assert list(document["channels"]) == [topic.name for topic in (*CATALOGUE, *DOWNSTREAM)]
    for message in document["components"]["messages"].values():
        for part in ("payload", "headers"):
            reference = message.get(part, {}).get("schema", {}).get("$ref")
            assert reference is None or (generate.SCHEMAS / reference).is_file()
    for operation in document["operations"].values():
        assert operation["channel"]["$ref"].removeprefix("#/channels/") in document["channels"]


def test_check_names_what_is_missing_changed_or_left_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "SCHEMAS", tmp_path)
    monkeypatch.setattr(generate.out_of_date, "__defaults__", (tmp_path,))
    monkeypatch.setattr(generate.write, "__defaults__", (tmp_path,))
    monkeypatch.setattr(generate.broken_promises_to_releases, "__defaults__", (tmp_path,))
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0
    (tmp_path / "lead-qualified.schema.json").write_text("{}")
    (tmp_path / "lead-state.schema.json").unlink()
    (tmp_path / "examples" / "lead-lost.json").write_text("{}")
    capsys.readouterr()
    assert generate.main(["--check"]) == 1
    assert [line.split(" is ")[0] for line in capsys.readouterr().out.splitlines()] == [
        "schemas/examples/lead-lost.json",
        "schemas/lead-qualified.schema.json",
        "schemas/lead-state.schema.json",
    ]
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0
