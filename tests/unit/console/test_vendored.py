"""The scripts of others that pages load are the ones that are listed."""

from __future__ import annotations

import hashlib
import re

from lead_qualifier.console.pages.routes import STATIC_FOLDER

VENDORED = STATIC_FOLDER / "vendor"


def test_each_script_is_the_one_that_is_listed_with_its_license() -> None:
    listed = dict(
        re.findall(r"^\| (\S+\.js) \|.*\| ([0-9a-f]{64}) \|$", (VENDORED / "README.md").read_text(), re.MULTILINE)
    )
    scripts = {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in VENDORED.glob("*.js")}
    assert scripts == listed
    licenses = {one.name for one in VENDORED.glob("*.LICENSE.txt")}
    assert licenses == {name.replace(".min.js", ".LICENSE.txt") for name in scripts}
