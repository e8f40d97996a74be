"""The image on a Kafka: that what it is built without is not missed by a worker, its spans, or the console."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.request import HTTPCookieProcessor, build_opener, urlopen

import pytest

from lead_qualifier.demo.broker.finder import Broker
from tests.broker.test_trace import MODEL
from tests.support.command_line import CommandLine
from tests.support.container import Container, build_image
from tests.support.downstream import Downstream
from tests.support.http_endpoint import Endpoint
from tests.support.messages import encode, score
from tests.support.spans import OtlpReceiver
from tests.support.subscriptions import until

pytestmark = [pytest.mark.broker, pytest.mark.docker, pytest.mark.timeout(900)]

OUT = "lead-qualified"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(scope="module", autouse=True)
def _image() -> None:
    build_image()


@pytest.fixture
def line(kafka: Broker, tmp_path: Path) -> Iterator[CommandLine]:
    made = CommandLine(kafka.bootstrap_servers, tmp_path)
    made.environment |= {"LEAD_QUALIFIER_WEB_HOST": "127.0.0.1", "LEAD_QUALIFIER_WEB_PORT": "0"}
    made.run("topics", "create", "--downstream").fine()
    yield made
    made.close()


def test_a_worker_of_the_image_qualifies_a_lead_and_exports_its_span(line: CommandLine, tmp_path: Path) -> None:
    receiver = OtlpReceiver()
    outcome = Downstream(line, "all", (OUT,))
    with Endpoint(receiver) as endpoint:
        exported = {
            "LEAD_QUALIFIER_TRACING": "otlp",
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint.url,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }
        with Container(tmp_path / "worker.log", {**line.environment, **exported}, "worker") as worker:
            until(_is_ready(worker))
            outcome.qualify_by(MODEL)
            header = ("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01".encode())
            line.send("lead-score-changed", b"L-1", encode(score("L-1", "engagement", 80, 1)), [header])
            outcome.wait_for(OUT, 1)
            until(lambda: any(span.trace_id == TRACE for span in receiver.spans))
            assert worker.stop() == 0


def test_the_console_of_the_image_is_opened_by_its_link(line: CommandLine, tmp_path: Path) -> None:
    settings = {
        **line.environment,
        "LEAD_QUALIFIER_CONSOLE_PORT": "0",
        "LEAD_QUALIFIER_DATA_DIR": "/var/lib/lead-qualifier",
    }
    with Container(tmp_path / "console.log", settings, "console") as console:
        link = console.said(r"Console: (http://127\.0\.0\.1:\d+/enter\?key=\S+)")
        until(_is_ready(console))
        with build_opener(HTTPCookieProcessor(CookieJar())).open(link) as page:
            assert "<title>Overview" in page.read().decode()
        assert console.stop() == 0


def _is_ready(container: Container) -> Callable[[], bool]:
    web = container.said(r'"web": ?"(http:[^"]+)"')

    def ready() -> bool:
        try:
            with urlopen(f"{web}/health/ready", timeout=10) as answer:
                return bool(json.load(answer)["status"] == "ok")
        except OSError:
            return False

    return ready
