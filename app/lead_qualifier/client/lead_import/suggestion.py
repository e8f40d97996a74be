"""Guesses a map from the header and the first rows of an export, and says how sure each guess is."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count, islice
from typing import Any

from lead_qualifier.client.lead_import.cells import BadCell, Times, boolean_of, number_of
from lead_qualifier.client.lead_import.csv_file import WESTERN, BadRow, Export
from lead_qualifier.client.lead_import.map_form import in_full
from lead_qualifier.client.lead_import.map_writing import lines_of
from lead_qualifier.client.lead_import.ready_maps import ready_map, ready_maps
from lead_qualifier.client.lead_import.words import (
    DATES,
    NO_VALUE,
    PERSONAL,
    REASON_WORDS,
    STATUS_WORDS,
    SYSTEM,
    TITLES,
)

_ROWS = 2000
_FEW_VALUES = 30
_LONG_TEXT = 60
_RECOGNISED = 3


@dataclass(slots=True)
class _Column:
    title: str
    values: list[str]
    """Of the first rows, without empty ones."""

    @property
    def plain(self) -> str:
        return " ".join(re.findall(r"\w+", self.title.casefold().replace("_", " ")))

    @property
    def name(self) -> str:
        return "_".join(re.findall(r"[a-z0-9]+", self.title.casefold().translate(_UMLAUTS))) or "column"

    @property
    def different(self) -> list[str]:
        return list(dict.fromkeys(self.values))


_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


@dataclass(slots=True)
class Suggestion:
    """A map, and by path what to say about its lines."""

    form: dict[str, Any] = field(default_factory=dict)
    comments: dict[tuple[str, ...], str] = field(default_factory=dict)
    recognised: str | None = None

    def lines(self) -> Iterator[str]:
        """The map as a file."""
        yield "# How lead-qualifier import reads this export, as guessed from its header and first rows."
        if self.recognised is not None:
            yield f"# It looks like an export of the ready map {self.recognised} (--map {self.recognised})."
        yield "# Check the lines with a comment, then: lead-qualifier import FILE --map THIS --check"
        yield from lines_of(self.form, self.comments)


def suggest(export: Export) -> Suggestion:
    """Guess a map for an export. Raises UnreadableExport."""
    rows = [row[1] for row in islice(export.rows(), _ROWS) if not isinstance(row, BadRow)]
    columns = [
        _Column(title, [text for row in rows if (text := row[index].strip())])
        for index, title in enumerate(export.titles)
        if title
    ]
    return _Guess(export, columns).suggestion()


class _Guess:
    """The map so far, and the columns that it does not use yet."""

    def __init__(self, export: Export, columns: list[_Column]) -> None:
        self._export = export
        self._made = Suggestion()
        no_value = [text for text in NO_VALUE if any(text in column.values for column in columns)]
        for column in columns:
            column.values = [text for text in column.values if text not in no_value]
        self._columns = {column.title: column for column in columns}
        self._folded = {title.casefold(): title for title in self._columns}
        self._left = dict(self._columns)
        self._file: dict[str, Any] = {}
        if export.encoding != "utf-8-sig":
            self._file["encoding"] = export.encoding
        if export.encoding == WESTERN:
            self._say("file", "encoding", text="UNSURE: it is not UTF-8; this is Excel's in Western Europe")
        if export.separator_detected:
            self._file["separator"] = export.separator_name
        if no_value:
            self._file["empty"] = no_value
            self._say("file", "empty", text="these texts stand for an empty cell")

    def suggestion(self) -> Suggestion:
        made = self._made
        self._dates()
        self._decimal()
        if (known := self._recognise()) is not None:
            made.recognised, ready = known
            self._take_ready(ready)
            if (zone := ready["file"].get("time_zone")) is not None:
                self._file["time_zone"] = zone
                self._say("file", "time_zone", text="UNSURE: the time zone of the person who exported it")
        for name in TITLES:
            if name not in made.form:
                self._field(name)
        self._scores()
        self._rest()
        if "lead_id" not in made.form:
            made.form["lead_id"] = self._export.titles[0]
            self._say("lead_id", text="UNSURE: no column looks like the lead's id; each row needs another one")
        order = ("file", *TITLES, "attributes", "scores", "ignore")
        form = {"file": self._file, **made.form}
        made.form = {name: form[name] for name in order if form.get(name)}
        return made

    def _say(self, *where: str, text: str) -> None:
        self._made.comments[where] = text

    def _take(self, title: str) -> _Column:
        self._left.pop(title, None)
        return self._columns[title]

    # -- the file

    def _dates(self) -> None:
        """The forms of the columns that hold dates. Where one has the day first, they all do."""
        found = self._date_forms(DATES)
        if any(form.startswith("%d/%m") for form in found):
            found = self._date_forms([form for form in DATES if not form.startswith("%m/%d")])
        if found:
            self._file["dates"] = found
            if any(form.startswith("%m/%d") for form in found):
                self._say("file", "dates", text="UNSURE: month first, or day first (%d/%m/%Y)?")

    def _date_forms(self, candidates: Sequence[str]) -> list[str]:
        forms = (_date_form(column, candidates) for column in self._columns.values())
        return list(dict.fromkeys(form for form in forms if form is not None))

    def _decimal(self) -> None:
        with_comma = [
            column.title
            for column in self._columns.values()
            if column.values
            and all(number_of(text, ",") is not None for text in column.values)
            and not all(number_of(text, ".") is not None for text in column.values)
        ]
        if with_comma:
            self._file["decimal"] = ","
            self._say("file", "decimal", text=f"as in {with_comma[0]}")

    # -- a known export

    def _recognise(self) -> tuple[str, Mapping[str, Any]] | None:
        """The ready map that names most columns of this export, and its name."""
        maps = {name: ready_map(name) for name in ready_maps()}
        hits = {name: self._hits(form) for name, form in maps.items()}
        best = max(hits, key=hits.__getitem__)
        return (best, maps[best]) if hits[best] > _RECOGNISED else None

    def _hits(self, form: Mapping[str, Any]) -> int:
        if self._title(form["lead_id"]) is None:
            return 0
        named = [*_fields_of(form).values(), *form["ignore"]]
        return len({title for column in named if (title := self._title(in_full(column)["column"])) is not None})

    def _title(self, titles: str | Sequence[str]) -> str | None:
        given = [titles] if isinstance(titles, str) else titles
        return next((self._folded[one.casefold()] for one in given if one.casefold() in self._folded), None)

    def _take_ready(self, form: Mapping[str, Any]) -> None:
        for where, column in _fields_of(form).items():
            if (title := self._title(in_full(column)["column"])) is None or title not in self._left:
                continue
            own = self._narrowed(column, title) if isinstance(column, dict) else title
            here = self._made.form
            for step in where[:-1]:
                here = here.setdefault(step, {})
            here[where[-1]] = own
            if isinstance(own, dict) and "values" in own:
                self._take_values(where, own, self._columns[title])
        for column in _fields_of(self._made.form).values():  # several fields may read one column
            self._take(in_full(column)["column"])
        for title in form["ignore"]:
            if (found := self._title(title)) is not None and found in self._left:
                self._made.form.setdefault("ignore", []).append(self._take(found).title)

    def _narrowed(self, column: Mapping[str, Any], title: str) -> dict[str, Any]:
        """A column of a ready map, with the titles that this export has."""
        own = {**column, "column": title}
        for further in ("grade", "occurred_at"):
            if further in own and (found := self._title(own.pop(further))) is not None:
                own[further] = self._take(found).title
        return own

    def _take_values(self, where: tuple[str, ...], own: dict[str, Any], column: _Column) -> None:
        known = {name.casefold() for name in own["values"]}
        own["values"] = dict(own["values"])
        for text in column.different[:_FEW_VALUES]:
            if text.casefold() not in known:
                own["values"][text] = own.get("otherwise", "open" if where == ("status",) else None)
                self._say(*where, "values", text, text="UNSURE: not a value of the CRM's own")

    # -- any export

    def _field(self, name: str) -> None:
        for wanted in TITLES[name]:
            for column in list(self._left.values()):
                if column.plain == wanted and self._fits(name, column):
                    self._take(column.title)
                    self._set_field(name, column)
                    return

    def _fits(self, name: str, column: _Column) -> bool:
        if name == "lead_id":
            return len(column.different) == len(column.values) > 0
        if name == "occurred_at":
            return bool(column.values) and _type_of(column, self._times(), self._decimal_sign()) == "date"
        return name not in {"status", "status_reason"} or 0 < len(column.different) <= _FEW_VALUES

    def _set_field(self, name: str, column: _Column) -> None:
        form = self._made.form
        if name in {"status", "status_reason"}:
            words = STATUS_WORDS if name == "status" else REASON_WORDS
            values: dict[str, Any] = {}
            for text in column.different:
                meant = _meaning(text, words)
                if meant is None and name == "status" and boolean_of(text) is not None:
                    meant = "qualified" if boolean_of(text) else "open"  # as of a column "Converted"
                values[text] = meant or ("open" if name == "status" else None)
                if meant is None:
                    self._say(name, "values", text, text="UNSURE")
            form[name] = {"column": column.title, "values": values}
        else:
            form[name] = column.title
        if name == "lead_id":
            self._say(name, text="guessed: every row has another value")
        elif name == "occurred_at":
            self._say(
                name, text="guessed: when the row changed; scores without a time of their own are dated by it, too"
            )

    def _scores(self) -> None:
        for column in list(self._left.values()):
            words = column.plain.split()
            if not ({"score", "scoring", "punktzahl"} & set(words) and column.values):
                continue
            if all(number_of(text, self._decimal_sign(), grouped=False) is not None for text in column.values):
                scores = self._made.form.setdefault("scores", {})
                name = _free("_".join(word for word in column.name.split("_") if word != "score") or "score", scores)
                scores[name] = self._take(column.title).title
                self._say("scores", name, text="the id of the scoring model: rename it to yours")

    def _rest(self) -> None:
        for column in list(self._left.values()):
            if (why := self._useless(column)) is not None:
                self._made.form.setdefault("ignore", []).append(column.title)
                self._say("ignore", column.title, text=why)
                continue
            kind = _type_of(column, self._times(), self._decimal_sign())
            own: Any = column.title if kind == "text" else {"column": column.title, "type": kind}
            attributes = self._made.form.setdefault("attributes", {})
            attributes[_free(column.name, attributes)] = own

    def _useless(self, column: _Column) -> str | None:
        if not column.values:
            return "empty in the first rows"
        if SYSTEM.match(column.title):
            return "for the CRM itself"
        if PERSONAL.search(column.plain) and not column.plain.startswith("do not"):
            return "personal data, which no rule needs"
        if sum(map(len, column.values)) > _LONG_TEXT * len(column.values):
            return "long text"
        return None

    def _times(self) -> Times:
        return Times(self._file)

    def _decimal_sign(self) -> str:
        return str(self._file.get("decimal", "."))


def _free(name: str, taken: Collection[str]) -> str:
    """The name, with a number if it is taken."""
    return next(one for one in chain([name], (f"{name}_{number}" for number in count(2))) if one not in taken)


def _fields_of(form: Mapping[str, Any]) -> dict[tuple[str, ...], Any]:
    """The columns of a map by their path."""
    found: dict[tuple[str, ...], Any] = {(name,): form[name] for name in TITLES if name in form}
    for group in ("attributes", "scores"):
        found |= {(group, name): column for name, column in form.get(group, {}).items()}
    return found


def _meaning(text: str, words: Mapping[str, tuple[str, ...]]) -> str | None:
    plain = " ".join(re.findall(r"\w+", text.casefold()))
    return next((meant for meant, known in words.items() if plain in known), None)


def _date_form(column: _Column, candidates: Sequence[str]) -> str | None:
    sample = column.different[:200]
    if not sample or not all(re.search(r"\d[./ -]", text) for text in sample):
        return None
    if _reads(Times({}), sample):
        return None
    return next((form for form in candidates if _reads(Times({"dates": [form]}), sample)), None)


def _reads(times: Times, sample: Sequence[str]) -> bool:
    try:
        for text in sample:
            times.of(text)
    except BadCell:
        return False
    return True


def _type_of(column: _Column, times: Times, decimal: str) -> str:
    sample = column.different[:200]
    if all(boolean_of(text) is not None for text in sample) and any(len(text) > 1 for text in sample):
        return "boolean"
    if all(number_of(text, decimal) is not None for text in sample):
        return "number"
    return "date" if all(re.match(r"\d", text) for text in sample) and _reads(times, sample) else "text"
