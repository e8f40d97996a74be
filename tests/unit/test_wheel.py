"""The wheel works in a project of someone else, who may have a package named app."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from lead_qualifier import __version__

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "app" / "lead_qualifier"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder), cwd=ROOT)
    [built] = folder.glob("*.whl")
    return built


def run(*command: str, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_it_holds_the_package_whole_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    metadata = {name for name in names if name.startswith(f"lead_qualifier-{__version__}.dist-info/")}
    package = {
        str(file.relative_to(PACKAGE.parent))
        for file in PACKAGE.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert names - metadata == package
    assert {"lead_qualifier/demo/scores.jsonl", "lead_qualifier/demo/models/enterprise.yaml"} <= package
    assert "lead_qualifier/py.typed" in package


@dataclass(frozen=True)
class Project:
    """A project with an environment of its own, in which the wheel is installed."""

    folder: Path
    programs: Path

    def python(self, *arguments: str) -> str:
        return run(str(self.programs / "python"), *arguments, cwd=self.folder)


@pytest.fixture(scope="module")
def project(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("project")
    (folder / "app").mkdir()
    (folder / "app" / "__init__.py").write_text('NAME = "their own"\n')
    environment = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", str(environment), cwd=folder)
    made = Project(folder, environment / "bin")
    pip = (sys.executable, "-m", "pip", "--python", str(made.programs / "python"), "--disable-pip-version-check")
    run(*pip, "install", "--quiet", "--no-compile", "--no-index", "--no-deps", str(wheel), cwd=folder)
    # What the wheel depends on comes from the environment of these tests. A .pth file there, which leads to the clone,
    # does not count: Python follows such files in its own site-packages only.
    packages = made.python("-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
    (Path(packages) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return made


def test_it_works_beside_an_app_package_of_the_project(project: Project) -> None:
    code = (
        "import app, lead_qualifier\n"
        "from lead_qualifier.consumer import Event, consume\n"
        "print(app.NAME, app.__file__, lead_qualifier.__file__, sep='\\n')"
    )
    name, theirs, ours = project.python("-c", code).splitlines()
    assert name == "their own"
    assert Path(theirs) == project.folder / "app" / "__init__.py"
    assert Path(ours).is_relative_to(project.programs.parent)


def test_its_program_and_its_module_run(project: Project) -> None:
    assert run(str(project.programs / "lead-qualifier"), "--version", cwd=project.folder) == (
        f"lead-qualifier {__version__}"
    )
    assert project.python("-m", "lead_qualifier", "--version") == f"lead-qualifier {__version__}"


def test_a_clone_runs_as_python_m_app() -> None:
    assert run(sys.executable, "-m", "app", "--version", cwd=ROOT) == f"lead-qualifier {__version__}"
