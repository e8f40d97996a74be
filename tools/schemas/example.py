"""An example of a document: what one looks like, and what it shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Example:
    """A value that follows a document, and what it shows."""

    document: str
    name: str
    shows: str
    value: dict[str, Any]

    @property
    def file_name(self) -> str:
        """In schemas/examples."""
        return f"{self.document}.{self.name}.json"
