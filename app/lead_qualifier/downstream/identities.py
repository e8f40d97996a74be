"""Ids of what services emit: the same decision always has the same, however often it is computed."""

from __future__ import annotations

import json
from uuid import UUID, uuid5

_EVENT_IDS = UUID("3f1c9f0a-2b54-5f0b-9c1e-7d3a5e8b6c21")


def event_id(*parts: str | int) -> str:
    """A UUID (version 5) made of what identifies a decision, the topic's name first."""
    return str(uuid5(_EVENT_IDS, json.dumps(parts)))
