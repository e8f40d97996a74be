"""A console whose people sign in at a provider that forges."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.support.console_server import ConsoleServer
from tests.support.console_sign_in import forget, settings
from tests.support.forging_provider import ForgingProvider


@pytest.fixture(scope="module")
def forging() -> Iterator[ForgingProvider]:
    provider = ForgingProvider()
    yield provider
    provider.stop()


@pytest.fixture(scope="module")
def shared(forging: ForgingProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleServer]:
    with ConsoleServer(tmp_path_factory.mktemp("console"), settings=settings(forging)) as running:
        yield running


@pytest.fixture
def provider(forging: ForgingProvider) -> ForgingProvider:
    """As it should be."""
    forging.reset()
    return forging


@pytest.fixture
def server(shared: ConsoleServer, provider: ForgingProvider) -> ConsoleServer:
    """A console that has not asked the provider yet, and that nobody has tried to enter."""
    forget(shared)
    return shared


@pytest.fixture
def client(server: ConsoleServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.address) as client:
        yield client
