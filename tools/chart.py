"""What the Helm chart takes from elsewhere: `python -m tools.chart` (`make docs`).

From the code: its table of services, and the settings in its schema of values. From its values: their table in its
README. From deploy/monitoring: alerts and dashboard, as Helm reads no file outside the chart.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from lead_qualifier.messages.topics import Partitions
from lead_qualifier.services.topology import DOWNSTREAM, SERVICES, ServiceTopology
from lead_qualifier.settings import ConsoleSettings, Settings

_DEPLOY = Path(__file__).parents[1] / "deploy"
CHART = _DEPLOY / "helm" / "lead-qualifier"
_MONITORING = ("alerts.yaml", "alerts-optional.yaml", "dashboard.json")
#: Set by the chart itself, or for people at a terminal.
NOT_VALUES = frozenset(
    {
        "create_topics",
        "web_host",
        "web_port",
        "data_dir",
        "broker",
        "issued_by",
        "command_timeout",
        "database_url",  # these of the console have values, or Secrets, of their own
        "console_host",
        "console_port",
        "oidc_client_secret",
        "oidc_client_secret_file",
        "dataverse_webhook_key",
    }
)
_KEPT = ("enum", "type", "minimum", "maximum", "exclusiveMinimum", "pattern", "minLength", "maxLength")
_HEAD = "# Written by `make docs` from app/lead_qualifier/services/topology.py: change it there.\n"
_TABLE = re.compile(r"(?<=<!-- values -->\n).*(?=<!-- /values -->)", re.DOTALL)
_MEANING = re.compile(r"\s*# -- (.*)")


def services() -> str:
    """The processes: arguments, and the consumer groups with the topics keyed by lead that they read. YAML."""
    return _HEAD + yaml.safe_dump(_rows(), sort_keys=False)


def settings(*, of_console: bool = False) -> dict[str, Any]:
    """The schema of the values under `settings`, or under `console.settings`: each setting, in camel case."""
    schema = Settings.model_json_schema(by_alias=False)
    return {
        _camel(name): _plain(field, schema["$defs"])
        for name, field in schema["properties"].items()
        if name not in NOT_VALUES
        and not name.startswith("kafka_")
        and (name in ConsoleSettings.model_fields) is of_console
    }


def values_schema(text: str) -> str:
    """The chart's schema of values with the program's services and settings in it."""
    schema = json.loads(text)
    schema["properties"]["settings"]["properties"] = settings()
    schema["properties"]["console"]["properties"]["settings"]["properties"] = settings(of_console=True)
    schema["properties"]["services"]["properties"] = {name: {"$ref": "#/$defs/service"} for name in _rows()}
    return json.dumps(schema, indent=2) + "\n"


def values_table(values: str) -> str:
    """Every value, its default, and its comment. Markdown. Raises ValueError for one without a comment."""
    lines = values.splitlines()
    rows = ["| value | default | meaning |", "| --- | --- | --- |"]
    for path, node in _leaves((), yaml.compose(values)):
        default = json.dumps(yaml.safe_load(yaml.serialize(node)))
        meaning = _comment_above(lines, node.line)
        if not meaning:
            raise ValueError(f"values.yaml: {'.'.join(path)} has no comment (# -- ...)")
        rows.append(f"| `{'.'.join(path)}` | `{default}` | {meaning} |")
    return "\n".join(rows) + "\n"


def readme(text: str, values: str) -> str:
    """The chart's README with the table of `values`."""
    return _TABLE.sub(lambda _: values_table(values), text)


def documents() -> dict[Path, str]:
    """Every file, and what belongs into it."""
    values = (CHART / "values.yaml").read_text()
    return {
        CHART / "files" / "services.yaml": services(),
        CHART / "values.schema.json": values_schema((CHART / "values.schema.json").read_text()),
        CHART / "README.md": readme((CHART / "README.md").read_text(), values),
        **{CHART / "files" / name: (_DEPLOY / "monitoring" / name).read_text() for name in _MONITORING},
    }


def _rows() -> dict[str, Any]:
    rows = {_arguments(one)[-1]: {"args": _arguments(one), "groups": [_group(one)]} for one in SERVICES}
    together = {"args": ["downstream", "all"], "groups": [_group(one) for one in DOWNSTREAM.values()]}
    return {**rows, "downstream": together}


def _arguments(service: ServiceTopology) -> list[str]:
    return service.command.split()[1:]


def _group(service: ServiceTopology) -> dict[str, Any]:
    keyed_by_lead = dict.fromkeys(one.name for one in service.inputs if one.partitions is Partitions.BY_LEAD)
    return {"suffix": service.group_suffix, "topics": list(keyed_by_lead)}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def _plain(field: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """What of a field's JSON Schema says which values it takes: a setting that may be missing need not be given."""
    given = next((one for one in field.get("anyOf", ()) if one.get("type") != "null"), field)
    given = known[given["$ref"].rsplit("/", 1)[1]] if "$ref" in given else given
    if given.get("format") == "duration":
        return {"type": "string", "pattern": "^[1-9][0-9]{0,4}[smhdw]$"}
    return {name: given[name] for name in _KEPT if name in given}


def _leaves(path: tuple[str, ...], node: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The values that have a meaning of their own: below mappings whose keys are commented."""
    for key, value in node.value:
        key_path = (*path, key.value)
        value.line = key.start_mark.line
        if isinstance(value, yaml.MappingNode) and not value.flow_style and not _is_value(key_path):
            yield from _leaves(key_path, value)
        else:
            yield key_path, value


def _is_value(path: tuple[str, ...]) -> bool:
    return path[-1] in {"resources", "strategy"}


def _comment_above(lines: list[str], line: int) -> str:
    above: list[str] = []
    for text in reversed(lines[:line]):
        if not text.lstrip().startswith("#"):
            break
        above.insert(0, text.strip())
    starts = [at for at, text in enumerate(above) if _MEANING.match(text)]
    if not starts:
        return ""
    return " ".join(text.removeprefix("#").removeprefix(" -- ").strip() for text in above[starts[-1] :])


if __name__ == "__main__":
    for file, content in documents().items():
        file.write_text(content)
