"""Packages of npm that tests need."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def install(package: str, folder: Path) -> Path:
    """Install a package, such as `axe-core@4.10.3`, into this folder, or skip the test. Returns where it is."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip(f"no npm and node on the PATH, which bring {package}")
    command = [npm, "install", "--silent", "--no-audit", "--no-fund", package]
    if subprocess.run(command, cwd=folder, check=False, timeout=120).returncode:
        pytest.skip(f"npm could not bring {package}: no network, perhaps")
    return folder / "node_modules" / package.rpartition("@")[0]
