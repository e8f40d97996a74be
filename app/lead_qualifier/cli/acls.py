"""`acls`: prints what each service must be allowed on a broker that checks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lead_qualifier.cli.options import Json, command_group
from lead_qualifier.cli.screen import note, say, show_json
from lead_qualifier.cli.strimzi import ClusterIfAny, Namespace, Version, show_resources
from lead_qualifier.kafka.acls import Grant, as_bindings, command_line
from lead_qualifier.services.acls import LOGINS, Naming, grants, naming_of
from lead_qualifier.services.strimzi import (
    ApiVersion,
    Authentication,
    Target,
    is_resource_name,
    kafka_user,
    resource_name,
)
from lead_qualifier.settings import load_settings

acls = command_group("Print the ACLs that each service needs.")


_ALL = "all"
_SINKS = frozenset({"webhook", "dataverse"})
_SERVICES = (*LOGINS, _ALL)


class Format(StrEnum):
    """The form in which the rights are printed."""

    KAFKA_ACLS = "kafka-acls"
    JSON = "json"
    STRIMZI = "strimzi"


@dataclass(frozen=True, slots=True)
class _Granted:
    """The rights of one login."""

    service: str
    principal: str
    grants: tuple[Grant, ...]

    @property
    def user(self) -> str:
        """The principal's name."""
        return self.principal.partition(":")[2]


def _named(text: str) -> str:
    if text not in _SERVICES:
        raise typer.BadParameter(f"{text} is not one of {', '.join(_SERVICES)}")
    return text


@acls.command("print")
def print_acls(
    *,
    service: Annotated[
        str,
        typer.Option(parser=_named, metavar="NAME", help=f"The service to print ACLs for: {', '.join(_SERVICES)}."),
    ] = _ALL,
    principal: Annotated[
        str | None,
        typer.Option(
            metavar="User:NAME",
            help="The principal of that one service. Default: User:<service>; for Strimzi, "
            "User:<application id>-<service>.",
        ),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The consumer's group. Default: the principal's name."),
    ] = None,
    to_prefix: Annotated[
        str | None,
        typer.Option(metavar="PREFIX", help="The prefix of the topics that `repartition` creates."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="The sink's file, for the services webhook and dataverse."),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.KAFKA_ACLS,
    cluster: ClusterIfAny = None,
    namespace: Namespace = None,
    authentication: Annotated[
        Authentication, typer.Option(help="How a KafkaUser logs in.")
    ] = Authentication.SCRAM_SHA_512,
    api_version: Version = ApiVersion.V1,
    as_json: Json = False,
) -> None:
    """Print the least privileges that each service needs.

    They are printed as `kafka-acls` commands, as JSON, or as KafkaUser resources for Strimzi (`--format strimzi
    --cluster NAME`; --namespace, --authentication and --api-version belong to it). No broker is contacted. Names follow
    the settings: LEAD_QUALIFIER_TOPIC_PREFIX and LEAD_QUALIFIER_APPLICATION_ID (the workers' consumer group, and the
    prefix of their transactional ids). A worker gets Create only while LEAD_QUALIFIER_CREATE_TOPICS is true: to take
    that right away, set it to false and let an operator create the topics.

    The rights of `repartition` depend on the target prefix and are needed once: they are printed only with --to-prefix.
    The rights of a sink depend on its file: `--service webhook --config FILE`, or dataverse. Its secrets need not be
    set.
    """
    settings = load_settings()
    if as_json and form is Format.STRIMZI:
        raise typer.BadParameter("cannot be combined with --format strimzi", param_hint="--json")
    strimzi = form is Format.STRIMZI
    if strimzi and cluster is None:
        raise typer.BadParameter("is required with --format strimzi", param_hint="--cluster")
    if principal is not None and service == _ALL:
        raise typer.BadParameter(
            "one principal must not get the rights of every service: name its service", param_hint="--service"
        )
    if principal is not None and not principal.partition(":")[2]:
        raise typer.BadParameter("must be a type and a name, such as User:worker", param_hint="--principal")
    if strimzi and principal is not None and not is_resource_name(principal.removeprefix("User:")):
        raise typer.BadParameter(
            "must be User: and a name that Kubernetes takes, such as User:worker, for a KafkaUser",
            param_hint="--principal",
        )
    if service == "repartition" and to_prefix is None:
        raise typer.BadParameter(
            "is required for repartition: the prefix that it copies to, such as p6.",
            param_hint="--to-prefix",
        )
    if (service in _SINKS) != (config is not None):
        raise typer.BadParameter(
            "is required for the services webhook and dataverse, and for no other: the file that the sink runs with",
            param_hint="--config",
        )
    naming = replace(naming_of(settings), to_prefix=to_prefix or "")
    if config is not None:
        naming = _carrying(naming, service, config)
    left_out = {*_SINKS} if to_prefix is not None else {*_SINKS, "repartition"}
    wanted = []
    for one in [one for one in LOGINS if one not in left_out] if service == _ALL else [service]:
        user = resource_name(f"{settings.application_id}-{one}") if strimzi else one
        whom = principal or f"User:{user}"
        granted = grants(one, replace(naming, consumer_group=group or whom.partition(":")[2]))
        wanted.append(_Granted(one, whom, granted))
    if cluster is not None and strimzi:
        target = Target(cluster=cluster, namespace=namespace, api_version=api_version)
        show_resources(
            (f"{one.service}: {LOGINS[one.service].purpose}", kafka_user(target, one.user, authentication, one.grants))
            for one in wanted
        )
    elif as_json or form is Format.JSON:
        show_json([*_bindings(wanted)])
    else:
        _say_command_lines(wanted, settings.kafka_bootstrap_servers or "localhost:9092")


def _bindings(wanted: Sequence[_Granted]) -> Iterator[dict[str, str]]:
    for one in wanted:
        for grant in one.grants:
            for binding in as_bindings(grant, one.principal):
                yield {"service": one.service, **binding}


def _say_command_lines(wanted: Sequence[_Granted], bootstrap_servers: str) -> None:
    note("admin.properties holds the connection settings of an administrator of the broker (security.protocol, ...)")
    for one in wanted:
        say(f"# {one.service}: {LOGINS[one.service].purpose}")
        for grant in one.grants:
            say(f"# - {grant.why}")
            say(command_line(grant, one.principal, bootstrap_servers))


def _carrying(naming: Naming, service: str, config: Path) -> Naming:
    """With what the sink's file says. Raises BadDefinitionFile."""
    from lead_qualifier.sinks.dataverse.form import DATAVERSE  # noqa: PLC0415  forms take their time
    from lead_qualifier.sinks.forms import carried, read  # noqa: PLC0415
    from lead_qualifier.sinks.webhook.form import WEBHOOK  # noqa: PLC0415

    form = read(config, WEBHOOK if service == "webhook" else DATAVERSE)
    return replace(naming, sink_id=form["id"], sink_topics=carried(form))
