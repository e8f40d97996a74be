"""What the text of a cell means: a value as JSON, nothing, or a fault in words that fit a spreadsheet."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from lead_qualifier.messages import id_form
from lead_qualifier.messages.nearest import Nearest
from lead_qualifier.qualification.utc import EARLIEST_PLAUSIBLE, PLAUSIBLE_BEFORE, within_years

_json = msgspec.json.Encoder().encode
_REMEMBERED = 20_000
_SHOWN = 40

Encode = Callable[[str], bytes]
"""Gives the JSON of a text that is not empty. Raises BadCell."""
Convert = Callable[[str], bytes | None]
"""The same; None: the text means nothing."""


_Content = TypeVar("_Content")


class BadCell(ValueError):
    """A cell cannot be read; the message is the end of a sentence that starts with the column's title."""


class Cells(dict[str, _Content | None]):
    """What the cells of one column say. Most columns have few different ones: each is converted once.

    Looking up a cell raises BadCell if it cannot be converted.
    """

    def __init__(
        self, convert: Callable[[str], _Content | None], *, empty: _Content | None, empty_texts: Iterable[str] = ()
    ) -> None:
        """`empty`: what an empty cell says. `empty_texts`: texts that mean an empty cell, too."""
        super().__init__(dict.fromkeys(("", *empty_texts), empty))
        self._convert = convert

    def __missing__(self, cell: str) -> _Content | None:
        text = cell.strip()
        found = self[text] if text in self else self._convert(text)
        if len(self) < _REMEMBERED:
            self[cell] = found
        return found


def shown(text: str) -> str:
    """A cell as it is quoted in a message."""
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def as_text(text: str) -> bytes:
    """Text as it is."""
    try:
        return _json(text)
    except UnicodeEncodeError:
        raise BadCell("has bytes that the file's encoding does not know: name the encoding in the map") from None


def as_id(field: str) -> Encode:
    """An id, in the form that the settings require."""

    def convert(text: str) -> bytes:
        if (form := id_form.required) is not None and (fault := form.fault(field, text)) is not None:
            raise BadCell(fault)
        return as_text(text)

    return convert


_TRUE = frozenset({"true", "yes", "1", "y", "t", "ja", "wahr", "x", "oui", "vrai"})
_FALSE = frozenset({"false", "no", "0", "n", "f", "nein", "falsch", "non", "faux"})


def boolean_of(text: str) -> bool | None:
    """What yes or no means in a few languages; None for any other text."""
    word = text.casefold()
    return True if word in _TRUE else False if word in _FALSE else None


def as_boolean(text: str) -> bytes:
    """Yes or no."""
    found = boolean_of(text)
    if found is None:
        raise BadCell(f"must be yes or no, found {shown(text)}: list other words in values")
    return b"true" if found else b"false"


_GROUPED = {
    ".": re.compile(r"[-+]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?"),
    ",": re.compile(r"[-+]?[0-9]{1,3}(\.[0-9]{3})+(,[0-9]+)?"),
}
_SPACED = re.compile(r"[-+]?[0-9]{1,3}([ \u00a0\u202f'’][0-9]{3})+([.,][0-9]+)?")
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_OTHER = {".": ",", ",": "."}


def number_of(text: str, decimal: str, *, grouped: bool = True) -> int | float | None:
    """The number that a text is, if any. `grouped`: it may have separators of thousands, a currency sign or a `%`."""
    plain = _without_currency(text) if grouped else text
    if grouped and (_GROUPED[decimal].fullmatch(plain) or _SPACED.fullmatch(plain)):
        plain = re.sub(rf"[^-+0-9{decimal}]", "", plain)
    if decimal == ",":
        if "." in plain:
            return None
        plain = plain.replace(",", ".")
    if not _NUMBER.fullmatch(plain):
        return None
    number = float(plain)
    if not math.isfinite(number):
        return None
    return int(number) if number == int(number) and abs(number) < 2**53 else number


