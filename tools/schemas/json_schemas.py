"""Generates the JSON Schema (2020-12) of a document, with its examples."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from tools.schemas.documents import Document

DIALECT = GenerateJsonSchema.schema_dialect


class _WithoutNoise(GenerateJsonSchema):
    """Without titles that only repeat a field's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def json_schema(document: Document, examples: Iterable[Any]) -> dict[str, Any]:
    """The schema of a document with its examples, in the order in which people read it."""
    generated = _plain(document.adapter.json_schema(schema_generator=_WithoutNoise))
    generated.pop("title", None)
    definitions = generated.pop("$defs", None)
    description = generated.pop("description", None)
    schema: dict[str, Any] = {
        "$schema": DIALECT,
        "$id": f"urn:lead-qualifier:{document.name}",
        "title": class_name(document.name),
        "description": document.description or description,
        **generated,
        "examples": list(examples),
    }
    _name(schema, schema["title"])
    for name, definition in (definitions or {}).items():
        definition.setdefault("title", name)
        _name(definition, name)
    if definitions is not None:
        schema["$defs"] = definitions
    return schema


def class_name(text: str) -> str:
    """The name of a generated type, such as LeadQualified for lead-qualified."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[-_.]", text))


def _name(schema: dict[str, Any], name: str) -> None:
    """Title everything that code generators make a type of, or they call it something like AnonymousSchema_26."""
    for prop, inner in schema.get("properties", {}).items():
        _title(inner, name + class_name(prop))
    for keyword, suffix in (("items", "Item"), ("additionalProperties", "Value"), ("propertyNames", "Name")):
        if isinstance(inner := schema.get(keyword), dict):
            _title(inner, name + suffix)
    for number, inner in enumerate(schema.get("prefixItems", ()), 1):
        _title(inner, f"{name}Item{number}")
    branches = [branch for branch in schema.get("anyOf", ()) if "$ref" not in branch]
    types = [branch for branch in branches if _is_type(branch)]
    for number, branch in enumerate(branches, 1):
        _title(branch, f"{name}Choice{number}" if len(types) > 1 or "title" in schema else name)


def _title(schema: dict[str, Any], name: str) -> None:
    if _is_type(schema):
        schema.setdefault("title", name)
    _name(schema, schema.get("title", name))


def _is_type(schema: dict[str, Any]) -> bool:
    alternatives = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    return "enum" in schema or schema.get("type") == "object" or len(alternatives) > 1


def _plain(schema: Any) -> Any:
    """The schema without `discriminator`, which is OpenAPI's: the constants in the alternatives say the same.

    Descriptions lose the line breaks of docstrings, but keep their paragraphs.
    """
    if isinstance(schema, dict):
        return {
            name: re.sub(r"(?<!\n)\n(?!\n)", " ", value)
            if name == "description" and isinstance(value, str)
            else _plain(value)
            for name, value in schema.items()
            if not (name == "discriminator" and "propertyName" in value)
        }
    if isinstance(schema, list):
        return [_plain(value) for value in schema]
    return schema
