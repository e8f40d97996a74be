"""A sink's health and metrics do not wait for deliveries, nor deliveries for them."""

from __future__ import annotations

import json
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lead_qualifier.http.blocking_client import BlockingHttpClient
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.settings import Settings
from lead_qualifier.sinks.run import SinkProcess
from lead_qualifier.sinks.sink import Sink, sink_of
from tests.support.http_endpoint import Endpoint
from tests.support.promtool import promtool


@pytest.fixture
def sink() -> Sink:
    client = BlockingHttpClient(timeout=5)
    return sink_of(
        "webhook",
        {"id": "crm"},
        send=lambda _: "delivered",
        check=lambda: client.send("GET", "http://127.0.0.1:1", {}),
        client=client,
    )


@pytest.fixture
def process(sink: Sink) -> SinkProcess:
    settings = Settings(web_host="127.0.0.1", web_port=0)
    return SinkProcess(sink, settings, Connection(bootstrap_servers="127.0.0.1:1"))


def get(port: int, path: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return bytes(answer.read())


def test_health_and_metrics_answer_while_a_delivery_is_stuck(sink: Sink, process: SinkProcess) -> None:
    stuck, released = threading.Event(), threading.Event()

    async def deliver() -> None:
        """Blocks the loop of the connections, as a slow look-up or a huge answer would."""
        stuck.set()
        assert released.wait(60)

    with process.serving() as port, ThreadPoolExecutor() as threads:
        delivery = threads.submit(sink.client.run, deliver())
        assert stuck.wait(10)
        try:
            assert json.loads(get(port, "/health/ready"))["circuit"] == "closed"
            assert json.loads(get(port, "/health/live")) == {"status": "ok"}
            assert b"lead_qualifier_sink_circuit" in get(port, "/metrics")
            assert not delivery.done()
        finally:
            released.set()
        delivery.result(10)


def test_a_scrape_keeps_to_the_rules_of_prometheus(process: SinkProcess) -> None:
    with process.serving() as port:
        page = get(port, "/metrics").decode()
    assert 'lead_qualifier_build_info{python="' in page
    assert "process_resident_memory_bytes" in page
    assert promtool("check", "metrics", given=page) == ""


def test_deliveries_go_on_while_a_scrape_is_stuck(
    sink: Sink, process: SinkProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, released = threading.Event(), threading.Event()

    def lag() -> dict[Any, int]:
        stuck.set()
        assert released.wait(60)
        return {}

    monkeypatch.setattr(process.subscription, "lag", lag)
    with process.serving() as port, ThreadPoolExecutor() as threads, Endpoint() as endpoint:
        scrape = threads.submit(get, port, "/health/ready")
        assert stuck.wait(10)
        try:
            assert sink.client.send("POST", endpoint.url, {}, b"{}").status == 204
            assert not scrape.done()
        finally:
            released.set()
        assert json.loads(scrape.result(10))["status"] == "ok"
