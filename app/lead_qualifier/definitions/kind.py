"""A kind of definition: its form, and what is wrong with one beyond its form."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from lead_qualifier.messages.downstream_topics import with_article
from lead_qualifier.messages.durations import parse_milliseconds
from lead_qualifier.messages.fields import FORM
from lead_qualifier.messages.reasons import form_in_words, sentence

Path = tuple[str | int, ...]
Problem = tuple[Path, str]
"""Where in a definition, as the steps down to it, and what is wrong there and how to mend it."""

Definition = Mapping[str, Any]
Others = Mapping[str, Definition]
"""The other definitions of the kind, by id, as they stand: what runs if one is live, else its draft."""


def _no_problems(_definition: Definition, _others: Others) -> Iterator[Problem]:
    return iter(())


def _no_warnings(_definition: Definition) -> Iterator[Problem]:
    return iter(())


def _never_too_late(_definition: Definition, _now: datetime) -> Iterator[Problem]:
    return iter(())


@cache
def _adapter(document: Any) -> TypeAdapter[Any]:
    return TypeAdapter(document)


@dataclass(frozen=True)
class Kind:
    """One kind of definition.

    `document`: the TypedDict of its file, with at least an `id`. `problems`: what is wrong with a definition of that
    form; they refuse an apply. `conflicts`: what keeps it from running beside those that are live; they refuse a
    publish. `too_late`: what keeps it from being published at that time. `warnings`: what to know although it may be
    applied and published.
    """

    name: str
    document: Any
    problems: Callable[[Definition, Others], Iterator[Problem]] = field(default=_no_problems)
    conflicts: Callable[[Definition, Others], Iterator[Problem]] = field(default=_no_problems)
    too_late: Callable[[Definition, datetime], Iterator[Problem]] = field(default=_never_too_late)
    warnings: Callable[[Definition], Iterator[Problem]] = field(default=_no_warnings)

    @property
    def one(self) -> str:
        """Its name with the article: `an assignment`."""
        return with_article(self.name)

    def problems_of(self, definition: object, others: Others | None = None) -> list[Problem]:
        """Everything that is wrong with it: where, and how to mend it. Empty if it may be applied.

        Without `others` nothing is said of what it refers to.
        """
        try:
            _adapter(self.document).validate_python(definition)
        except ValidationError as error:
            return list(_by_form(error, definition))
        assert isinstance(definition, Mapping)
        found = list(self.problems(definition, others or {}))
        if others is None:
            found = [one for one in found if not isinstance(one, Unresolved)]
        return found


class Unresolved(tuple[Path, str]):
    """A problem that may be none where more is known: a reference to what is not there. Make it from a Problem."""

    __slots__ = ()


def _by_form(error: ValidationError, definition: object) -> Iterator[Problem]:
    """What pydantic found, by paths in the definition itself, each once.

    Of the forms that a value may have, the one that it comes nearest to is judged: the one with the fewest complaints.
    """
    by_place: dict[Path, dict[tuple[Any, ...], list[ErrorDetails]]] = {}
    for one in error.errors(include_url=False):
        where, forms = _place(one["loc"], definition, one["type"] == "missing")
        shallow = where[: forms[0]] if forms else where
        by_place.setdefault(shallow, {}).setdefault(tuple(forms[1:]), []).append(one)
    said: set[Problem] = set()
    for forms_here in by_place.values():
        nearest = min(forms_here.values(), key=lambda errors: (len(errors), _strangers(errors)))
        for one in nearest:
            where, _ = _place(one["loc"], definition, one["type"] == "missing")
            if one["type"] == "kind_of_step":
                where = (*where, one["ctx"]["field"])
            problem = (where, _message(one))
            if problem not in said:
                said.add(problem)
                yield problem


def _strangers(errors: list[ErrorDetails]) -> int:
    return sum(one["type"] == "extra_forbidden" for one in errors)


def _place(loc: tuple[str | int, ...], definition: object, missing: bool) -> tuple[Path, list[Any]]:
    """The steps down the definition, without the names of forms that pydantic puts between; and where and which these
    were.
    """
    here: Any = definition
    where: list[str | int] = []
    forms: list[Any] = []
    for at, step in enumerate(loc):
        last = at == len(loc) - 1
        if isinstance(step, str) and step.startswith(FORM):
            continue  # told apart already
        if isinstance(here, Mapping) and (step in here or (last and missing)):
            here = here.get(step)
            where.append(step)
        elif isinstance(here, list) and isinstance(step, int) and step < len(here):
            here = here[step]
            where.append(step)
        elif not forms:
            forms = [len(where), step]
        else:
            forms.append(step)
    return tuple(where), forms


def _message(error: ErrorDetails) -> str:
    match error["type"]:
        case "extra_forbidden":
            return "is unknown: look at its spelling and at where it stands"
        case "missing":
            return "is missing: add it"
        case "string_type" if isinstance(error["input"], bool | int | float):
            return "must be text: put it in quotes"
        case "list_type":
            return "must be a list"
        case "dict_type":
            return "must be fields with their values"
        case "too_short":
            return "must not be empty"
        case "too_long":
            return f"holds too many: at most {error['ctx']['max_length']}"
        case "string_pattern_mismatch":
            return f"is not of the form {form_in_words(error['ctx']['pattern'])}"
        case "less_than_equal":
            return f"must be {error['ctx']['le']} or less"
        case "greater_than":
            return f"must be more than {error['ctx']['gt']}"
        case _:
            return sentence(error)


def repeated(names: Sequence[str], where: Path) -> Iterator[Problem]:
    """What a list names more than once."""
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            yield (*where, index), f"names {name} once more: remove it"
        seen.add(name)


def no_time(text: str, where: Path, such_as: str) -> Iterator[Problem]:
    """A duration of nothing, where some time must pass."""
    if not parse_milliseconds(text):
        yield where, f"must be more than nothing, such as {such_as}"
