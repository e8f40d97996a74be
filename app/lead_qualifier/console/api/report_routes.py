"""The routes of reports."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from lead_qualifier.console.access.people import Permission
from lead_qualifier.console.access.permissions import allowed
from lead_qualifier.console.api.errors import InvalidParameter
from lead_qualifier.console.api.parameters import LONGEST, Since, Wanted
from lead_qualifier.console.api.report_forms import AcceptanceReport
from lead_qualifier.console.api.reports import By, Reports
from lead_qualifier.console.api.responses import answer, in_language

_Model = Annotated[str, Query(max_length=LONGEST, description="The qualification model's id.", examples=["enterprise"])]
_Attribute = Annotated[str, Query(max_length=LONGEST, description="An attribute of leads.", examples=["lead_source"])]
CSV = "text/csv"


def report_routes(reports: Reports) -> APIRouter:
    """All of them."""
    router = APIRouter(dependencies=[allowed(Permission.VIEW)])

    @router.get(
        "/reports/acceptance",
        response_model=AcceptanceReport,
        summary="Show what became of qualified leads",
        operation_id="showAcceptance",
    )
    def show(
        language: Wanted,
        *,
        model: _Model,
        by: Annotated[By, Query(description="What the groups are. `attribute` takes the parameter of this name.")] = (
            "version"
        ),
        attribute: _Attribute = "",
        since: Since = None,
    ) -> Response:
        """As `lead-qualifier model report` counts, but without leads that were erased."""
        if by == "attribute" and not attribute:
            raise InvalidParameter("is missing: name an attribute of leads", parameter="attribute")
        found = reports.acceptance(model, language.wording, by=by, attribute=attribute, since=since)
        return answer(found, headers=in_language(language))

    @router.get(
        "/reports/acceptance.csv",
        responses={200: {"description": "CSV (RFC 4180).", "content": {CSV: {"schema": {"type": "string"}}}}},
        response_class=Response,
        summary="Get the report as CSV",
        operation_id="exportAcceptance",
    )
    def export(model: _Model, attribute: _Attribute = "", since: Since = None) -> Response:
        """All groups, for spreadsheets."""
        return csv_response(reports.acceptance_csv(model, attribute=attribute, since=since))

    return router


def csv_response(text: str) -> Response:
    """CSV to be saved, with a byte order mark, without which Excel misreads what is not ASCII."""
    headers = {"Content-Disposition": 'attachment; filename="acceptance.csv"'}
    return Response(text.encode("utf-8-sig"), media_type=CSV, headers=headers)
