"""Reads schemas/examples: a file for each example, and an index that says what each one shows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from tools.schemas.documents import DOCUMENTS

SCHEMAS = Path(__file__).parents[2] / "schemas"
_FOLDER = "examples"
_INDEX = "index.yaml"


@dataclass(frozen=True)
class Example:
    """A value that follows a document."""

    document: str
    name: str
    summary: str
    """What it shows, in a sentence."""
    path: Path

    @property
    def value(self) -> Any:
        """The value, read again each time: callers may change what they get."""
        return json.loads(self.path.read_text("utf-8"))


Examples = Mapping[str, Sequence[Example]]
"""The examples of each document, by its name."""


def read_index(directory: Path = SCHEMAS) -> Examples:
    """The examples of a schemas directory, in the order of its index. The files may be missing: see `problems_in`."""
    folder = directory / _FOLDER
    index: dict[str, dict[str, str]] = yaml.safe_load((folder / _INDEX).read_text("utf-8"))
    return {
        document: [
            Example(document, name, summary, folder / f"{document}.{name}.json") for name, summary in examples.items()
        ]
        for document, examples in index.items()
    }


_own_index = cache(read_index)


def examples_of(document: str) -> Sequence[Example]:
    """The examples of a document, by its name. Raises KeyError if it has none."""
    return _own_index()[document]


def example(document: str, name: str | None = None) -> Any:
    """The value of the document's example with this name, or of its first. Raises KeyError and StopIteration."""
    return next(one.value for one in examples_of(document) if name in {None, one.name})


def problems_in(directory: Path = SCHEMAS) -> Iterator[str]:
    """Everything wrong with the examples of a schemas directory, one sentence each."""
    examples = read_index(directory)
    documents = {document.name: document for document in DOCUMENTS}
    listed = {example.path: example for examples_of_one in examples.values() for example in examples_of_one}
    for path in sorted((directory / _FOLDER).iterdir()):
        if path not in listed and path.name != _INDEX:
            yield f"{_FOLDER}/{path.name} is not in {_INDEX}"
    for name in documents:
        if not examples.get(name):
            yield f"{name} has no example in {_INDEX}"
    for path, example in listed.items():
        if not path.exists():
            yield f"{_FOLDER}/{path.name} is in {_INDEX} and does not exist"
        elif example.document not in documents:
            yield f"{_FOLDER}/{path.name}: there is no document named {example.document}"
        else:
            try:
                documents[example.document].adapter.validate_json(path.read_bytes())
            except ValidationError as error:
                yield f"{_FOLDER}/{path.name} does not follow {example.document}: {error}"
