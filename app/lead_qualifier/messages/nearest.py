"""Suggests the known name that is nearest to an unknown one, quickly even with many known or unknown names."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Collection
from difflib import get_close_matches
from functools import cached_property

from lead_qualifier.qualification.finding import Finding
from lead_qualifier.wording.sentences import IN_ENGLISH
from lead_qualifier.wording.shortening import MOST

#: If more names are known, only those that start or end most like the unknown one are compared: about this many.
_FEW = 40
#: For longer names nothing is suggested.
_LONGEST = 100
#: If none is near and no more names than these are known, all are listed.
_LISTED = 12


class Nearest:
    """The known names. People see only the first problems, so only the first unknown names get a suggestion."""

    def __init__(self, known: Collection[str]) -> None:
        self._known = known
        self._asked = 0

    def __contains__(self, name: str) -> bool:
        return name in self._known

    def to(self, name: str) -> str | None:
        """The nearest name, or None."""
        self._asked += 1
        if self._asked > MOST or len(name) > _LONGEST:
            return None
        close = get_close_matches(name, self._candidates(name), n=1)
        return close[0] if close else None

    def suggestion(self, name: str) -> Finding:
        """What to tell somebody who gave an unknown name."""
        if (close := self.to(name)) is not None:
            return Finding("did_you_mean", name=close)
        if not self._known:
            return Finding("none_known")
        if len(self._names) <= _LISTED:
            return Finding("known_are", names=tuple(self._names))
        return Finding("none_similar", count=len(self._names))

    def advice(self, name: str) -> str:
        """The suggestion in English."""
        return IN_ENGLISH.sentence(self.suggestion(name))

    @cached_property
    def _names(self) -> list[str]:
        return sorted(self._known)

    @cached_property
    def _from_the_end(self) -> list[str]:
        return sorted(name[::-1] for name in self._names)

    def _candidates(self, name: str) -> list[str]:
        if len(self._names) <= _FEW:
            return self._names
        near_end = _around(self._from_the_end, name[::-1])
        return list(dict.fromkeys((*_around(self._names, name), *(one[::-1] for one in near_end))))


def _around(names: list[str], name: str) -> list[str]:
    at = bisect(names, name)
    return names[max(0, at - _FEW // 4) : at + _FEW // 4]
