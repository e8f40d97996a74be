"""Renders the Helm chart, as `helm template` does; skips where there is no helm."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "lead-qualifier"
VALUES = ROOT / "tests" / "unit" / "deploy" / "values"
#: The Kubernetes to render for: without a cluster helm may take a very old one.
AT = ("--kube-version", "1.34.0")
#: The one value that has no default.
BROKER = "kafka.bootstrapServers=kafka:9092"
#: The values that a console needs.
CONSOLE = (
    "console.enabled=true",
    "console.settings.consoleUrl=https://leads.example.com",
    "console.settings.oidcIssuer=https://id.example.com",
    "console.settings.oidcClientId=leads",
)


class Refused(Exception):
    """Helm refused the values; the message is what it says."""


def render(*sets: str, values: Sequence[Path] = ()) -> list[dict[str, Any]]:
    """The objects of the chart with these files and `name=value`s. Raises Refused."""
    arguments = [part for file in values for part in ("--values", str(file))]
    arguments += [part for one in sets for part in ("--set", one)]
    text = helm("template", "lq", str(CHART), "--namespace", "leads", *AT, *arguments)
    return [one for one in yaml.safe_load_all(text) if one is not None]


@cache
def helm(*arguments: str) -> str:
    """What helm prints; the same call is made once. Raises Refused."""
    if shutil.which("helm") is None:
        pytest.skip("no helm on the PATH (go install helm.sh/helm/v3/cmd/helm@v3.22.0)")
    done = subprocess.run(["helm", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Refused(done.stdout + done.stderr)
    return done.stdout


def of_kind(objects: Sequence[Mapping[str, Any]], kind: str) -> dict[str, Any]:
    """The objects of a kind, by name without the release's."""
    return {one["metadata"]["name"].removeprefix("lq-lead-qualifier-"): one for one in objects if one["kind"] == kind}


def pods(objects: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The pods' templates of Deployments and Jobs, by name."""
    made = {**of_kind(objects, "Deployment"), **of_kind(objects, "Job")}
    return {name: one["spec"]["template"] for name, one in made.items()}


def container(template: Mapping[str, Any]) -> dict[str, Any]:
    """The one container of a pod."""
    (only,) = template["spec"]["containers"]
    return dict(only)


def environment(template: Mapping[str, Any], secrets: Mapping[tuple[str, str], str]) -> dict[str, str]:
    """The variables of a pod's container. `secrets`: values by the names of Secret and key. Raises KeyError."""
    found = {}
    for one in container(template)["env"]:
        if "valueFrom" in one:
            of = one["valueFrom"]["secretKeyRef"]
            found[one["name"]] = secrets[of["name"], of["key"]]
        else:
            found[one["name"]] = one["value"]
    return found
