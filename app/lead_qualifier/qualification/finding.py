"""What the domain has to say to people: a code with arguments, without a word of any language."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True, init=False)
class Finding:
    """Something to say. `wording` has the sentence of its code, in which the arguments stand by their names."""

    code: str
    arguments: Mapping[str, Any] = field(hash=False)

    def __init__(self, code: str, /, **arguments: Any) -> None:
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "arguments", MappingProxyType(arguments))
