"""What Kubernetes would say of an object, by the schemas that `make deploy-check` lays out.

A test that needs them is skipped where they are not.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

_FOLDER = Path(__file__).parents[2] / ".venv-deploy" / "schemas"


def problems(found: dict[str, Any]) -> list[str]:
    """What is wrong with an object; unknown fields, too. Fails for a kind whose schema is not laid out."""
    group, _, version = found["apiVersion"].rpartition("/")
    name = "-".join(part for part in (found["kind"].lower(), group.split(".")[0], version) if part)
    return [f"{error.json_path}: {error.message}" for error in _validator(name).iter_errors(found)]


@cache
def _validator(name: str) -> Any:
    if not _FOLDER.is_dir():
        pytest.skip("no schemas of Kubernetes: `make deploy-check` installs them")
    return jsonschema.Draft7Validator(json.loads((_FOLDER / f"{name}.json").read_text()))
