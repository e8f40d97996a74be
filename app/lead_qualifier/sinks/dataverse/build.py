"""Builds a Dataverse sink from its file and the environment."""

from __future__ import annotations

from pathlib import Path

from lead_qualifier.http.oauth import AccessTokens, ClientCredentials
from lead_qualifier.sinks.dataverse.changes import MARKETING_QUALIFIED, STATUS_REASONS, Mapping
from lead_qualifier.sinks.dataverse.form import COLUMNS, DATAVERSE
from lead_qualifier.sinks.dataverse.sender import DataverseSender
from lead_qualifier.sinks.forms import read, required
from lead_qualifier.sinks.sink import Sink, client_of, sink_of

_API = "/api/data/v9.2"
_LOGIN = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"


def dataverse(file: Path) -> Sink:
    """Raises BadDefinitionFile, MissingSecret, OSError."""
    form = read(file, DATAVERSE)
    org = form["org"].rstrip("/")
    credentials = ClientCredentials(
        token_url=form.get("token_url") or _LOGIN.format(tenant=form.get("tenant")),
        client_id=form["client_id"],
        client_secret=required("client_secret_env", form["client_secret_env"], "the secret of client_id"),
        scope=f"{org}/.default",
        check="check tenant, client_id and the secret",
    )
    columns = {**COLUMNS, **form.get("columns", {})}
    standard = STATUS_REASONS if columns["status_reason"] == COLUMNS["status_reason"] else {}
    qualified = {"marketing_qualified": form.get("marketing_qualified", MARKETING_QUALIFIED)}
    mapping = Mapping(
        columns=columns,
        status_reasons={**standard, **form.get("status_reasons", {}), **qualified},
        lead_key=form.get("lead_key"),
    )
    client = client_of(form, file.parent)
    sender = DataverseSender(
        org + _API,
        AccessTokens(credentials, client.asynchronous.send),
        client,
        mapping,
        concurrent_changes=form.get("concurrent_changes", "people_first"),
    )
    return sink_of("dataverse", form, send=sender, check=sender.who_am_i, client=client)