def _without_currency(text: str) -> str:
    stripped = "".join(char for char in text if unicodedata.category(char) != "Sc").removesuffix("%")
    return stripped.strip()


def as_number(decimal: str, *, grouped: bool) -> Encode:
    """A number by the decimal sign of the map."""

    def convert(text: str) -> bytes:
        number = number_of(text, decimal, grouped=grouped)
        if number is not None:
            return _json(number)
        other = _OTHER[decimal]
        if number_of(text, other, grouped=grouped) is not None:
            raise BadCell(
                f'must be a number with "{decimal}" as decimal sign, found {shown(text)}: if the export writes numbers '
                f'like that, say so in the map, as in file: {{decimal: "{other}"}}'
            )
        raise BadCell(f"must be a number, found {shown(text)}")

    return convert


class Times:
    """Reads dates and times as the map says."""

    def __init__(self, form: Mapping[str, Any]) -> None:
        """`form`: `file` of the map."""
        self._forms: Sequence[str] = form.get("dates", ())
        self._zone = ZoneInfo(form["time_zone"]) if "time_zone" in form else UTC

    def of(self, text: str) -> datetime:
        """The time in UTC; of a date alone, its beginning. Raises BadCell."""
        return within_years(self._local(text))

    def as_date(self, text: str) -> bytes:
        """For an attribute: `2026-11-23`, or with its time if it has one. Raises BadCell."""
        at = self._local(text)
        if (at.hour, at.minute, at.second, at.microsecond) == (0, 0, 0, 0):
            return _json(at.date())
        return _json(within_years(at))

    def _local(self, text: str) -> datetime:
        found = self._parsed(text)
        if found is None:
            wanted = (
                " or ".join(self._forms) or "a date or time in ISO 8601, such as 2026-11-23 or 2026-11-23T09:30:00Z"
            )
            advice = "" if self._forms else "; name other forms in the map, as in file: {dates: ['%d.%m.%Y %H:%M']}"
            raise BadCell(f"must be {wanted}, found {shown(text)}{advice}")
        return found if found.tzinfo is not None else found.replace(tzinfo=self._zone)

    def _parsed(self, text: str) -> datetime | None:
        for form in self._forms:
            try:
                return datetime.strptime(text, form)  # noqa: DTZ007  _local adds the zone
            except ValueError:
                continue
        try:
            return None if self._forms and not text[:4].isdigit() else datetime.fromisoformat(text)
        except ValueError:
            return None


def as_occurred_at(times: Times, latest: datetime) -> Callable[[str], datetime]:
    """When something occurred: not later than `latest`. Raises BadCell."""

    def convert(text: str) -> datetime:
        at = times.of(text)
        if not EARLIEST_PLAUSIBLE <= at < PLAUSIBLE_BEFORE:
            raise BadCell(f"must be a time between 1970 and 2200, found {shown(text)}")
        if at > latest:
            raise BadCell(f"is in the future: {shown(text)} (file: {{time_zone: ...}} in the map sets the time zone)")
        return at

    return convert


def rfc_3339(at: datetime) -> bytes:
    """The time as messages write it, without quotes."""
    return _json(at)[1:-1]


def by_name(values: Mapping[str, Any], otherwise: Any = msgspec.UNSET) -> Convert:
    """What each value is called. `otherwise`: what any other means; UNSET: no other is allowed."""
    exact = {name: None if value is None else _json(value) for name, value in values.items()}
    folded = {name.strip().casefold(): content for name, content in exact.items()}
    nearest = Nearest(tuple(values))

    def convert(text: str) -> bytes | None:
        if text in exact:
            return exact[text]
        if (name := text.casefold()) in folded:
            return folded[name]
        if otherwise is not msgspec.UNSET:
            return None if otherwise is None else _json(otherwise)
        raise BadCell(f"has the value {shown(text)}, which values does not name: {nearest.advice(text)}")

    return convert
