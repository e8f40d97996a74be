"""Makes the messages of a row: one `lead-changed`, and one `lead-score-changed` for each of its scores.

An event's id is derived from its content: the same row makes the same events, whichever file it is in and however
often it is sent. The messages are put together from encoded parts, because an export has millions of cells and few
different ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha1
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec

from lead_qualifier.client.lead_import.cells import (
    BadCell,
    Cells,
    Convert,
    Times,
    as_boolean,
    as_id,
    as_number,
    as_occurred_at,
    as_text,
    by_name,
    rfc_3339,
)
from lead_qualifier.client.lead_import.csv_file import BadRow, UnreadableExport
from lead_qualifier.client.lead_import.header import Header, Titled
from lead_qualifier.client.lead_import.map_form import in_full
from lead_qualifier.qualification.lead_fields import FIELD_VALUES

_EVENT_IDS = UUID("8d0f7b52-3c5e-5d0a-9a51-6f1f0a2b7c33")
_seed = sha1(_EVENT_IDS.bytes, usedforsecurity=False)
_json = msgspec.json.Encoder().encode
_TYPES: Mapping[str, Convert] = {"text": as_text, "boolean": as_boolean}


@dataclass(frozen=True, slots=True)
class Messages:
    """The messages of a row. `change` is None if the map imports nothing about the lead itself; `scores`: one for each
    scoring model, None if the row has none.
    """

    key: bytes
    change: bytes | None
    scores: list[bytes | None]


_Content = TypeVar("_Content")


@dataclass(frozen=True, slots=True)
class _Column(Generic[_Content]):
    """A column, and what its cells become in a message."""

    index: int
    cells: Cells[_Content]

    def read(self, row: Sequence[str]) -> _Content | None:
        """What the row says in this column. Raises BadCell."""
        return self.cells[row[self.index]]


_Part = _Column[bytes]
_Moments = tuple[bytes, bytes]
"""When a lead changed, and when its scores did that have no time of their own."""


@dataclass(frozen=True, slots=True)
class _Score:
    name: str
    value: _Part
    begins: bytes
    """The message from the scoring model to where the score follows."""
    grade: _Part | None
    time: _Column[_Moments] | None


_MILLISECOND = timedelta(milliseconds=1)


def _moments(at: datetime) -> _Moments:
    """Of a row from this time: its scores change a millisecond after its lead.

    A change that is not older than a qualification may take back what that did. So the change of a row must be older
    than the qualification that its scores cause, also if the row is sent again.
    """
    return rfc_3339(at), rfc_3339(at + _MILLISECOND)


class RowEncoder:
    """Encodes the rows of one export by its map. `unused`: titles that the map does not name."""

    def __init__(
        self,
        export: Titled,
        form: Mapping[str, Any],
        *,
        as_of: datetime | None,
        latest: datetime,
        only: str | None = None,
    ) -> None:
        """`form`: a valid map. `as_of`: the time of rows that have none of their own; None: each row must have one.
        `latest`: the latest plausible time. `only`: `leads` or `scores`, to leave the other out.

        Raises UnreadableExport if the header lacks a column that the map needs.
        """
        file = form.get("file", {})
        self._header = Header(export, skip=file.get("missing_columns") == "skip")
        self._empty: Sequence[str] = file.get("empty", ())
        self._decimal = file.get("decimal", ".")
        times = Times(file)
        self._times = times
        occurred_at = as_occurred_at(times, latest)
        self._as_of = None if as_of is None else _moments(as_of)
        self._id_index = self._header.index("lead_id", form["lead_id"], required=True) or 0
        self._id = as_id("lead_id")
        self._time = self._time_of("occurred_at", form.get("occurred_at"), occurred_at)
        self._fields = list(self._lead_fields(form)) if only != "scores" else []
        self._attributes = list(self._attribute_fields(form.get("attributes", {}))) if only != "scores" else []
        self._scores = list(self._score_columns(form.get("scores", {}), occurred_at)) if only != "leads" else []
        self.scoring_models = [score.name for score in self._scores]
        self.titles = export.titles
        self.unused = self._header.unused(form.get("ignore", ()))
        self.missing = self._header.finish()
        self.has_times = self._time is not None
        """Whether the rows say when they are from."""
        self.imports_leads = bool(self._fields or self._attributes)
        if not self.imports_leads and not self._scores:
            raise UnreadableExport(f"{export.name}: the header has none of the columns that the map imports")

    def encode(self, row: Sequence[str]) -> Messages:
        """The messages of a row. Raises BadCell; `problems` then lists everything that is wrong."""
        key, lead_id = self._lead_id(row)
        changed_at, scored_at = self._moments_of(row)
        begins = b'"lead_id":%b,' % lead_id
        change = None
        if self.imports_leads:
            parts = [begins, b'"occurred_at":"', changed_at, b'"']
            parts += [part.cells[row[part.index]] or b"" for part in self._fields]
            if found := [content for part in self._attributes if (content := part.cells[row[part.index]])]:
                parts += (b',"attributes":{', b",".join(found), b"}")
            change = _event(b"".join(parts))
        scores: list[bytes | None] = []
        for score in self._scores:
            value = score.value.cells[row[score.value.index]]
            if not value:
                scores.append(None)
                continue
            grade = b"" if score.grade is None else score.grade.read(row) or b""
            at = scored_at
            if score.time is not None and (own := score.time.read(row)) is not None:
                at = own[0]
            scores.append(_event(b'%b%b%b%b,"occurred_at":"%b"' % (begins, score.begins, value, grade, at)))
        return Messages(key, change, scores)

    def problems(self, line: int, row: Sequence[str]) -> Iterator[BadRow]:
        """What is wrong with a row, cell by cell."""
        reads: list[tuple[int, Callable[[Sequence[str]], object]]] = [(self._id_index, self._lead_id)]
        if self._time is not None:
            reads.append((self._time.index, self._moments_of))
        reads += [(score.time.index, score.time.read) for score in self._scores if score.time is not None]
        parts = [*self._fields, *self._attributes, *(score.value for score in self._scores)]
        parts += [score.grade for score in self._scores if score.grade is not None]
        reads += [(part.index, part.read) for part in parts]
        for index, read in reads:
            try:
                read(row)
            except BadCell as bad:
                yield BadRow(line, self.titles[index], str(bad), tuple(row))

    def _lead_id(self, row: Sequence[str]) -> tuple[bytes, bytes]:
        """The id as a record's key, and as JSON."""
        lead_id = row[self._id_index].strip()
        if not lead_id:
            raise BadCell("is empty, and every row needs the id of its lead")
        encoded = self._id(lead_id)
        return lead_id.encode(), encoded

    def _moments_of(self, row: Sequence[str]) -> _Moments:
        own = None if self._time is None else self._time.read(row)
        if (moments := own or self._as_of) is None:
            raise BadCell("is empty, and nothing else says when this was: give --as-of")
        return moments

    # -- the columns of the map

    def _lead_fields(self, form: Mapping[str, Any]) -> Iterator[_Part]:
        for field, known in FIELD_VALUES.items():
            if field in form:
                yield from self._field(field, in_full(form[field]), b',"%b":' % field.encode(), _flag(known))
        for field in ("owner_id", "contact_id"):
            if field in form:
                yield from self._field(field, in_full(form[field]), b',"%b":' % field.encode(), as_id(field))

    def _attribute_fields(self, columns: Mapping[str, Any]) -> Iterator[_Part]:
        for name, written in sorted(columns.items()):  # the event's id depends on the order
            column = in_full(written)
            convert = self._of_type(column.get("type", "text"))
            yield from self._field(f"attributes.{name}", column, b"%b:" % _json(name), convert)

    def _field(self, field: str, column: Mapping[str, Any], prefix: bytes, convert: Convert) -> Iterator[_Part]:
        """The column, if the export has it. `prefix`: comes before what a cell says in a message."""
        if (index := self._header.index(field, column["column"])) is None:
            return
        if "values" in column or "otherwise" in column:
            convert = by_name(column.get("values", {}), column.get("otherwise", msgspec.UNSET))
        empty = prefix + b"null" if column.get("empty") == "clear" else b""
        yield _Column(index, Cells(_prefixed(convert, prefix, empty), empty=empty, empty_texts=self._empty))

    def _of_type(self, kind: str) -> Convert:
        if kind == "number":
            return as_number(self._decimal, grouped=True)
        return self._times.as_date if kind == "date" else _TYPES[kind]

    def _score_columns(self, columns: Mapping[str, Any], occurred_at: Callable[[str], datetime]) -> Iterator[_Score]:
        for name, written in columns.items():
            column = in_full(written)
            if (index := self._header.index(f"scores.{name}", column["column"])) is None:
                continue
            grade = self._header.index(f"scores.{name}.grade", column["grade"]) if "grade" in column else None
            number = Cells(as_number(self._decimal, grouped=False), empty=b"", empty_texts=self._empty)
            letter = Cells(_prefixed(as_text, b',"grade":'), empty=b"", empty_texts=self._empty)
            yield _Score(
                name,
                _Column(index, number),
                b'"scoring_model_id":%b,"score":' % _json(name),
                None if grade is None else _Column(grade, letter),
                self._time_of(f"scores.{name}.occurred_at", column.get("occurred_at"), occurred_at),
            )

    def _time_of(self, field: str, titles: Any, convert: Callable[[str], datetime]) -> _Column[_Moments] | None:
        if titles is None or (index := self._header.index(field, titles)) is None:
            return None
        return _Column(index, Cells(lambda text: _moments(convert(text)), empty=None, empty_texts=self._empty))


def _event(body: bytes) -> bytes:
    """A message with its event's id: a UUID (version 5) of all else that it says."""
    digest = _seed.copy()
    digest.update(body)
    text = digest.hexdigest()
    variant = "89ab"[int(text[16], 16) & 3]
    event_id = f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{variant}{text[17:20]}-{text[20:32]}"
    return b'{"event_id":"%b",%b}' % (event_id.encode(), body)


def _prefixed(convert: Convert, prefix: bytes, empty: bytes = b"") -> Convert:
    def prefixed(text: str) -> bytes:
        content = convert(text)
        return empty if content is None else prefix + content

    return prefixed


def _flag(known: Sequence[str | bool]) -> Convert:
    """Reads the words that the messages use, too."""
    if True in known:
        return as_boolean
    return by_name({str(one): one for one in known})
