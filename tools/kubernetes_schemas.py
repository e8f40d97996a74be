"""JSON Schemas of the objects that the chart makes, from packages that bring them: neither a cluster nor the network is
asked. `make deploy-check` runs it, in an environment of its own: `python tools/kubernetes_schemas.py FOLDER`.

Each file needs no other, refuses unknown fields, and is named as kubeconform looks for it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
from cloudcoil.models.keda.v1alpha1 import ScaledObject, TriggerAuthentication
from cloudcoil.models.prometheus_operator.v1 import PrometheusRule, ServiceMonitor

#: Objects of stable versions only gain fields, so that what this release takes, later ones take.
VERSION = "1.34.0"
_FOLDER = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema" / f"v{VERSION}-local-strict"
_BUILT_IN = (
    "configmap-v1",
    "deployment-apps-v1",
    "ingress-networking-v1",
    "job-batch-v1",
    "networkpolicy-networking-v1",
    "poddisruptionbudget-policy-v1",
    "service-v1",
    "serviceaccount-v1",
)
_CUSTOM = {
    "prometheusrule-monitoring-v1": PrometheusRule,
    "scaledobject-keda-v1alpha1": ScaledObject,
    "servicemonitor-monitoring-v1": ServiceMonitor,
    "triggerauthentication-keda-v1alpha1": TriggerAuthentication,
}


def _read(name: str) -> dict[str, Any]:
    inside = (_FOLDER / f"{name}.json").read_text().replace('"/api/_definitions.json#', '"#')
    return json.loads(inside)  # type: ignore[no-any-return]


def _closed(node: Any) -> Any:
    """The models of custom resources pass over unknown fields; their schemas are not to."""
    if isinstance(node, list):
        return [_closed(one) for one in node]
    if not isinstance(node, dict):
        return node
    closed = {name: _closed(one) for name, one in node.items()}
    return {"additionalProperties": False, **closed} if isinstance(node.get("properties"), dict) else closed


def _write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    definitions = _read("_definitions")
    for name in _BUILT_IN:
        (folder / f"{name}.json").write_text(json.dumps({**_read(name), **definitions}))
    for name, model in _CUSTOM.items():
        (folder / f"{name}.json").write_text(json.dumps(_closed(model.model_json_schema(by_alias=True))))


if __name__ == "__main__":
    _write(Path(sys.argv[1]))
