"""Recognises repeated events by their ids."""

from __future__ import annotations

from msgspec import Struct, field

#: How many qualifications of a lead are remembered.
_QUALIFICATIONS = 20


def seen_before(seen: list[str], event_id: str, most: int) -> bool:
    """Is the event among those in `seen`? It is added, and the list is cut to the newest `most`."""
    if event_id in seen:
        return True
    seen.append(event_id)
    del seen[:-most]
    return False


class SeenQualifications(Struct, omit_defaults=True, kw_only=True):
    """Part of a lead's state: the ids of the qualifications that were read last."""

    qualifications: list[str] = field(default_factory=list)
    """`event_id` of the last qualifications: a repeated one is ignored."""

    def seen_before(self, event_id: str) -> bool:
        """Was this qualification read before? It counts as read from now on."""
        return seen_before(self.qualifications, event_id, _QUALIFICATIONS)
