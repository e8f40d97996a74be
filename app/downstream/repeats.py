"""Telling a repeated event by its id."""

from __future__ import annotations


def repeats(seen: list[str], event_id: str, most: int) -> bool:
    """Is the event among those seen last? It is from now on; `most` are remembered."""
    if event_id in seen:
        return True
    seen.append(event_id)
    del seen[:-most]
    return False
