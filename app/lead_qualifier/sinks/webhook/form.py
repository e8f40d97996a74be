"""The file of a webhook: its fields, and the checks that its types cannot express."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal, NotRequired

from pydantic import Field, with_config

from lead_qualifier.definitions.kind import Definition, Kind, Others
from lead_qualifier.messages.definition_form import Problem
from lead_qualifier.messages.fields import EMITTED, Id
from lead_qualifier.messages.trace_context import TRACEPARENT, TRACESTATE
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.sinks.forms import CommonForm, VariableName, address_problem, common_problems

_HEADER = re.compile(r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
_RESERVED = frozenset(
    {"content-type", "content-length", "content-encoding", "transfer-encoding", "host", "connection"}
) | {
    "idempotency-key",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    TRACEPARENT,
    TRACESTATE,
}


@with_config(EMITTED)
class WebhookForm(CommonForm):
    """Events of our topics, signed and posted to a URL."""

    url: Annotated[Id, Field(description="Where events are posted: https, or http on this machine.")]
    topics: Annotated[list[Id], Field(min_length=1, description="Topics to send, without the prefix.")]
    secret_env: Annotated[VariableName, Field(description="The variable that holds the signing secret.")]
    previous_secret_env: NotRequired[
        Annotated[
            VariableName,
            Field(description="While secrets change: the variable with the previous one, to sign with both."),
        ]
    ]
    mode: NotRequired[
        Annotated[
            Literal["binary", "structured"],
            Field(description="Where the CloudEvent's attributes are: in headers (binary, default) or the body."),
        ]
    ]
    headers: NotRequired[Annotated[dict[str, str], Field(description="More headers, none of them secret.")]]
    headers_env: NotRequired[
        Annotated[dict[str, VariableName], Field(description="More headers, whose values are in the variables named.")]
    ]
    qualification_models: NotRequired[
        Annotated[
            list[Id],
            Field(min_length=1, description="Skip events that name a qualification model other than these."),
        ]
    ]


def _problems(form: Definition, _others: Others) -> Iterator[Problem]:
    yield from common_problems(form)
    if problem := address_problem(form["url"], allow_plain=form.get("allow_plain", False)):
        yield ("url",), problem
    if form.get("previous_secret_env") == form["secret_env"]:
        yield ("previous_secret_env",), Finding("same_secret_twice")
    seen: set[str] = set()
    for field in ("headers", "headers_env"):
        for name, value in form.get(field, {}).items():
            where = (field, name)
            if not _HEADER.fullmatch(name):
                yield where, Finding("not_a_header_name")
            elif name.lower() in _RESERVED or name.lower().startswith("ce-"):
                yield where, Finding("header_of_sink")
            elif name.lower() in seen:
                yield where, Finding("appears_twice")
            elif not value.isprintable() or not value.isascii():
                yield where, Finding("header_value_not_ascii")
            seen.add(name.lower())


WEBHOOK = Kind(name="webhook", document=WebhookForm, problems=_problems)
