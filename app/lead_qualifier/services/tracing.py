"""Whether a process makes spans, by its settings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dotenv import dotenv_values
from prometheus_client import CollectorRegistry

from lead_qualifier.settings import ENV_FILE, InvalidSettings, Settings, Tracing

if TYPE_CHECKING:
    from lead_qualifier.services.spans import Spans


def spans_of(settings: Settings, registry: CollectorRegistry) -> Spans | None:
    """The spans of this process, with their metrics in `registry`; None if tracing is off.

    OpenTelemetry reads its own variables, OTEL_*, from the environment: those of `.env` are put there. Raises
    InvalidSettings if one of them cannot be used.
    """
    if settings.tracing is Tracing.NONE:
        return None
    for name, value in dotenv_values(ENV_FILE).items():
        if name.startswith("OTEL_") and value is not None:
            os.environ.setdefault(name, value)
    from lead_qualifier.services.spans import Spans  # noqa: PLC0415  OpenTelemetry is optional

    try:
        return Spans(registry)
    except ValueError as error:
        raise InvalidSettings(f"a variable of OpenTelemetry (OTEL_*) cannot be used: {error}") from error
