"""Alerts, runbooks, dashboard and the page of metrics belong together, and name only what exists."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.dashboard import DASHBOARD, expressions, panels
from tests.support.promtool import promtool
from tests.unit.test_documentation import DOCS, ROOT
from tools.dashboard.generate import document

pytestmark = pytest.mark.docs

MONITORING = ROOT / "deploy" / "monitoring"
RULE_FILES = ("alerts.yaml", "alerts-optional.yaml")
RUNBOOKS = sorted(page for page in (DOCS / "runbooks").glob("*.md") if page.stem != "index")
#: What others serve, and what Prometheus adds.
FOREIGN = {
    "up",
    "container_memory_working_set_bytes",
    "container_spec_memory_limit_bytes",
    "process_start_time_seconds",
    "process_cpu_seconds",
    "process_resident_memory_bytes",
    "process_open_fds",
    "process_max_fds",
    "python_gc_collections",
    "python_gc_objects_collected",
    "python_info",
}
_NAME = re.compile(r"\b(?:lead_qualifier|process|python|container)_[a-z_]+\b(?!\.)|\bup\b(?=\{)")
_SUFFIX = re.compile(r"_(?:total|bucket|sum|count)$")


def alerts() -> dict[str, dict[str, Any]]:
    """Every rule, by its name, in the order of the files."""
    groups = [group for name in RULE_FILES for group in yaml.safe_load((MONITORING / name).read_text())["groups"]]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def metrics(text: str) -> set[str]:
    """The metrics that a text names, without the suffixes of their series."""
    return {_SUFFIX.sub("", name) for name in _NAME.findall(text)}


@cache
def in_code() -> set[str]:
    """The metrics that the processes serve."""
    files = (ROOT / "app").rglob("*.py")
    found = {name for file in files for name in re.findall(r'"(lead_qualifier_[a-z_]+)"', file.read_text())}
    counted = (ROOT / "app/lead_qualifier/services/worker/metrics.py").read_text()
    return found | {f"lead_qualifier_{name}" for name in re.findall(r'": \(\s*"([a-z_]+)",', counted)}


def unknown(names: Iterable[str]) -> set[str]:
    return set(names) - in_code() - FOREIGN


def test_prometheus_accepts_the_rules() -> None:
    assert "SUCCESS: 0 rules" not in promtool(
        "check", "rules", "--lint=all", "--lint-fatal", *RULE_FILES, folder=MONITORING
    )


def test_each_alert_fires_for_its_cause_and_for_nothing_like_it() -> None:
    promtool("test", "rules", "alerts_test.yaml", folder=MONITORING)


def test_each_alert_has_a_test_that_sees_it_fire() -> None:
    text = (MONITORING / "alerts_test.yaml").read_text()
    assert [name for name in alerts() if f'{{alertname="{name}",' not in text] == []


@pytest.mark.parametrize("name", alerts())
def test_an_alert_says_how_bad_it_is_what_is_wrong_and_where_to_read_on(name: str) -> None:
    rule = alerts()[name]
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert (ROOT / rule["annotations"]["runbook_url"]).is_file()
    assert unknown(metrics(rule["expr"])) == set()


def test_each_runbook_belongs_to_an_alert_and_is_in_the_site() -> None:
    expected = {name: rule["annotations"]["runbook_url"] for name, rule in alerts().items()}
    found = {page.read_text().split("\n")[0].removeprefix("# "): str(page.relative_to(ROOT)) for page in RUNBOOKS}
    assert found == expected
    site = (ROOT / "mkdocs.yml").read_text()
    assert [path for path in expected.values() if f"- {path.removeprefix('docs/')}\n" not in site] == []


@pytest.mark.parametrize("page", RUNBOOKS, ids=lambda page: page.stem)
def test_a_runbook_names_only_what_exists(page: Path) -> None:
    text = page.read_text()
    assert [
        part for part in ("First look", "Causes and remedies", "When to escalate") if f"## {part}\n" not in text
    ] == []
    assert unknown(metrics(text)) == set()
    commands = set(re.findall(r"^## ([a-z -]+)$", (DOCS / "reference" / "cli.md").read_text(), flags=re.MULTILINE))
    for named in re.findall(r"lead-qualifier ((?:[a-z-]+ ?)+)", text):
        assert any(f"{named} ".startswith(f"{command} ") for command in commands), named


@cache
def texts_of_the_program() -> str:
    """Every text in the code, a line each."""
    nodes = (node for file in (ROOT / "app").rglob("*.py") for node in ast.walk(ast.parse(file.read_text())))
    return "\n".join({node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)})


@pytest.mark.parametrize("page", RUNBOOKS, ids=lambda page: page.stem)
def test_the_program_says_what_a_runbook_quotes(page: Path) -> None:
    """Log events and other words whole; of a sentence, the parts between `...`, numbers and PLACEHOLDERS."""
    quotes = re.findall(r"`((?!k(?:cat|ubectl|afka-))[a-zA-Z.][\w.,:/ ]*)`", page.read_text())
    words = {quote for quote in quotes if re.fullmatch(r"[a-z]+(_[a-z]+)+", quote)} - {"rule_files"}  # Prometheus's own
    said = texts_of_the_program().splitlines()
    assert {word for word in words if not metrics(word) and word not in said} == set()
    sentences = [quote for quote in quotes if " " in quote and not quote.startswith(("lead-qualifier", "docker"))]
    parts = [part.strip(" :") for one in sentences for part in re.split(r"\.\.\.|\b[A-Z]+\b|\d\w*", one)]
    assert [part for part in parts if part not in texts_of_the_program()] == []


def test_the_page_of_metrics_lists_each_alert_with_its_severity() -> None:
    page = (DOCS / "reference" / "metrics.md").read_text()
    listed = re.findall(r"^\| \[`(LeadQualifier\w+)`\]\(\.\./(runbooks/[\w-]+\.md)\) \| (\w+) \|", page, re.MULTILINE)
    assert listed == [
        (name, rule["annotations"]["runbook_url"].removeprefix("docs/"), rule["labels"]["severity"])
        for name, rule in alerts().items()
    ]


def test_the_page_of_metrics_names_only_what_the_processes_serve() -> None:
    page = (DOCS / "reference" / "metrics.md").read_text()
    assert {name for name in metrics(page) if name.startswith("lead_qualifier_")} - in_code() == set()


def test_the_dashboard_is_what_its_panels_say() -> None:
    assert DASHBOARD.read_text() == document(), "run `make dashboard`"


def test_the_panels_of_the_dashboard_fill_the_rows_and_cover_nothing() -> None:
    taken: set[tuple[int, int]] = set()
    everything = json.loads(DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in everything}) == len(everything)
    for panel in everything:
        left, top, width, height = (panel["gridPos"][name] for name in "xywh")
        cells = {(left + right, top + down) for right in range(width) for down in range(height)}
        assert not cells & taken, panel["title"]
        assert left + width <= 24, panel["title"]
        taken |= cells


def test_each_panel_says_what_it_shows_in_which_unit_from_the_chosen_source() -> None:
    units = {"bool_yes_no", "bytes", "ops", "percentunit", "s", "short"}
    for panel in panels():
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"] in units
        for target in panel["targets"]:
            assert target["datasource"] == panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            assert re.fullmatch("[A-Z]", target["refId"])
            chosen = '{namespace=~"$namespace", job=~"$job"'
            assert target["expr"].count(chosen) == target["expr"].count("{") - target["expr"].count("ALERTS{")


def test_the_dashboard_asks_for_what_the_processes_serve_and_leaves_nothing_out(tmp_path: Path) -> None:
    named = {name for _, expression in expressions() for name in metrics(expression)}
    assert unknown(named) == set()
    assert {name for name in in_code() if "_total" not in name} - named == set()
    rules = [
        {"record": "panel", "expr": expression, "labels": {"n": str(n)}}
        for n, (_, expression) in enumerate(expressions())
    ]
    file = tmp_path / "panels.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    promtool("check", "rules", str(file))


def test_prometheus_accepts_the_configuration_of_the_compose_profile() -> None:
    promtool("check", "config", "prometheus.yml", folder=MONITORING)


def test_compose_puts_every_file_of_rules_beside_prometheus() -> None:
    volumes = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["prometheus"]["volumes"]
    for name in RULE_FILES:
        assert f"./deploy/monitoring/{name}:/etc/prometheus/{name}:ro" in volumes
