"""The licenses of what the program needs to run: what is allowed passes, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tools.licenses import licenses_of, main, refused


def component(*licenses: dict[str, Any], name: str = "requests") -> dict[str, Any]:
    return {"name": name, "version": "1.0", "licenses": list(licenses)}


def spdx(license_id: str) -> dict[str, Any]:
    return {"license": {"id": license_id, "acknowledgement": "declared"}}


ALLOWED = [
    component(spdx("MIT")),
    component({"expression": "Apache-2.0 AND (MIT OR BSD-2-Clause)"}),
    component(spdx("MPL-2.0"), {"license": {"name": "License :: OSI Approved :: Apache Software License"}}),
    component({"license": {"name": "License :: Repoze Public License"}}, name="venusian"),
    component(name="protobuf"),
]
REFUSED = [
    (component(spdx("GPL-3.0-only")), "GPL-3.0-only is not allowed"),
    (component(spdx("MIT"), spdx("AGPL-3.0-or-later")), "AGPL-3.0-or-later is not allowed"),
    (component({"expression": "MIT OR SSPL-1.0"}), "MIT OR SSPL-1.0 is not allowed"),
    (component({"license": {"name": "License :: Repoze Public License"}}), "Repoze Public License is not allowed"),
    (
        component({"license": {"name": "License :: Other/Proprietary License"}}),
        "Other/Proprietary License is not allowed",
    ),
    (component(), "declares no license"),
]


@pytest.mark.parametrize("allowed", ALLOWED, ids=lambda one: licenses_of(one)[0])
def test_free_licenses_are_allowed(allowed: dict[str, Any]) -> None:
    assert refused(allowed) == []


@pytest.mark.parametrize(("stated", "why"), REFUSED, ids=lambda one: one if isinstance(one, str) else "")
def test_any_other_license_is_refused(stated: dict[str, Any], why: str) -> None:
    assert refused(stated) == [why]


def test_all_are_listed_and_each_problem_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sbom = tmp_path / "sbom.json"
    sbom.write_text(json.dumps({"components": ALLOWED[:2]}))
    assert main(sbom) == 0
    sbom.write_text(json.dumps({"components": [REFUSED[0][0], *ALLOWED]}))
    capsys.readouterr()
    assert main(sbom) == 1
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 1 + len(ALLOWED)
    assert printed.err.startswith("requests 1.0 GPL-3.0-only is not allowed")


def test_a_bill_of_nothing_fails(tmp_path: Path) -> None:
    sbom = tmp_path / "sbom.json"
    sbom.write_text(json.dumps({"components": []}))
    assert main(sbom) == 1
