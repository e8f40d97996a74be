"""The pages that every page links to."""

from __future__ import annotations

from dataclasses import dataclass

from lead_qualifier.console.pages.terms import marked as _


@dataclass(frozen=True, slots=True)
class Entry:
    """A link. `also`: the pages below it, for which it is marked as current."""

    address: str
    title: str
    also: tuple[str, ...] = ()


NAVIGATION: tuple[Entry, ...] = (
    Entry("/", _("Overview")),
    Entry("/leads", _("Leads"), also=("/lead",)),
)
"""In the order in which people see them."""
