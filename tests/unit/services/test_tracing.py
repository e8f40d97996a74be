"""Whether a process makes spans, and where it learns how."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from lead_qualifier.services.tracing import spans_of
from lead_qualifier.settings import InvalidSettings, Settings, Tracing

ON = Settings(tracing=Tracing.OTLP)


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_without_the_setting_there_are_no_spans() -> None:
    assert spans_of(Settings(), CollectorRegistry()) is None


def test_the_variables_of_opentelemetry_may_be_in_the_env_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "from-the-environment")
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "7")  # so that it is as before when the test is over
    monkeypatch.delenv("OTEL_BSP_MAX_QUEUE_SIZE")
    Path(".env").write_text("OTEL_BSP_MAX_QUEUE_SIZE=600\nOTEL_SERVICE_NAME=from-the-file\nOTHER=1\n")
    spans = spans_of(ON, CollectorRegistry())
    assert spans is not None
    spans.close()
    assert (os.environ["OTEL_BSP_MAX_QUEUE_SIZE"], os.environ["OTEL_SERVICE_NAME"]) == ("600", "from-the-environment")
    assert "OTHER" not in os.environ


def test_a_variable_that_cannot_be_used_is_an_error_at_startup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "-1")
    with pytest.raises(InvalidSettings, match=r"OTEL_\*.*max_queue_size must be a positive integer"):
        spans_of(ON, CollectorRegistry())


def test_headers_that_cannot_be_used_are_reported_without_what_is_in_them(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "Authorization: Bearer hush")
    spans = spans_of(ON, CollectorRegistry())
    assert spans is not None
    spans.close()
    assert "Header format invalid!" in caplog.text
    assert "hush" not in caplog.text
