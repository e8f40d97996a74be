"""Several files of one `apply`: which they are, in which order, and what is wrong with any of them."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from lead_qualifier.cli.exit_codes import Refused
from lead_qualifier.cli.model import model
from lead_qualifier.cli.rollout import files_in, read_all
from lead_qualifier.messages.model_reading import read_model_file

MODEL = """\
id: {}
match: all
criteria: [{{scoring_model: engagement, threshold: 70}}]
actions: {{sales_ready: true}}
"""


def write(folder: Path, **models: str) -> None:
    for name, model_id in models.items():
        (folder / f"{name}.yaml").write_text(MODEL.format(model_id))


def test_a_folder_stands_for_its_definitions_by_name(tmp_path: Path) -> None:
    write(tmp_path, b="b", a="a")
    for name in ("c.json", "d.YML", "README.md", "e.yaml~", ".hidden.yaml"):
        (tmp_path / name).write_text("{}")
    (tmp_path / "f.yaml").mkdir()
    first = Path("first.yaml")
    assert [one.name for one in files_in([first, tmp_path, tmp_path / "b.yaml"])] == [
        "first.yaml",
        "a.yaml",
        "b.yaml",
        "c.json",
        "d.YML",
    ]


def test_a_folder_without_definitions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="has no definitions"):
        files_in([tmp_path])


def test_the_problems_of_all_files_are_told_and_nothing_is_applied(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, a="same", b="same", c="[1]", d="")
    with pytest.raises(typer.Exit):
        read_all(files_in([tmp_path]), lambda file: {"id": read_model_file(file).id})
    told = capsys.readouterr().err
    assert "b.yaml: id: same is also the id in" in told
    assert "c.yaml:1: id: must be text" in told
    assert "d.yaml:1: id: must be text" in told


def test_files_are_checked_without_a_broker(tmp_path: Path) -> None:
    write(tmp_path, a="one", b="two")
    run = CliRunner().invoke(model, ["apply", str(tmp_path), "--check"])
    assert (run.exit_code, run.output.count("is valid")) == (0, 2)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--publish", "--draft"], "leave it out with --publish"),
        (["--replace"], "add --publish"),
        (["--publish", "--expected-revision", "3"], "for one file"),
    ],
)
def test_options_that_contradict_each_other_are_usage_errors(tmp_path: Path, options: list[str], why: str) -> None:
    write(tmp_path, a="one")
    run = CliRunner().invoke(model, ["apply", str(tmp_path / "a.yaml"), *options])
    assert run.exit_code == 2
    assert why in " ".join(run.output.replace("│", " ").split())
