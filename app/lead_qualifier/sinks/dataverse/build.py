"""Builds a Dataverse sink from its file and the environment."""

from __future__ import annotations

from pathlib import Path

from lead_qualifier.http.oauth import AccessTokens, ClientCredentials
from lead_qualifier.sinks.dataverse.changes import STATUS_REASON, STATUS_REASONS, Mapping
from lead_qualifier.sinks.dataverse.form import DATAVERSE, MARKETING_QUALIFIED
from lead_qualifier.sinks.dataverse.sender import DataverseSender
from lead_qualifier.sinks.forms import carried, read, required
from lead_qualifier.sinks.sink import Sink, client_of, sink_of

_API = "/api/data/v9.2"
_LOGIN = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"


def dataverse(file: Path) -> Sink:
    """Raises BadModelFile, MissingSecret, OSError."""
    form = read(file, DATAVERSE)
    org = form["org"].rstrip("/")
    credentials = ClientCredentials(
        token_url=form.get("token_url") or _LOGIN.format(tenant=form.get("tenant")),
        client_id=form["client_id"],
        client_secret=required("client_secret_env", form["client_secret_env"], "the secret of client_id"),
        scope=f"{org}/.default",
        check="check tenant, client_id and the secret",
    )
    columns = form.get("columns", {})
    status_reason = columns.get("status_reason", STATUS_REASON)
    mapping = Mapping(
        status_reason=status_reason,
        sales_ready=columns.get("sales_ready", "msdyncrm_salesready"),
        marketing_qualified=form.get("marketing_qualified", MARKETING_QUALIFIED),
        status_reasons={**(STATUS_REASONS if status_reason == STATUS_REASON else {}), **form.get("status_reasons", {})},
        lead_key=form.get("lead_key"),
    )
    client = client_of(form, file.parent)
    sender = DataverseSender(
        org + _API,
        AccessTokens(credentials, client.asynchronous),
        client,
        mapping,
        concurrent_changes=form.get("concurrent_changes", "people_first"),
    )
    return sink_of("dataverse", form, topics=carried(form), send=sender, check=sender.who_am_i, client=client)
