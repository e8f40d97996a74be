"""docs/explanation/a-score-event.md names functions that exist, in the files that it links to."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs/explanation/a-score-event.md"
LINKS = re.findall(r"\[`([\w.]+)`\]\((\.\./\.\./app/[^)]+\.py)\)", PAGE.read_text())


def test_the_way_has_twelve_steps() -> None:
    steps = re.findall(r"^(\d+)\. \[`", PAGE.read_text(), re.MULTILINE)
    assert steps == [str(number) for number in range(1, 13)]


@pytest.mark.parametrize(("name", "link"), LINKS)
def test_a_linked_function_is_in_its_file(name: str, link: str) -> None:
    body: list[ast.stmt] = ast.parse((PAGE.parent / link).read_text()).body
    for part in name.split("."):
        found = [node for node in body if _is_named(node, part)]
        assert found, f"{link} has no {name}"
        body = getattr(found[0], "body", [])


def _is_named(node: ast.stmt, name: str) -> bool:
    return isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name
