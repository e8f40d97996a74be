"""Consoles with the data of `world()`, and a client that is signed in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.console_server import ConsoleServer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleServer]:
    with ConsoleServer(tmp_path_factory.mktemp("console")) as running:
        yield running


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[ConsoleServer]:
    """For a test that changes something."""
    with ConsoleServer(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: ConsoleServer) -> Iterator[httpx.Client]:
    with server.client() as signed_in:
        yield signed_in


@pytest.fixture(scope="module")
def document(client: httpx.Client) -> dict[str, Any]:
    return dict(client.get("/api/v1/openapi.json").json())
