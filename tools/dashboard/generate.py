"""Writes deploy/monitoring/dashboard.json from panels.yaml: `python -m tools.dashboard.generate` (`make dashboard`)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

PANELS = Path(__file__).with_name("panels.yaml")
DASHBOARD = Path(__file__).parents[2] / "deploy" / "monitoring" / "dashboard.json"

_COLUMNS = 24
_WIDTH = 8
_HEIGHTS = {"stat": 4, "timeseries": 8}
_CHOSEN = 'namespace=~"$namespace", job=~"$job"'
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def dashboard() -> dict[str, Any]:
    """The model that Grafana imports."""
    return {
        "uid": "lead-qualifier",
        "title": "lead-qualifier",
        "description": "Workers, downstream services, sinks and the console of lead-qualifier.",
        "tags": ["lead-qualifier", "kafka"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,  # one crosshair for all panels
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "annotations": {"list": [_restarts()]},
        "templating": {"list": list(_variables())},
        "panels": list(_panels(yaml.safe_load(PANELS.read_text()))),
    }


def document() -> str:
    """The file."""
    return json.dumps(dashboard(), indent=1) + "\n"


def _variables() -> Iterator[dict[str, Any]]:
    yield {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "current": {}}
    for name, label, query in (
        ("namespace", "Namespace", "label_values(lead_qualifier_ready, namespace)"),
        ("job", "Job", 'label_values(lead_qualifier_ready{namespace=~"$namespace"}, job)'),
        ("service", "Service", f"label_values(lead_qualifier_assigned_partitions{{{_CHOSEN}}}, service)"),
    ):
        yield {
            "name": name,
            "label": label,
            "type": "query",
            "datasource": _SOURCE,
            "query": {"query": query, "refId": name},
            "definition": query,
            "refresh": 2,  # whenever the time range changes
            "multi": True,
            "includeAll": True,
            "allValue": ".*",
            "current": {"text": "All", "value": "$__all"},
            "sort": 1,
        }


def _restarts() -> dict[str, Any]:
    return {
        "name": "Restarts",
        "datasource": _SOURCE,
        "enable": True,
        "iconColor": "orange",
        "expr": f"changes(process_start_time_seconds{{{_CHOSEN}}}[$__interval]) > 0",
        "titleFormat": "{{instance}} restarted",
        "step": "1m",
    }


def _panels(rows: dict[str, list[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    number, top = 0, 0
    for title, panels in rows.items():
        number += 1
        place = {"h": 1, "w": _COLUMNS, "x": 0, "y": top}
        yield {"id": number, "type": "row", "title": title, "collapsed": False, "gridPos": place, "panels": []}
        top, left, height = top + 1, 0, 0
        for panel in panels:
            kind, width = panel.get("kind", "timeseries"), panel.get("width", _WIDTH)
            if left + width > _COLUMNS:
                top, left, height = top + height, 0, 0
            number += 1
            height = max(height, _HEIGHTS[kind])
            place = {"h": _HEIGHTS[kind], "w": width, "x": left, "y": top}
            yield {"id": number, "type": kind, "gridPos": place, **_content(panel, kind)}
            left += width
        top += height


def _content(panel: dict[str, Any], kind: str) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if "red_above" in panel:
        steps.append({"color": "red", "value": panel["red_above"]})
    defaults: dict[str, Any] = {"unit": panel["unit"], "thresholds": {"mode": "absolute", "steps": steps}}
    if not panel.get("below_zero"):
        defaults["min"] = 0
    options: dict[str, Any]
    if kind == "stat":
        options = {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "value", "graphMode": "area"}
    else:
        stacked = panel.get("stacked", False)
        defaults["custom"] = {
            "fillOpacity": 30 if stacked else 5,
            "showPoints": "never",
            "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
            "thresholdsStyle": {"mode": "line" if "red_above" in panel else "off"},
        }
        options = {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    return {
        "title": panel["title"],
        "description": panel["description"],
        "datasource": _SOURCE,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options,
        "targets": [
            {"refId": chr(ord("A") + index), "datasource": _SOURCE, "expr": expression, "legendFormat": legend}
            for index, (legend, expression) in enumerate(panel["queries"].items())
        ],
    }


if __name__ == "__main__":
    DASHBOARD.write_text(document())
