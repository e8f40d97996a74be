"""The browser of this machine, or the test is skipped."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

expect.set_options(timeout=20_000)  # a machine may be busy


#: The first is the same browser without windows, at half the CPU.
_PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser")


@contextmanager
def chromium() -> Iterator[Browser]:
    """While it runs, no other test of the process can run an event loop: have it for one module at most."""
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no chromium on the PATH")
        pytest.skip("no chromium on the PATH (Debian: apt-get install chromium-headless-shell)")
    # Its sandbox does not run as root, as in a container.
    options: dict[str, Any] = {"executable_path": program, "args": ["--no-sandbox"]}
    with sync_playwright() as playwright, playwright.chromium.launch(**options) as launched:
        yield launched
