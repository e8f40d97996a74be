"""The file of a Dataverse sink: its fields, and the checks that its types cannot express."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, NotRequired
from urllib.parse import urlsplit

from pydantic import Field, with_config
from typing_extensions import TypedDict

from lead_qualifier.definitions.kind import Definition, Kind, Others
from lead_qualifier.messages.definition_form import Problem
from lead_qualifier.messages.fields import EMITTED, Id
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.sinks.dataverse.changes import MARKETING_QUALIFIED
from lead_qualifier.sinks.forms import CommonForm, VariableName, address_problem, common_problems

TOPICS = ("lead-assigned", "lead-qualified", "lead-recycled")

COLUMNS = {"status_reason": "statuscode", "sales_ready": "msdyncrm_salesready"}
"""Columns of a lead's flags, unless the file names others."""

ConcurrentChanges = Literal["people_first", "read_first", "overwrite"]
Column = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,99}$", description="Logical name of a column.")]


@with_config(EMITTED)
class ColumnsForm(TypedDict):
    """Columns of the lead's row that have other names."""

    status_reason: NotRequired[Annotated[Column, Field(description=f"Absent: {COLUMNS['status_reason']}.")]]
    sales_ready: NotRequired[Annotated[Column, Field(description=f"Absent: {COLUMNS['sales_ready']}.")]]


@with_config(EMITTED)
class DataverseForm(CommonForm):
    """Decisions about leads, written to their rows in Dataverse."""

    org: Annotated[Id, Field(description="The environment, such as https://contoso.crm4.dynamics.com.")]
    tenant: NotRequired[Annotated[Id, Field(description="The tenant's id or domain, which issues access tokens.")]]
    token_url: NotRequired[Annotated[Id, Field(description="Where access tokens are obtained, instead of tenant.")]]
    client_id: Annotated[Id, Field(description="The application user's id (app registration).")]
    client_secret_env: Annotated[VariableName, Field(description="The variable that holds its secret.")]
    topics: NotRequired[
        Annotated[
            list[Id],
            Field(min_length=1, description="Of lead-qualified, lead-recycled, lead-assigned. Absent: lead-qualified."),
        ]
    ]
    lead_key: NotRequired[
        Annotated[
            Column,
            Field(description="The alternate key that holds our lead ids. Absent: they are the ids of the rows."),
        ]
    ]
    columns: NotRequired[ColumnsForm]
    marketing_qualified: NotRequired[
        Annotated[int, Field(description=f"The value of this status reason. Absent: {MARKETING_QUALIFIED}.")]
    ]
    status_reasons: NotRequired[
        Annotated[
            dict[str, int],
            Field(
                description="Values of more status reasons, such as nurturing: 100000001. Absent: the defaults of "
                "statuscode."
            ),
        ]
    ]
    concurrent_changes: NotRequired[
        Annotated[
            ConcurrentChanges,
            Field(
                description="people_first (default): read the row, leave closed leads and columns that somebody has "
                "changed since the decision as they are, write only what differs, and read again if the row changed "
                "meanwhile (ETag). read_first: the same, but overwrite such changes. overwrite: update without reading."
            ),
        ]
    ]


def _problems(form: Definition, _others: Others) -> Iterator[Problem]:
    yield from common_problems(form, TOPICS)
    plain = form.get("allow_plain", False)
    if problem := address_problem(form["org"], allow_plain=plain):
        yield ("org",), problem
    elif urlsplit(form["org"]).path.strip("/") or urlsplit(form["org"]).query:
        yield ("org",), Finding("org_with_path")
    if ("tenant" in form) == ("token_url" in form):
        yield ("token_url" if "token_url" in form else "id",), Finding("not_one_token_issuer")
    if "token_url" in form and (problem := address_problem(form["token_url"], allow_plain=plain)):
        yield ("token_url",), problem
    if "tenant" in form and not all(one.isascii() and (one.isalnum() or one in ".-") for one in form["tenant"]):
        yield ("tenant",), Finding("not_a_tenant")


DATAVERSE = Kind(name="dataverse sink", document=DataverseForm, problems=_problems)
