"""The files that run it for real agree with the program."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from lead_qualifier.console.access.configuration import check_access
from lead_qualifier.demo.broker.container_kafka import IMAGE
from lead_qualifier.settings import InvalidSettings, Settings, variable_of

ROOT = Path(__file__).parents[2]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


def test_compose_runs_the_kafka_that_the_tests_run() -> None:
    assert SERVICES["kafka"]["image"] == IMAGE


def test_compose_publishes_ports_on_the_loopback_address_only() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


@pytest.mark.parametrize("service", ["topics", "worker", "console"])
def test_compose_uses_settings_that_exist(service: str) -> None:
    known = {variable_of(name) for name in Settings.model_fields}
    assert set(SERVICES[service]["environment"]) <= known


def test_the_worker_waits_for_a_healthy_kafka_and_its_topics() -> None:
    assert SERVICES["worker"]["depends_on"] == {
        "kafka": {"condition": "service_healthy"},
        "topics": {"condition": "service_completed_successfully"},
    }


def test_the_image_does_not_run_as_root() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    # By number, as Kubernetes cannot tell who a name is.
    assert users == ["10001:10001"]
    assert lines.index("USER 10001:10001") > max(i for i, line in enumerate(lines) if line.startswith("FROM "))


def test_the_base_of_the_image_can_be_pinned_by_digest() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert [line.split()[1] for line in lines if line.startswith("FROM ")] == ["${PYTHON_IMAGE}"] * 2


@pytest.mark.parametrize("service", SERVICES)
def test_containers_of_compose_have_no_capabilities(service: str) -> None:
    assert SERVICES[service]["cap_drop"] == ["ALL"]
    assert SERVICES[service]["security_opt"] == ["no-new-privileges:true"]


def test_the_console_of_compose_serves_nobody_unless_people_can_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    assert SERVICES["console"]["profiles"] == ["console"]
    for name, value in SERVICES["console"]["environment"].items():
        default = re.fullmatch(r"\$\{\w+:-(.*)\}", value)
        monkeypatch.setenv(name, value if default is None else default[1])
    with pytest.raises(InvalidSettings, match="LEAD_QUALIFIER_OIDC_ISSUER"):
        check_access(Settings())
    monkeypatch.setenv("LEAD_QUALIFIER_OIDC_ISSUER", "https://id.example.com")
    check_access(Settings())


@pytest.mark.parametrize("service", ["topics", "worker", "downstream", "console"])
def test_the_program_in_compose_cannot_write_to_its_image(service: str) -> None:
    assert SERVICES[service]["read_only"] is True


def test_nothing_listens_to_other_machines_by_default() -> None:
    assert Settings.model_fields["web_host"].default == "127.0.0.1"
