"""Imports point inward, checked file by file: what import-linter says of packages holds for every new module too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

APP = Path(__file__).parents[2] / "app" / "lead_qualifier"
ALLOWED = {
    "qualification": ("lead_qualifier.qualification",),
    "messages": ("lead_qualifier.messages", "lead_qualifier.qualification"),
    "engine": (
        "lead_qualifier.kafka.decompression",
        "lead_qualifier.engine",
        "lead_qualifier.kafka.connection",
        "lead_qualifier.kafka.raw_fetch",
        "lead_qualifier.kafka.raw_reader",
        "lead_qualifier.kafka.raw_records",
        "lead_qualifier.kafka.records",
        "lead_qualifier.kafka.topic_ids",
    ),
}


def imports(source: Path) -> Iterator[str]:
    """Names of our own modules that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "lead_qualifier")
        elif isinstance(node, ast.ImportFrom):
            package = APP.parent / source.relative_to(APP.parent).parent
            for _ in range(node.level - 1):
                package = package.parent
            start = ".".join(package.relative_to(APP.parent).parts) + "." if node.level else ""
            name = f"{start}{node.module or ''}".rstrip(".")
            if name == "lead_qualifier":  # `from lead_qualifier import settings` names the module on the right
                yield from (f"lead_qualifier.{alias.name}" for alias in node.names if alias.name != "__version__")
            elif name.startswith("lead_qualifier."):
                yield name


@pytest.mark.parametrize("package", ALLOWED)
def test_a_package_imports_only_what_lies_further_in(package: str) -> None:
    strays = {
        f"{source.relative_to(APP)} imports {name}"
        for source in (APP / package).rglob("*.py")
        for name in imports(source)
        if not any(name == allowed or name.startswith(f"{allowed}.") for allowed in ALLOWED[package])
    }
    assert strays == set()


def test_the_domain_imports_no_framework() -> None:
    strays = set()
    for source in (APP / "qualification").rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            frameworks = {"faust", "confluent_kafka", "aiokafka", "pydantic", "structlog", "typer", "aiohttp"}
            strays |= {name for name in names if name.split(".")[0] in frameworks}
    assert strays == set()
