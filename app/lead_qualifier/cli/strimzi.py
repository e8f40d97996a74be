"""What the commands that print Strimzi's resources have in common: options, and the resources as YAML."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import typer

from lead_qualifier.cli.screen import say
from lead_qualifier.messages.definition_writing import yaml_lines
from lead_qualifier.services.strimzi import ApiVersion, is_resource_name


def _kubernetes_name(text: str) -> str:
    if len(text) > 63 or not is_resource_name(text):
        raise typer.BadParameter(
            f"{text!r} is not a name in Kubernetes: up to 63 lower-case letters, digits and dashes"
        )
    return text


_CLUSTER = typer.Option(
    parser=_kubernetes_name, metavar="NAME", help="The Strimzi cluster: the name of its Kafka resource."
)
Cluster = Annotated[str, _CLUSTER]
ClusterIfAny = Annotated[str | None, _CLUSTER]
Namespace = Annotated[
    str | None,
    typer.Option(
        parser=_kubernetes_name,
        metavar="NAME",
        help="The namespace of the resources. Default: the one in which they are applied.",
    ),
]
Version = Annotated[
    ApiVersion, typer.Option("--api-version", help="The version of the resources. Before Strimzi 0.49: v1beta2.")
]


def show_resources(described: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Print each resource as a document of YAML, below what it is for."""
    for purpose, resource in described:
        say("---")
        say(f"# {purpose}")
        for line in yaml_lines(resource):
            say(line)
