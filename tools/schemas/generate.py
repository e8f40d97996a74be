"""Writes schemas/: `python -m tools.schemas.generate`, or with --check says what is out of date or incompatible.

`--release VERSION` keeps a copy under schemas/released/: from then on every version must be compatible with it.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import yaml

from tools.schemas.asyncapi import asyncapi
from tools.schemas.compatibility import broken_promises
from tools.schemas.documents import DOCUMENTS
from tools.schemas.examples import EXAMPLES
from tools.schemas.json_schemas import json_schema

SCHEMAS = Path(__file__).parents[2] / "schemas"
RELEASED = "released"
_ENDING = ".schema.json"


class _Readable(yaml.SafeDumper):
    """Writes paragraphs as paragraphs, and what stands in two places twice instead of as a reference."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _paragraphs(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Readable.add_representer(str, _paragraphs)


def rendered() -> dict[str, str]:
    """Every file to be, by its path below schemas/."""
    files = {document.name + _ENDING: _json(json_schema(document)) for document in DOCUMENTS}
    files |= {f"examples/{example.file_name}": _json(example.value) for example in EXAMPLES}
    files["asyncapi.yaml"] = yaml.dump(asyncapi(), Dumper=_Readable, sort_keys=False, allow_unicode=True, width=120)
    return files


def out_of_date(directory: Path = SCHEMAS) -> list[str]:
    """Paths below the directory whose files are missing, old, or described by nothing any more."""
    files = rendered()
    there = {
        str(path.relative_to(directory))
        for path in directory.rglob("*")
        if path.is_file() and path.relative_to(directory).parts[0] != RELEASED
    }
    changed = {
        name for name, content in files.items() if name in there and (directory / name).read_text("utf-8") != content
    }
    return sorted((files.keys() ^ there) | changed)


def write(directory: Path = SCHEMAS) -> list[str]:
    """Brings the directory up to date; the paths below it that changed."""
    files, changed = rendered(), out_of_date(directory)
    for name in changed:
        path = directory / name
        if name in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[name], "utf-8")
        else:
            path.unlink()
    return changed


def release(version: str, directory: Path = SCHEMAS) -> Path:
    """Keeps the schemas as they are under a released version. Raises FileExistsError: a release does not change."""
    kept = directory / RELEASED / version
    kept.mkdir(parents=True)
    for document in DOCUMENTS:
        (kept / (document.name + _ENDING)).write_text(_json(json_schema(document)), "utf-8")
    return kept


def released_schemas(directory: Path = SCHEMAS) -> dict[str, dict[str, dict[str, Any]]]:
    """What was released: version -> document -> schema."""
    return {
        folder.name: {
            path.name.removesuffix(_ENDING): json.loads(path.read_text("utf-8")) for path in folder.glob("*" + _ENDING)
        }
        for folder in sorted((directory / RELEASED).glob("*"))
    }


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def broken_promises_to_releases(directory: Path = SCHEMAS) -> list[str]:
    """What breaks any released version (FULL_TRANSITIVE); empty if nothing does."""
    current = {document.name: json_schema(document) for document in DOCUMENTS}
    return [
        f"{version}: {broken}"
        for version, schemas in released_schemas(directory).items()
        for broken in broken_promises(schemas, current)
    ]


def _check() -> int:
    stale, broken = out_of_date(), broken_promises_to_releases()
    for name in stale:
        print(f"schemas/{name} is out of date: run python -m tools.schemas.generate")
    for promise in broken:
        print(f"incompatible with release {promise}")
    return 1 if stale or broken else 0


def main(arguments: list[str] | None = None) -> int:
    """Exit code 1: something is out of date or incompatible (with --check), or the release exists already."""
    parser = argparse.ArgumentParser(prog="python -m tools.schemas.generate", description="Write schemas/.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if anything is amiss")
    parser.add_argument("--release", metavar="VERSION", help="keep a copy under schemas/released/VERSION")
    options = parser.parse_args(arguments)
    if options.check:
        return _check()
    for name in write():
        print(f"schemas/{name}")
    if options.release:
        try:
            print(release(options.release))
        except FileExistsError:
            print(f"schemas/{RELEASED}/{options.release} exists: what is released does not change")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
