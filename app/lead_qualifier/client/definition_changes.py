"""Compares two definitions, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

ABSENT: Any = object()
"""Stands for a field or an item that is missing, which differs from every value."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field or item that differs; `before` is ABSENT if it was added, `after` if it was removed.

    `field` is its path, such as `criteria.0.threshold`, in the later definition, or in the earlier one if it was
    removed.
    """

    field: str
    before: Any
    after: Any


def changes(before: Any, after: Any, path: str = "") -> Iterator[Change]:
    """Every difference, in the order of the fields.

    Criteria are matched by scoring model and groups by kind, wherever they are.
    """
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys((*after, *before)):
            yield from changes(before.get(name, ABSENT), after.get(name, ABSENT), f"{path}.{name}" if path else name)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _in_lists(before, after, path)
    elif before != after:
        yield Change(path, before, after)


def _in_lists(before: Sequence[Any], after: Sequence[Any], path: str) -> Iterator[Change]:
    matcher = SequenceMatcher(None, [_identity(one) for one in before], [_identity(one) for one in after], False)
    for what, old, old_end, new, new_end in matcher.get_opcodes():
        if what == "equal":
            for offset in range(new_end - new):
                yield from changes(before[old + offset], after[new + offset], f"{path}.{new + offset}")
            continue
        for index in range(old, old_end):
            yield Change(f"{path}.{index}", before[index], ABSENT)
        for index in range(new, new_end):
            yield Change(f"{path}.{index}", ABSENT, after[index])


def _identity(item: Any) -> str:
    """What identifies an item in both lists."""
    if not isinstance(item, Mapping):
        return repr(item)
    if "scoring_model" in item:
        return f"criterion {item['scoring_model']}"
    return f"group {' '.join(sorted(item))}"
