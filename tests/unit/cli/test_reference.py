"""docs/reference/cli.md is what the commands say of themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.cli_reference import document

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "cli.md"


@pytest.mark.docs
def test_the_reference_is_up_to_date() -> None:
    assert PAGE.read_text() == document(), "run `make docs`"
