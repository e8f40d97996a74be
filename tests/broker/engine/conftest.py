"""The test bed as a fixture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lead_qualifier.demo.broker.finder import Broker
from tests.broker.engine.bed import Bed


@pytest.fixture
def bed(kafka: Broker, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bed]:
    made = Bed(kafka.bootstrap_servers, "engine", tmp_path)
    yield made
    made.close()
    del request


@pytest.fixture(scope="module")
def make_bed(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Bed]]:
    """Beds for scenarios that run beside each other; closed at the end of the module."""
    made: list[Bed] = []

    def make(name: str) -> Bed:
        bed = Bed(kafka.bootstrap_servers, name, tmp_path_factory.mktemp("bed"))
        made.append(bed)
        return bed

    yield make
    for bed in made:
        bed.close()
