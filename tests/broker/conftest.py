"""Installations for the tests of the worker: topics, workers and an oracle of their own, on the session's broker."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from app.broker.finder import Broker
from tests.broker.system.installation import Installation

Install = Callable[..., Installation]


@pytest.fixture(scope="module")
def install(kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Install]:
    """Makes installations, for the time of one file of tests; arguments as of Installation."""
    made: list[Installation] = []

    def make(**settings: object) -> Installation:
        made.append(Installation(kafka.bootstrap_servers, tmp_path_factory.mktemp("workers"), **settings))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.close()
