"""The pages that every page links to."""

from __future__ import annotations

from dataclasses import dataclass

from lead_qualifier.console.pages.definition_kinds import KINDS_OF_PAGES, KindOfPages
from lead_qualifier.console.pages.terms import marked as _


@dataclass(frozen=True, slots=True)
class Entry:
    """A link. `also`: the pages below it, for which it is marked as current."""

    address: str
    title: str
    also: tuple[str, ...] = ()


def _of(kind: KindOfPages) -> Entry:
    return Entry(kind.list_path, kind.title, also=(*kind.paths, *_BESIDE.get(kind.name, ())))


#: Pages that stand beside the list of a kind.
_BESIDE = {"assignment": ("/sellers", "/waiting")}

NAVIGATION: tuple[Entry, ...] = (
    Entry("/", _("Overview")),
    Entry("/leads", _("Leads"), also=("/lead",)),
    Entry(
        "/models",
        _("Qualification models"),
        also=("/model", "/model/edit", "/model/yaml", "/model/preview", "/model/confirm", "/model/diff"),
    ),
    Entry("/scoring-models", _("Scoring models"), also=("/scoring-model", "/scoring-model/scores")),
    Entry("/report", _("Acceptance")),
    *map(_of, KINDS_OF_PAGES),
    Entry("/dead-letters", _("Dead letters"), also=("/dead-letter",)),
    Entry("/audit", _("Audit trail")),
    Entry("/settings", _("Settings")),
)
"""In the order in which people see them."""


def section_of(path: str) -> Entry:
    """The link that a page belongs to; the first one for pages that belong to none."""
    return next((one for one in NAVIGATION if path == one.address or path in one.also), NAVIGATION[0])
