"""What the chart knows of the program is what the code says, and its values are complete."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

import lead_qualifier
from lead_qualifier.services import process
from lead_qualifier.services.topology import DOWNSTREAM, WORKER
from tests.support.helm import CHART, ROOT, VALUES
from tools.chart import documents, services, values_table

SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
DEFAULTS: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())


@pytest.mark.parametrize("file", documents(), ids=lambda file: str(file.relative_to(CHART)))
def test_what_the_chart_takes_from_the_code_is_up_to_date(file: Path) -> None:
    assert file.read_text() == documents()[file], "run `make docs`"


def test_every_setting_of_the_console_is_a_value_or_a_secret() -> None:
    given = {*SCHEMA["properties"]["console"]["properties"]["settings"]["properties"]}
    assert {"consoleUrl", "oidcIssuer", "oidcRoles", "sessionIdle", "consoleNameAttributes"} <= given
    assert not given & {*SCHEMA["properties"]["settings"]["properties"]}
    assert not {name for name in given if "ecret" in name}


def test_every_service_of_the_program_is_in_the_charts_table() -> None:
    table = yaml.safe_load(services())
    assert {*table} == {"worker", "downstream", *DOWNSTREAM} == {*DEFAULTS["services"]}
    assert [group["suffix"] for group in table["downstream"]["groups"]] == [
        one.group_suffix for one in DOWNSTREAM.values()
    ]
    assert "lead-score-changed" in table["worker"]["groups"][0]["topics"]
    assert WORKER.command == "lead-qualifier " + " ".join(table["worker"]["args"])


def test_the_chart_installs_the_image_of_this_version() -> None:
    assert yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"] == lead_qualifier.__version__


def test_a_pod_has_longer_to_stop_than_the_program_takes() -> None:
    grace = DEFAULTS["defaults"]["terminationGracePeriodSeconds"]
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["worker"]["stop_grace_period"]
    assert grace == int(compose.removesuffix("s")) > process._STOP_SECONDS
    assert SCHEMA["$defs"]["process"]["properties"]["terminationGracePeriodSeconds"]["minimum"] == grace


def test_every_value_in_the_file_is_in_the_schema_and_the_other_way_round() -> None:
    optional = {("settings", name) for name in SCHEMA["properties"]["settings"]["properties"]} | {("global",)}
    # A component of its own, and a part of `kafka` that differs, have the same schema once more.
    in_schema = {
        path for path in paths(SCHEMA) if path[0] not in {"services", "sinks"} and "kafka" not in path[1:]
    } - optional
    in_schema = {path for path in in_schema if not is_of_console(path)}
    in_file = {path for path in leaves(DEFAULTS) if path[0] not in {"services", "sinks"}} - optional
    assert {path for path in in_file if "resources" not in path and "strategy" not in path} <= in_schema | {
        ("topics", "kafka"),
        ("defaults", "kafka"),
        ("console", "settings"),
    }
    assert {path[:-1] if "resources" in path[:-1] or "strategy" in path[:-1] else path for path in in_schema} <= {
        path[:size] for path in in_file for size in range(1, len(path) + 1)
    }


def is_of_console(path: tuple[str, ...]) -> bool:
    """Whether it is a setting of the console, or an option that it has in common with every process."""
    common = {*SCHEMA["$defs"]["process"]["properties"]} - {"replicas"}
    return path[0] == "console" and (path[1] in common or path[1] == "settings")


def test_everything_sets_every_value_that_the_schema_knows() -> None:
    everything = yaml.safe_load((VALUES / "everything.yaml").read_text())
    given = {path[:size] for path in leaves(everything) for size in range(1, len(path) + 1)}
    # Components have the options of `defaults`.
    expected = {path for path in paths(SCHEMA) if path[0] not in {"sinks", "services"} and "kafka" not in path[1:]}
    expected -= {
        path for path in expected if path[0] == "console" and path[1] in SCHEMA["$defs"]["process"]["properties"]
    }
    assert sorted(expected - given) == []


def test_a_value_without_a_comment_is_refused() -> None:
    with pytest.raises(ValueError, match=r"web\.port has no comment"):
        values_table("web:\n  # -- Address.\n  host: x\n\n  port: 1\n")


def paths(schema: Mapping[str, Any]) -> set[tuple[str, ...]]:
    """Of every value that a schema names."""
    return set(_paths(schema, ()))


def _paths(schema: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    properties = schema.get("properties", {})
    if not properties and path:
        yield path
    for name, one in properties.items():
        yield from _paths(one, (*path, name))


def leaves(values: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of values in a file."""
    if isinstance(values, dict) and values:
        for name, one in values.items():
            yield from leaves(one, (*path, name))
    else:
        yield path
