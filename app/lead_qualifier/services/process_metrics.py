"""The metrics that every process has: its build, and figures from Python and the kernel."""

from __future__ import annotations

import platform

from prometheus_client import CollectorRegistry, Gauge, GCCollector, PlatformCollector, ProcessCollector

from lead_qualifier import __version__


def add_process_metrics(registry: CollectorRegistry) -> None:
    """Add build information, `process_*` (on Linux) and `python_*`."""
    build = Gauge(
        "lead_qualifier_build_info",
        "1, with the program's version and Python's.",
        ["version", "python"],
        registry=registry,
    )
    build.labels(__version__, platform.python_version()).set(1)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
