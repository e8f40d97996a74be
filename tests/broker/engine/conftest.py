"""The test harness as a fixture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lead_qualifier.demo.broker.finder import Broker
from tests.support.engine_harness import EngineHarness


@pytest.fixture
def harness(kafka: Broker, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[EngineHarness]:
    made = EngineHarness(kafka.bootstrap_servers, "engine", tmp_path)
    yield made
    made.close()
    del request


@pytest.fixture(scope="module")
def make_harness(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], EngineHarness]]:
    """Beds for scenarios that run beside each other; closed at the end of the module."""
    made: list[EngineHarness] = []

    def make(name: str) -> EngineHarness:
        harness = EngineHarness(kafka.bootstrap_servers, name, tmp_path_factory.mktemp("harness"))
        made.append(harness)
        return harness

    yield make
    for harness in made:
        harness.close()
