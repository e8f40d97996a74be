"""Lists the licenses in a bill of materials (CycloneDX), and fails if one is not allowed: `make sbom`."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "BSD",  # as some say it, without the number of clauses
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",  # binds changes to its own files only
    "PSF-2.0",
    "Python-2.0",
}
"""Licenses that any package may have."""

EXCEPTIONS = {
    # The console imports it, and each user may replace it: it is a package of its own, unchanged, in the image.
    "psycopg": "LGPL-3.0-only",
    "psycopg-binary": "LGPL-3.0-only",
    "venusian": "Repoze Public License",  # a BSD license in other words; Faust needs it
}
"""Packages that may have another license, and why: LGPL, for instance, where a package is only imported."""

_STATED_ELSEWHERE = {
    "protobuf": "BSD-3-Clause",  # in words ("3-Clause BSD License") that the bill of materials leaves out
}
"""Licenses of packages that state them where the bill of materials does not look."""

_CLASSIFIERS = {
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD",
    "License :: OSI Approved :: ISC License (ISCL)": "ISC",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "License :: OSI Approved :: Python Software Foundation License": "PSF-2.0",
}
"""How packages say it that name no SPDX license."""


def licenses_of(component: Mapping[str, Any]) -> list[str]:
    """The licenses that a component declares: SPDX expressions or ids, or the words that it uses instead."""
    stated = [{**entry, **entry.get("license", {})} for entry in component.get("licenses", ())]
    names = [str(one.get("expression") or one.get("id") or one.get("name")) for one in stated]
    if not names and component["name"] in _STATED_ELSEWHERE:
        return [_STATED_ELSEWHERE[component["name"]]]
    return list(dict.fromkeys(_CLASSIFIERS.get(name, name.removeprefix("License :: ")) for name in names))


def refused(component: Mapping[str, Any]) -> list[str]:
    """What is wrong with a component's licenses. An expression must name allowed licenses only, even after OR."""
    stated = licenses_of(component)
    accepted = {*ALLOWED, EXCEPTIONS.get(component["name"])}
    named = [
        one for one in stated if one not in accepted and not set(re.split(r" AND | OR |[()]+", one)) <= {"", *accepted}
    ]
    return [f"{one} is not allowed" for one in named] if stated else ["declares no license"]


def main(sbom: Path) -> int:
    """Prints each component with its licenses; the exit code is 1 if one is not allowed."""
    components = sorted(json.loads(sbom.read_text())["components"], key=lambda one: str(one["name"]).lower())
    problems = []
    for one in components:
        print(f"{one['name']} {one['version']}: {', '.join(licenses_of(one)) or 'unknown'}")
        problems += [f"{one['name']} {one['version']} {problem}" for problem in refused(one)]
    for problem in problems:
        print(f"{problem}: see tools/licenses.py", file=sys.stderr)
    return 1 if problems or not components else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
