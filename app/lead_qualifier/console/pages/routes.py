"""The routes of the pages: each calls a function of the API, and renders what it returns."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse
from starlette.staticfiles import StaticFiles

from lead_qualifier.console.access.access import Access
from lead_qualifier.console.api.resources import Resources
from lead_qualifier.console.languages import LANGUAGES
from lead_qualifier.console.pages.assignments import assignment_pages
from lead_qualifier.console.pages.audit import audit_pages
from lead_qualifier.console.pages.dead_letters import dead_letter_pages
from lead_qualifier.console.pages.definitions import definition_pages
from lead_qualifier.console.pages.editor.routes import EditorPages, editor_pages
from lead_qualifier.console.pages.leads import lead_pages
from lead_qualifier.console.pages.local_addresses import is_local
from lead_qualifier.console.pages.model_text import model_text_pages
from lead_qualifier.console.pages.models import model_pages
from lead_qualifier.console.pages.overview import ADDRESS, overview_pages
from lead_qualifier.console.pages.preview import PreviewPages, preview_pages
from lead_qualifier.console.pages.rendering import LANGUAGE_COOKIE, Pages
from lead_qualifier.console.pages.report import report_pages
from lead_qualifier.console.pages.settings import scoring_model_pages, settings_pages
from lead_qualifier.console.pages.sign_in import sign_in_pages

STATIC = "/static"
STATIC_FOLDER = Path(__file__).with_name("static")
HOME = ADDRESS
_YEAR_SECONDS = 365 * 24 * 3600


def page_routes(resources: Resources, pages: Pages, access: Access) -> APIRouter:
    """All of them."""
    router = APIRouter(include_in_schema=False)

    @router.get("/language")
    def choose_language(to: str, back: str = HOME) -> Response:
        answer = RedirectResponse(back if is_local(back) else HOME, status_code=303)
        if to in LANGUAGES:
            access.cookie.set(answer, to, seconds=_YEAR_SECONDS, name=LANGUAGE_COOKIE)
        return answer

    router.include_router(sign_in_pages(access, pages))
    router.include_router(overview_pages(resources.overviews, pages))
    router.include_router(lead_pages(resources.leads, resources.assignments, resources.sales_answers, pages))
    previews = PreviewPages(pages, resources.previews, resources.models, resources.model_commands)
    router.include_router(dead_letter_pages(resources.dead_letters, pages))
    editor = EditorPages(
        pages,
        resources.models,
        resources.model_commands,
        resources.scoring_models,
        resources.histograms,
        start_preview=previews.start,
    )
    router.include_router(editor_pages(editor))
    router.include_router(model_pages(resources.models, resources.model_commands, resources.audit, pages))
    router.include_router(model_text_pages(resources.models, resources.model_commands, pages))
    router.include_router(scoring_model_pages(resources.scoring_models, resources.histograms, pages))
    router.include_router(definition_pages(resources.definitions, pages))
    router.include_router(preview_pages(previews))
    router.include_router(assignment_pages(resources.assignments, pages))
    router.include_router(settings_pages(resources.feature, resources.audit, pages))
    router.include_router(report_pages(resources.reports, pages))
    router.include_router(audit_pages(resources.audit, pages))
    return router


def static_files() -> StaticFiles:
    """The stylesheet, the icon and the scripts."""
    return StaticFiles(directory=STATIC_FOLDER)
