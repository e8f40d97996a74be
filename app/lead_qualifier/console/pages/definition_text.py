"""The form on which a definition is written as text, for models and for all other kinds."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from fastapi import Depends, Form, Request, Response

from lead_qualifier.console.api.commands import NoAnswer
from lead_qualifier.console.api.models import model_text
from lead_qualifier.console.errors import ApiError
from lead_qualifier.console.pages.differences import Stored, difference
from lead_qualifier.console.pages.rendering import Pages

_EMPTY = ""
_STALE = "stale_revision"
_Text = Annotated[str, Form()]

Intent = Literal["check", "save", "publish"]
"""What the buttons of the form ask for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What the form holds. `id`: empty for a new definition; `base`: the text from which it was edited."""

    id: str = _EMPTY
    text: str
    base: str = _EMPTY
    revision: int = 0
    command_id: str = field(default_factory=lambda: str(uuid.uuid4()))


def _sent(
    *,  # every field of the form
    revision: Annotated[int, Form()],
    command_id: _Text,
    text: _Text = _EMPTY,
    base: _Text = _EMPTY,
    id: _Text = _EMPTY,  # noqa: A002  the field's name
) -> Written:
    return Written(id=id, text=_unix(text), base=_unix(base), revision=revision, command_id=command_id)


Sent = Annotated[Written, Depends(_sent)]
"""A parameter of a route: the form that was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextKind:
    """What the template asks about the kind of definition: its pages, and the title for a new one."""

    path: str
    list_path: str
    edit_path: str
    new: str


class TextForm:
    """The form of one kind."""

    def __init__(self, kind: TextKind, pages: Pages) -> None:
        self._kind = kind
        self._pages = pages

    def begin(self, request: Request, definition_id: str, stored: Stored) -> Response:
        """The form with the text that the next publish makes live."""
        text = model_text(stored.draft or stored.definition)
        return self.show(request, Written(id=definition_id, text=text, base=text, revision=stored.revision))

    def not_saved(
        self, request: Request, written: Written, error: ApiError, *, stored: Callable[[], Stored | None]
    ) -> Response:
        """The form with what was written, why it was not saved, and what others have changed meanwhile.

        `stored`: reads the definition as it is now; None: it was deleted, and the error says so.
        """
        again = written if isinstance(error, NoAnswer) else replace(written, command_id=str(uuid.uuid4()))
        meanwhile = stored() if error.code == _STALE and written.id else None
        if meanwhile is not None:
            theirs = model_text(meanwhile.draft or meanwhile.definition)
            again = replace(again, base=theirs, revision=meanwhile.revision)
        return self.show(request, again, error=error, meanwhile=meanwhile, before=written.base)

    def show(
        self,
        request: Request,
        written: Written,
        *,
        error: ApiError | None = None,
        meanwhile: Stored | None = None,
        before: str = _EMPTY,
        done: str = _EMPTY,
    ) -> Response:
        """The form. `meanwhile`: what others have stored since the text `before`."""
        lines = written.text.split("\n")
        problems = () if error is None else error.problems
        return self._pages.page(
            request,
            "definition_edit.html",
            error=error,
            kind=self._kind,
            written=written,
            problems=[(one, lines[one.line - 1] if one.line and one.line <= len(lines) else None) for one in problems],
            is_taken=error is not None and error.code == _STALE and not written.id,
            meanwhile=meanwhile,
            difference=None if meanwhile is None else difference(before, written.base),
            done=done,
        )


def _unix(text: str) -> str:
    """With the ends of lines as they are in files: forms send others."""
    return text.replace("\r\n", "\n")
