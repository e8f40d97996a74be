"""Telling a repeated event by its id."""

from __future__ import annotations

from msgspec import Struct, field

#: So many qualifications of a lead are remembered.
_QUALIFICATIONS = 20


def repeats(seen: list[str], event_id: str, most: int) -> bool:
    """Is the event among those seen last? It is from now on; `most` are remembered."""
    if event_id in seen:
        return True
    seen.append(event_id)
    del seen[:-most]
    return False


class KnownQualifications(Struct, omit_defaults=True, kw_only=True):
    """A part of what is held about a lead: which qualifications were read last."""

    qualifications: list[str] = field(default_factory=list)
    """`event_id` of the last qualifications: a repeated one is ignored."""

    def repeats(self, event_id: str) -> bool:
        """Was this qualification seen before? It is from now on."""
        return repeats(self.qualifications, event_id, _QUALIFICATIONS)
