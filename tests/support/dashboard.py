"""The panels of the Grafana dashboard, with their expressions as Grafana would send them to Prometheus."""

from __future__ import annotations

import json
from typing import Any

from tests.support.program import ROOT

DASHBOARD = ROOT / "deploy" / "monitoring" / "dashboard.json"
_VARIABLES = {"$__rate_interval": "1m", "$__interval": "1m", "$namespace": ".*", "$job": ".*", "$service": ".*"}


def panels() -> list[dict[str, Any]]:
    """All but the rows."""
    return [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"]


def expressions() -> list[tuple[str, str]]:
    """Title and expression of each query."""
    return [(panel["title"], _filled(target["expr"])) for panel in panels() for target in panel["targets"]]


def _filled(expression: str) -> str:
    for name, value in _VARIABLES.items():
        expression = expression.replace(name, value)
    return expression
