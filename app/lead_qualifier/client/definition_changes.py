"""Compares two definitions, field by field and line by line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, unified_diff
from typing import Any

from lead_qualifier.messages.definition_writing import model_lines

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

    def as_json(self) -> dict[str, Any]:
        """The change for programs; `from` or `to` is absent where the field is."""
        sides = (("from", self.before), ("to", self.after))
        return {"field": self.field} | {name: value for name, value in sides if value is not ABSENT}


def changed_lines(
    before: Mapping[str, Any], after: Mapping[str, Any], *, before_name: str, after_name: str
) -> list[str]:
    """Two qualification models as one unified diff of all their lines; empty if they are the same."""
    lines = unified_diff(model_lines(before), model_lines(after), before_name, after_name, lineterm="", n=100)
    return list(lines)


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
