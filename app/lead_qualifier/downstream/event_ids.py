"""Deterministic ids of emitted events: a decision that is computed again gets the same id."""

from __future__ import annotations

import json
from uuid import UUID, uuid5

_EVENT_IDS = UUID("3f1c9f0a-2b54-5f0b-9c1e-7d3a5e8b6c21")


def event_id(*parts: str | int) -> str:
    """A UUID (version 5) of what identifies a decision, the topic's name first."""
    return str(uuid5(_EVENT_IDS, json.dumps(parts)))
