"""Writes the JSON Schemas and asyncapi.yaml of schemas/ from the types of the messages and from schemas/examples, and
the OpenAPI document of the console's API.

`python -m tools.schemas.generate` writes what changed. `--check` writes nothing and says what is out of date or
incompatible. `--release VERSION` also keeps a copy under schemas/released/: every later version must be compatible
with it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from lead_qualifier.console.api.openapi import description
from tools.schemas.asyncapi import asyncapi
from tools.schemas.compatibility import broken_promises
from tools.schemas.documents import DOCUMENTS
from tools.schemas.examples import SCHEMAS, Examples, problems_in, read_index
from tools.schemas.json_schemas import json_schema

ASYNCAPI = "asyncapi.yaml"
OPENAPI = "console.openapi.json"
RELEASED = "released"
_ENDING = ".schema.json"


class _Readable(yaml.SafeDumper):
    """Writes paragraphs as blocks, and repeats a value rather than referring to it."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _paragraphs(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Readable.add_representer(str, _paragraphs)


def schemas(examples: Examples) -> dict[str, dict[str, Any]]:
    """The schema of every document, by the document's name."""
    return {
        document.name: json_schema(document, [example.value for example in examples[document.name]])
        for document in DOCUMENTS
    }


def rendered(directory: Path = SCHEMAS) -> dict[str, str]:
    """The content of every generated file, by its path below the directory that holds the examples."""
    examples = read_index(directory)
    files = {name + _ENDING: _json(schema) for name, schema in schemas(examples).items()}
    files[ASYNCAPI] = yaml.dump(asyncapi(examples), Dumper=_Readable, sort_keys=False, allow_unicode=True, width=120)
    files[OPENAPI] = _json(description())
    return files


def out_of_date(directory: Path = SCHEMAS) -> list[str]:
    """Generated files that are missing, old or no longer generated, by their paths below the directory."""
    files = rendered(directory)
    there = {path.name for path in directory.iterdir() if path.is_file()}
    old = {name for name in files.keys() & there if (directory / name).read_text("utf-8") != files[name]}
    return sorted((files.keys() ^ there) | old)


def write(directory: Path = SCHEMAS) -> list[str]:
    """Bring the directory up to date. Returns the paths below it that changed."""
    files, changed = rendered(directory), out_of_date(directory)
    for name in changed:
        path = directory / name
        if name in files:
            path.write_text(files[name], "utf-8")
        else:
            path.unlink()
    return changed


def release(version: str, directory: Path = SCHEMAS) -> Path:
    """Keep the schemas as they are under a released version. Raises FileExistsError: a release does not change."""
    kept = directory / RELEASED / version
    kept.mkdir(parents=True)
    for name, schema in schemas(read_index()).items():
        (kept / (name + _ENDING)).write_text(_json(schema), "utf-8")
    return kept


def released_schemas(directory: Path = SCHEMAS) -> dict[str, dict[str, dict[str, Any]]]:
    """What was released: version -> document -> schema."""
    return {
        folder.name: {
            path.name.removesuffix(_ENDING): json.loads(path.read_text("utf-8")) for path in folder.glob("*" + _ENDING)
        }
        for folder in sorted((directory / RELEASED).glob("*"))
    }


def broken_promises_to_releases(directory: Path = SCHEMAS) -> list[str]:
    """What breaks any released version (FULL_TRANSITIVE); empty if nothing does."""
    current = schemas(read_index())
    return [
        f"{version}: {broken}"
        for version, released in released_schemas(directory).items()
        for broken in broken_promises(released, current)
    ]


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _failures(directory: Path) -> Iterator[str]:
    for name in out_of_date(directory):
        yield f"schemas/{name} is out of date: run make schemas"
    for promise in broken_promises_to_releases(directory):
        yield f"incompatible with release {promise}"


def main(arguments: list[str] | None = None, directory: Path = SCHEMAS) -> int:
    """Returns the exit code. 1: an example is wrong, --check found something, or the release exists already."""
    parser = argparse.ArgumentParser(prog="python -m tools.schemas.generate", description="Write schemas/.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if anything is out of date")
    parser.add_argument("--release", metavar="VERSION", help="keep a copy under schemas/released/VERSION")
    options = parser.parse_args(arguments)
    failures = [f"schemas/{problem}" for problem in problems_in(directory)]
    if options.check and not failures:
        failures = list(_failures(directory))
    for failure in failures:
        print(failure)
    if failures or options.check:
        return 1 if failures else 0
    for name in write(directory):
        print(f"schemas/{name}")
    if options.release:
        try:
            print(release(options.release, directory))
        except FileExistsError:
            print(f"schemas/{RELEASED}/{options.release} exists: a release does not change")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
