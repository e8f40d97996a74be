"""JSON Schema 2020-12 of a document, with its examples."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from app.contracts.document import Document
from app.contracts.examples import examples_of

DIALECT = GenerateJsonSchema.schema_dialect


class _WithoutNoise(GenerateJsonSchema):
    """No titles that only repeat the field's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def json_schema(document: Document) -> dict[str, Any]:
    """The schema of a document, in the order in which people read it."""
    generated = _plain(document.adapter.json_schema(schema_generator=_WithoutNoise))
    generated.pop("title", None)
    definitions = generated.pop("$defs", None)
    description = generated.pop("description", None)
    schema: dict[str, Any] = {
        "$schema": DIALECT,
        "$id": f"urn:lead-qualifier:{document.name}",
        "title": document.name,
        "description": document.description or description,
        **generated,
        "examples": [example.value for example in examples_of(document.name)],
    }
    if definitions is not None:
        schema["$defs"] = definitions
    return schema


def _plain(schema: Any) -> Any:
    """Without `discriminator`, which is OpenAPI's: the constants in the alternatives say the same."""
    if isinstance(schema, dict):
        return {
            name: _plain(value)
            for name, value in schema.items()
            if not (name == "discriminator" and "propertyName" in value)
        }
    if isinstance(schema, list):
        return [_plain(value) for value in schema]
    return schema
