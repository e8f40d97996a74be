"""Checks answers against the OpenAPI document."""

from __future__ import annotations

from typing import Any

import httpx
import jsonschema


def check(document: dict[str, Any], answer: httpx.Response, path: str) -> Any:
    """The answer is one that the document describes for this path. Returns its body."""
    operation = document["paths"][path][answer.request.method.lower()]
    described = operation["responses"][str(answer.status_code)]
    kind = answer.headers["content-type"].partition(";")[0]
    body = answer.json()
    schema = described["content"][kind]["schema"] | {"components": document["components"]}
    jsonschema.Draft202012Validator(schema).validate(body)
    return body
