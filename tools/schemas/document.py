"""A document: one JSON Schema, made from the type that checks what follows it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter

from lead_qualifier.messages.topics import Topic


@dataclass(frozen=True)
class Document:
    """One JSON Schema. `name` is its file's, and the topic's where there is one."""

    name: str
    describes: Any
    #: Where the schema itself has none: what `describes` is.
    description: str | None = None
    topic: Topic | None = None

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        """What checks a value by this document."""
        return TypeAdapter(self.describes)


def of(topic: Topic, describes: Any, description: str | None = None) -> Document:
    """The document of a topic's records."""
    return Document(topic.name, describes, description, topic)
