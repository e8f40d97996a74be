"""Checks FULL_TRANSITIVE compatibility: records written by either of two schemas can be read by the other.

The rule is narrower than JSON Schema would allow, and easy to keep: only optional fields are added. Everything else
stays as it is, except the wording. Documents that people write and only we read may also accept further forms: whatever
was written before is still read.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WORDS = frozenset({"$schema", "$id", "$defs", "title", "description", "examples", "default"})
_ALTERNATIVES = ("anyOf", "oneOf")
_COMPARED_APART = _WORDS | {"properties", "required", "items", "additionalProperties", "enum", "type", *_ALTERNATIVES}

#: Values that fields have gained since a release, by message and field. They occur only if a definition asks for them.
GAINED = {"lead-qualified": {"origin": frozenset({"fast_track"})}}
#: People write these, and only we read them: no other reader meets a form that it does not know.
READ_BY_US = frozenset({"qualification-model", "qualification-commands"})
#: Fields that became optional, by the title of their object. Each breaks readers that require it, so each needs its
#: reason. A criterion asks for grades in place of a threshold: docs/decisions/grades.md.
MADE_OPTIONAL = frozenset({"Evidence.threshold", "StoredCriterion.threshold"})


def incompatibilities(
    released: dict[str, Any],
    current: dict[str, Any],
    *,
    more_forms: bool = False,
    gained: Mapping[str, frozenset[str]] = MappingProxyType({}),
) -> list[str]:
    """What in `current` breaks readers or writers of `released`, a sentence each; empty if nothing does.

    `more_forms`: a value may accept further forms, in addition to those it had. `gained`: values that a field may have
    since, by its path.
    """
    comparison = _Comparison(released, current, more_forms=more_forms, gained=gained)
    return list(comparison.of(released, current, ""))


def broken_promises(released: Mapping[str, dict[str, Any]], current: Mapping[str, dict[str, Any]]) -> list[str]:
    """What in the current documents breaks those of a release; both by name."""
    broken = []
    for name, schema in released.items():
        if name in current:
            sentences = incompatibilities(
                schema, current[name], more_forms=name in READ_BY_US, gained=GAINED.get(name, {})
            )
            broken += [f"{name}: {sentence}" for sentence in sentences]
        else:
            broken.append(f"{name}: was removed")
    return broken


class _Comparison:
    def __init__(
        self,
        released: dict[str, Any],
        current: dict[str, Any],
        *,
        more_forms: bool,
        gained: Mapping[str, frozenset[str]],
    ) -> None:
        self._more_forms = more_forms
        self._gained = gained
        self._released = released
        self._current = current
        self._under_way: set[tuple[str, str]] = set()

    def of(self, old: Any, new: Any, where: str) -> Iterator[str]:
        if "$ref" in old and "$ref" in new:
            pair = (old["$ref"], new["$ref"])
            if pair in self._under_way:
                return
            self._under_way.add(pair)
            yield from self._resolved(old, new, where)
            self._under_way.discard(pair)
        else:
            yield from self._resolved(old, new, where)

    def _resolved(self, old: dict[str, Any], new: dict[str, Any], where: str) -> Iterator[str]:
        old, new = _follow(old, self._released), _follow(new, self._current)
        at = where or "the message"
        if self._more_forms and not any(keyword in old for keyword in _ALTERNATIVES):
            forms = [form for keyword in _ALTERNATIVES for form in new.get(keyword, [])]
            if any(not list(self.of(old, form, where)) for form in forms):
                return
        since = frozenset(map(repr, self._gained.get(where, ())))
        for keyword in ("type", "enum"):
            before, now = _as_set(old.get(keyword)), _as_set(new.get(keyword))
            if before != now and (before is None or now is None or before | since != now):
                yield f"{at}: {keyword} was {old.get(keyword)}, is {new.get(keyword)}"
        for keyword in sorted((old.keys() | new.keys()) - _COMPARED_APART):
            if old.get(keyword) != new.get(keyword):
                yield f"{at}: {keyword} was {old.get(keyword)}, is {new.get(keyword)}"
        yield from self._fields(old, new, where)
        for keyword in ("items", "additionalProperties"):
            yield from self._inner(old.get(keyword, True), new.get(keyword, True), f"{at}, {keyword}")
        for keyword in _ALTERNATIVES:
            yield from self._alternatives(old.get(keyword, []), new.get(keyword, []), at)

    def _fields(self, old: dict[str, Any], new: dict[str, Any], where: str) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        required_before, required_after = set(old.get("required", [])), set(new.get("required", []))
        for name, field in before.items():
            path = f"{where}.{name}" if where else name
            if name not in after:
                yield f"{path}: was removed"
                continue
            excepted = f"{old.get('title')}.{name}" in MADE_OPTIONAL and name in required_before
            if (name in required_before) != (name in required_after) and not excepted:
                words = ("optional", "required")
                yield f"{path}: was {words[name in required_before]}, is {words[name in required_after]}"
            yield from self.of(field, after[name], path)
        for name in after.keys() - before.keys():
            if name in required_after:
                yield f"{where}.{name}: was added as required" if where else f"{name}: was added as required"

    def _inner(self, old: Any, new: Any, where: str) -> Iterator[str]:
        if isinstance(old, dict) and isinstance(new, dict):
            yield from self.of(old, new, where)
        elif old != new:
            yield f"{where}: was {old}, is {new}"

    def _alternatives(self, old: list[Any], new: list[Any], at: str) -> Iterator[str]:
        left = list(new)
        for one in old:
            match = next((other for other in left if not list(self.of(one, other, ""))), None)
            if match is None:
                yield f"{at}: an alternative was changed or removed"
            else:
                left.remove(match)
        if left and not self._more_forms:
            yield f"{at}: alternatives were added"


def _follow(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        target: Any = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        schema = {**target, **{name: value for name, value in schema.items() if name != "$ref"}}
    return schema


def _as_set(value: Any) -> frozenset[str] | None:
    if value is None:
        return None
    return frozenset(map(repr, value)) if isinstance(value, list) else frozenset({repr(value)})
