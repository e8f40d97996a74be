"""Reads definitions that were sent as text, and says what is wrong with them where it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import TypeVar

from lead_qualifier.console.api.forms import FieldProblem
from lead_qualifier.console.errors import ApiError
from lead_qualifier.messages.errors import BadDefinitionFile
from lead_qualifier.messages.errors import Problem as FileProblem
from lead_qualifier.wording.sentences import Wording

T = TypeVar("T")

#: Which the files of the command line have in errors.
_SOURCE = "definition"


class BadDefinition(ApiError):
    """A definition that cannot be applied; `problems` says what is wrong, each with its line."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, code: str, problems: Sequence[FieldProblem]) -> None:
        """`code`: of the refusal of such a definition."""
        super().__init__("The definition is not valid: see problems.")
        self.code = code
        self.problems = tuple(problems)


def read_definition(parse: Callable[[bytes | str, str], T], content: bytes | str, wording: Wording, *, code: str) -> T:
    """What `parse` makes of the content. `code`: of the refusal of a definition that is not valid.

    Raises BadDefinition.
    """
    try:
        return parse(content, _SOURCE)
    except BadDefinitionFile as error:
        raise BadDefinition(code, [_form(one, wording) for one in error.problems]) from error


def _form(problem: FileProblem, wording: Wording) -> FieldProblem:
    return FieldProblem(
        field=problem.field,
        line=problem.line,
        code=problem.finding.code,
        text=wording.sentence(problem.finding),
    )
