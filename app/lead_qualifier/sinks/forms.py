"""What the files of all sinks have in common: durations, retries, circuit breaker, addresses; and how they are read."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, NotRequired
from urllib.parse import urlsplit

from pydantic import Field, with_config
from typing_extensions import TypedDict

from lead_qualifier.definitions.kind import Kind
from lead_qualifier.messages.definition_file import read_definition_file
from lead_qualifier.messages.definition_form import Problem
from lead_qualifier.messages.durations import parse_duration
from lead_qualifier.messages.fields import EMITTED, Id
from lead_qualifier.messages.nearest import Nearest
from lead_qualifier.messages.topics import ALL_TOPICS
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.sinks.errors import MissingSecret

Duration = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,5}[smhdw]$", description="A number and s, m, h, d or w.")]
VariableName = Annotated[
    str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="Name of an environment variable.")
]
SinkId = Annotated[
    str,
    Field(
        pattern=r"^[a-zA-Z0-9._-]{1,100}$",
        description="Names the sink in metrics and logs, and its consumer group: a new id starts from the beginning.",
    ),
]
TOPICS: tuple[str, ...] = tuple(sorted({topic.name for topic in ALL_TOPICS if topic.events}))
"""The topics that carry events, by name without prefix."""


@with_config(EMITTED)
class RetryForm(TypedDict):
    """How often an event is tried before it becomes a dead letter. Attempts do not count while the endpoint is down."""

    attempts: NotRequired[Annotated[int, Field(ge=1, description="The maximum number of attempts. Absent: 12.")]]
    until: NotRequired[Annotated[Duration, Field(description="The maximum time. Absent: 3d.")]]
    first: NotRequired[Annotated[Duration, Field(description="The wait after the first failure. Absent: 1s.")]]
    longest: NotRequired[Annotated[Duration, Field(description="The longest wait; waits double. Absent: 2m.")]]


@with_config(EMITTED)
class CircuitForm(TypedDict):
    """When the endpoint is left alone."""

    failures: NotRequired[Annotated[int, Field(ge=1, description="After this many failures in a row. Absent: 5.")]]
    open_for: NotRequired[Annotated[Duration, Field(description="For this long. Absent: 30s.")]]


class CommonForm(TypedDict):
    """Fields that every sink has."""

    id: SinkId
    timeout: NotRequired[Annotated[Duration, Field(description="For a request and its answer together. Absent: 10s.")]]
    retry: NotRequired[RetryForm]
    circuit: NotRequired[CircuitForm]
    concurrency: NotRequired[
        Annotated[int, Field(ge=1, le=256, description="Concurrent requests, one per lead. Absent: 8.")]
    ]
    ca_file: NotRequired[
        Annotated[
            Id,
            Field(description="Authorities to trust instead of the system's: a PEM file, relative to this one."),
        ]
    ]
    allow_plain: NotRequired[
        Annotated[bool, Field(description="true: also allow http, unencrypted, to other machines.")]
    ]


def seconds(text: str) -> float:
    """A duration of a file, in seconds."""
    return parse_duration(text).total_seconds()


def carried(form: Mapping[str, Any]) -> tuple[str, ...]:
    """The topics that a sink reads, without the prefix."""
    return tuple(form.get("topics", ("lead-qualified",)))


def read(file: Path, kind: Kind) -> Any:
    """The data of the file. Raises BadDefinitionFile with every problem, its line and how to fix it."""
    return read_definition_file(file, kind.problems_of, empty=Finding("empty_sink_file", kind=kind.name))


def address_problem(url: str, *, allow_plain: bool) -> Finding | None:
    """What is wrong with an address to send to, and how to fix it; None if nothing is."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return Finding("not_a_url")
    if parts.scheme not in {"https", "http"} or not host:
        return Finding("url_without_host")
    if parts.username is not None or parts.password is not None:
        return Finding("url_with_password")
    if parts.fragment:
        return Finding("url_with_fragment")
    if not url.isascii() or not url.isprintable() or " " in url:
        return Finding("url_not_ascii")
    if parts.scheme == "http" and not (allow_plain or _loopback(host)):
        return Finding("url_unencrypted")
    return None


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def common_problems(form: Mapping[str, Any], topics: tuple[str, ...] = TOPICS) -> Iterator[Problem]:
    """Problems with the common fields that their types cannot express. `topics`: those that the sink can send."""
    retry = form.get("retry", {})
    if seconds(retry.get("longest", "2m")) < seconds(retry.get("first", "1s")):
        yield ("retry", "longest" if "longest" in retry else "first"), Finding("longest_below_first")
    known = Nearest(topics)
    for at, name in enumerate(form.get("topics", ())):
        if name not in known:
            yield ("topics", at), Finding("unsendable_topic", advice=known.suggestion(name))
        elif name in form["topics"][:at]:
            yield ("topics", at), Finding("appears_twice")


def required(field: str, name: str, what: str, parse: Callable[[str], Any] = str) -> Any:
    """The secret in the variable `name`, which `field` of the file names. Raises MissingSecret."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise MissingSecret(f"the environment variable {name} ({field} of the file) is not set: it must hold {what}")
    try:
        return parse(value)
    except ValueError as error:
        raise MissingSecret(f"the environment variable {name} ({field} of the file) {error}") from None
