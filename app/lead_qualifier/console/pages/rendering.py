"""Renders pages: templates with the texts, terms, times and numbers of a language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from time import time_ns
from typing import Any
from urllib.parse import quote, urlencode

from babel.dates import format_timedelta
from babel.numbers import format_decimal, format_percent
from fastapi import Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from lead_qualifier.console.access.configuration import CALLBACK
from lead_qualifier.console.access.csrf import FIELD
from lead_qualifier.console.access.people import Permission
from lead_qualifier.console.access.permissions import session_of
from lead_qualifier.console.api.forms import Problem, Sentence
from lead_qualifier.console.api.health import health_of
from lead_qualifier.console.api.responses import in_language
from lead_qualifier.console.errors import ApiError
from lead_qualifier.console.languages import LANGUAGES, Language, wanted
from lead_qualifier.console.pages.navigation import NAVIGATION, section_of
from lead_qualifier.console.pages.terms import NOT_DONE, OTHER_PROBLEM, PROBLEMS, TERMS
from lead_qualifier.console.pages.translations import load_translations
from lead_qualifier.console.read_model.standing import Standing
from lead_qualifier.wording.numbers import as_written
from lead_qualifier.wording.printable import printable
from lead_qualifier.wording.reading import findings_in

LANGUAGE_COOKIE = "lead-qualifier-language"
#: A busy installation always has records under way: pages say so once the data is older.
_LATE_SECONDS = 5
_TEMPLATES = Path(__file__).with_name("templates")


class Pages:
    """Makes the response of each page."""

    def __init__(self, standing: Callable[[], Standing], *, signs_in: bool = False) -> None:
        """`signs_in`: whether people sign in at a provider, rather than by a link."""
        self._signs_in = signs_in
        self._standing = standing
        self._environments = {code: _environment(language) for code, language in LANGUAGES.items()}

    def page(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        error: ApiError | None = None,
        headers: Mapping[str, str] | None = None,
        **values: Any,
    ) -> Response:
        """The page that a template makes of these values. `error`: what was refused; the page has its status."""
        language = language_of(request)
        text = self._environments[language.code].get_template(template)
        standing = self._standing()
        around = {
            "language": language,
            "languages": LANGUAGES.values(),
            "here": address_of(request),
            "path": request.scope["path"],
            "navigation": NAVIGATION,
            "health": health_of(standing),
            "is_behind": standing.seconds_behind(time_ns() // 1_000_000) >= _LATE_SECONDS,
            "signs_in": self._signs_in,
            **_access(request),
        }
        body = text.render(around, error=None if error is None else _told(error), **values)
        headers = {**(headers or {}), **in_language(language)}
        status = status if error is None else error.status
        return Response(body, status_code=status, media_type="text/html", headers=headers)

    def filters(self, request: Request) -> Mapping[str, Callable[..., str]]:
        """The filters of templates by name, such as `day`, in the language of the page."""
        return self._environments[language_of(request).code].filters

    def problem(self, request: Request, problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
        """The page about something that went wrong."""
        by_provider = PROBLEMS.get(f"{problem.code} by_provider") if self._signs_in else None
        path = request.scope["path"]
        at_page = PROBLEMS.get(f"{problem.code} {path}") if problem.parameter else None
        title, text = by_provider or at_page or PROBLEMS.get(problem.code, OTHER_PROBLEM)
        return self.page(
            request,
            "problem.html",
            status=problem.status,
            headers=headers,
            code=problem.code,
            title=title,
            text=text,
            parameter=problem.parameter,
            section=section_of(path),
        )


def _told(error: ApiError) -> dict[str, Any]:
    """An error for a notice on a page. A text that is not marked for translation is in the page's language."""
    is_marked = error.told is None
    title, text = PROBLEMS.get(error.code, OTHER_PROBLEM) if error.told is None else (NOT_DONE, error.told)
    return {"code": error.code, "title": title, "text": text, "is_marked": is_marked, "problems": error.problems}


def _access(request: Request) -> dict[str, Any]:
    """What templates ask about the person who is signed in: `may("edit_definitions")`, the token that changes have
    to carry, and the hidden field with it for forms.
    """
    session = session_of(request)
    csrf = "" if session is None else session.csrf_token or ""
    return {
        "person": None if session is None else session.person,
        "may": lambda permission: session is not None and session.person.may(Permission(permission)),
        "csrf": csrf,
        "csrf_field": Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, csrf),
    }


def language_of(request: Request) -> Language:
    """The language that was switched to, else the one that the browser prefers."""
    chosen = LANGUAGES.get(request.cookies.get(LANGUAGE_COOKIE, ""))
    return chosen or wanted(request.headers.get("accept-language", ""))


def address_of(request: Request) -> str:
    """The address of a page, to come back to it; the first page where an address works once."""
    if request.scope["path"] == CALLBACK:
        return "/"
    query = request.url.query
    return f"{request.scope['path']}?{query}" if query else str(request.scope["path"])


def address(path: str, **parameters: str | None) -> str:
    """A link within the console. Ids go into the query, where no browser changes them."""
    given = {name: value for name, value in parameters.items() if value}
    return f"{path}?{urlencode(given, quote_via=quote)}" if given else path


def _environment(language: Language) -> Environment:
    translations = load_translations(language.code)
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]  # a method that the extension adds

    def translated(text: str) -> str:
        return str(translations.gettext(text))

    def term(word: str, kind: str = "") -> str:
        text = TERMS.get(f"{kind} {word}") or TERMS.get(word)
        return shown(word) if text is None else translated(text)

    def outcome(code: str) -> str:
        """What became of a command, by the code in an address; empty for unknown codes."""
        text = TERMS.get(f"done {code}")
        return "" if text is None else translated(text)

    def read(reason: str) -> list[str]:
        """What the English reason of a dead letter says in the page's language; nothing where that is not known."""
        return [] if language.code == "en" else [language.wording.sentence(one) for one in findings_in(reason)]

    def whole(one: Sentence) -> str:
        """A sentence on its own, which begins with a capital letter unless it begins with an id or a name."""
        text = shown(one.text)
        return text[:1].upper() + text[1:] if language.wording.begins_with_word(one.code) else text

    def moment(at: datetime, *, exact: bool = False) -> Markup:
        said = language.wording.exact(at) if exact else language.wording.moment(at)
        return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), said)

    def length_of_time(seconds: float) -> str:
        return str(format_timedelta(timedelta(seconds=seconds), threshold=2, locale=language.code))

    def count(number: int) -> str:
        return str(format_decimal(number, locale=language.code))

    def percent(number: int) -> str:
        return str(format_percent(number / 100, locale=language.code))

    environment.filters.update(
        translated=translated,
        term=term,
        outcome=outcome,
        read=read,
        moment=moment,
        exact=partial(moment, exact=True),
        day=language.wording.day,
        length_of_time=length_of_time,
        day_of_year=language.wording.day_of_year,
        count=count,
        score=language.wording.value,
        duration=language.wording.duration,
        percent=percent,
        sentence=language.wording.sentence,
        shown=shown,
        lines=lines,
        whole=whole,
    )
    environment.globals["address"] = address
    return environment


def lines(text: str) -> str:
    """A text that others wrote, in its lines. Characters that would hide or reorder text are escaped."""
    return "\n".join(printable(one) for one in text.split("\n"))


def shown(value: object) -> str:
    """A value that others wrote, in one line. Characters that would hide or reorder text are escaped."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping | list):
        return printable(str(value))
    return printable(as_written(value) if isinstance(value, float) else str(value))
