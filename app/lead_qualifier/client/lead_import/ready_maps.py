"""Ready maps for the exports of common CRMs: files of this package, found by name."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from lead_qualifier.client.errors import ClientError
from lead_qualifier.client.lead_import.map_form import problems_of, read_map
from lead_qualifier.messages.definition_file import parse_definition
from lead_qualifier.messages.nearest import Nearest


class NoSuchMap(ClientError):
    """There is neither a file nor a ready map with the name; the message names the nearest."""


_MAPS = files("lead_qualifier.client.lead_import") / "maps"


@cache
def ready_maps() -> tuple[str, ...]:
    """Their names."""
    return tuple(sorted(one.name.removesuffix(".yaml") for one in _MAPS.iterdir() if one.name.endswith(".yaml")))


def text_of(name: str) -> str:
    """A ready map as it is written."""
    return (_MAPS / f"{name}.yaml").read_text(encoding="utf-8")


def ready_map(name: str) -> dict[str, Any]:
    """A ready map by its name."""
    found: dict[str, Any] = parse_definition(text_of(name), f"{name}.yaml", problems_of)
    return found


def map_of(name_or_file: str) -> dict[str, Any]:
    """A ready map by its name, or the map in a file. Raises BadDefinitionFile, NoSuchMap."""
    if name_or_file in ready_maps():
        return ready_map(name_or_file)
    if name_or_file != "-" and not Path(name_or_file).exists():
        raise NoSuchMap(
            f"{name_or_file} is neither a file nor a ready map: {Nearest(ready_maps()).advice(name_or_file)}"
        )
    return read_map(Path(name_or_file))
