"""Reads KafkaTopic and KafkaUser resources as Strimzi's operators do, and checks them by its CRDs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from confluent_kafka.admin import NewTopic
from jsonschema import Draft202012Validator

_RESOURCES = {"topic": "topic", "group": "group", "transactionalId": "transactional-id"}
_PATTERNS = {"literal": "literal", "prefix": "prefixed"}
#: Where a release of Strimzi has been unpacked: it has its CRDs in install/cluster-operator.
CRDS = "STRIMZI_CRDS"


def resources(text: str) -> list[dict[str, Any]]:
    """What was printed. Every resource must be there once."""
    found = list(yaml.safe_load_all(text))
    names = [(one["kind"], one["metadata"]["name"]) for one in found]
    assert len(set(names)) == len(names)
    return found


def new_topics(text: str) -> Iterator[NewTopic]:
    """The topics that the Topic Operator would create."""
    for one in resources(text):
        assert one["kind"] == "KafkaTopic"
        spec = one["spec"]
        yield NewTopic(
            spec.get("topicName", one["metadata"]["name"]),
            num_partitions=spec.get("partitions", -1),
            replication_factor=spec.get("replicas", -1),
            config={key: str(value) for key, value in spec["config"].items()},
        )


def bindings(text: str) -> Iterator[dict[str, str]]:
    """The ACLs that the User Operator would create for users with SCRAM, as `acls print --json` prints them."""
    for one in resources(text):
        assert one["kind"] == "KafkaUser"
        assert one["spec"]["authentication"] == {"type": "scram-sha-512"}
        assert one["spec"]["authorization"]["type"] == "simple"
        for rule in one["spec"]["authorization"]["acls"]:
            for operation in rule["operations"]:
                yield {
                    "principal": f"User:{one['metadata']['name']}",
                    "host": rule.get("host", "*"),
                    "permission": rule.get("type", "allow"),
                    "operation": operation,
                    "resource_type": _RESOURCES[rule["resource"]["type"]],
                    "pattern_type": _PATTERNS[rule["resource"].get("patternType", "literal")],
                    "name": rule["resource"]["name"],
                }


def check_by_crds(text: str) -> None:
    """Every resource fits Strimzi's own schema, and has no field that this does not know. Skips without the CRDs."""
    folder = os.environ.get(CRDS)
    if not folder:
        pytest.skip(f"{CRDS} names no folder with Strimzi's CRDs (install/cluster-operator of a release)")
    schemas = {
        (crd["spec"]["names"]["kind"], f"{crd['spec']['group']}/{version['name']}"): version["schema"][
            "openAPIV3Schema"
        ]
        for path in sorted(Path(folder).rglob("*.yaml"))
        for crd in yaml.safe_load_all(path.read_text())
        if crd and crd["kind"] == "CustomResourceDefinition"
        for version in crd["spec"]["versions"]
    }
    found = resources(text)
    assert found
    for one in found:
        if (one["kind"], one["apiVersion"]) not in schemas:
            pytest.skip(f"the CRDs in {folder} have no {one['apiVersion']}")
        schema = _closed(schemas[one["kind"], one["apiVersion"]])
        schema["properties"]["metadata"] = {}
        Draft202012Validator(schema).validate(one)


def _closed(schema: Any) -> Any:
    """The same, refusing fields that it does not name, as `kubectl apply --validate=strict` does."""
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items() if key != "properties"}
    if "properties" in schema:
        closed["properties"] = {name: _closed(value) for name, value in schema["properties"].items()}
        closed["additionalProperties"] = False
    return closed
