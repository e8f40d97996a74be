"""What documents say of make is true: each target exists, is listed, and is run before a change lands."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    *(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG")),
    *sorted(ROOT.glob("docs/**/*.md")),
]
#: In code of a document: between backticks, in a fence, or indented as a block.
_CODE = re.compile(r"^```.*?^```|`[^`]+`|^ {4}\S.*$", re.MULTILINE | re.DOTALL)
_MAKE = re.compile(r"(?<![\w-])make((?: +[A-Z_]+=(?:\"[^\"]*\"|\S*))*(?: +[a-z][a-z-]*)+)")


def made(text: str) -> set[str]:
    """The targets of all calls of make, which may follow variables."""
    return {word for call in _MAKE.finditer(text) for word in call[1].split() if "=" not in word}


def code_of(document: Path) -> str:
    return "\n".join(found[0].strip("`") for found in _CODE.finditer(document.read_text()))


def listed() -> set[str]:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(re.findall(r"^  make ([a-z-]+) ", done.stdout, re.MULTILINE))


NAMED = {target for document in DOCUMENTS for target in made(code_of(document))}
#: Comments and messages run nothing.
RUN = made(re.sub(r'(^| )#.*|\becho ("[^"]*"|\S+)', "", (ROOT / ".ci" / "run").read_text(), flags=re.MULTILINE))


def test_targets_are_found_in_the_code_of_documents_only(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text(
        "We make sense: `N=3 make run`, `make a-b X=1`.\n\n```\n$ make PYTHON=/x test docs\n```\n\n    make c  # d\n"
    )
    assert made(code_of(document)) == {"run", "a-b", "test", "docs", "c"}


def test_documents_name_only_targets_that_make_help_lists() -> None:
    assert len(NAMED) > 8
    assert listed() >= NAMED


@pytest.mark.parametrize("target", sorted(NAMED | listed()))
def test_every_target_is_run_before_a_change_lands(target: str) -> None:
    assert target in RUN, f"add a short run of make {target} to .ci/run"


def test_contributing_names_each_target_but_demo_and_list() -> None:
    assert listed() - made(code_of(ROOT / "CONTRIBUTING.md")) <= {"help", "run"}
