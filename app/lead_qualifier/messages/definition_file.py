"""Reads definition files, YAML or JSON: the definition, or every problem with its line, field and correction."""

from __future__ import annotations

import itertools
import json
import re
import sys
from typing import TYPE_CHECKING, Any

import yaml

from lead_qualifier.messages.errors import BadDefinitionFile, Problem
from lead_qualifier.messages.reasons import path
from lead_qualifier.qualification.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from lead_qualifier.messages import definition_form

    ProblemsOf = Callable[[Any], Iterable[definition_form.Problem]]
    """What is wrong with a definition beyond its being YAML or JSON, by path."""
    _Found = tuple[definition_form.Path, int, Finding]

_EMPTY = Finding("empty_file")

MOST_BYTES = 256 * 1024
"""Far larger than any sensible definition; reading YAML takes seconds per megabyte."""
#: Size with every alias expanded, in characters, plus a fixed size for each value. No sensible file comes near it.
_MAX_WRITTEN_OUT = 3 * MOST_BYTES
_VALUE_SIZE = 8
#: How many problems are searched for, and how many are reported: after so many the file is checked again anyway.
_MOST_FOUND = 1000
_MOST_TOLD = 20


def read_definition_file(file: Path, problems_of: ProblemsOf, *, empty: Finding = _EMPTY) -> Any:
    """The data in a definition file; `-` is standard input. Otherwise as parse_definition()."""
    try:
        content = sys.stdin.buffer.read(MOST_BYTES + 1) if str(file) == "-" else file.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _refused(str(file), None, Finding("file_unreadable", reason=reason)) from error
    return parse_definition(content, str(file), problems_of, empty=empty)


def parse_definition(content: bytes | str, source: str, problems_of: ProblemsOf, *, empty: Finding = _EMPTY) -> Any:
    """The data in the content of a definition file of any kind. `source` names the file in errors.

    `problems_of` returns what is wrong with the data, by path. Raises BadDefinitionFile with every problem.
    """
    text = _text(content, source)
    try:
        data, root = _json(text, source) or _yaml(text, source)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise _refused(source, line, Finding("not_yaml", reason=error.problem or error.context)) from None
    except yaml.YAMLError as error:
        raise _refused(source, 1, Finding("not_yaml", reason=" ".join(str(error).split()))) from None
    except RecursionError:
        raise _refused(source, 1, Finding("nested_too_deeply")) from None
    if root is None:
        raise _refused(source, 1, empty)
    problems = list(_misread(root, (), set()))
    if not any(where[-1:] == (_MERGE,) for where, _, _ in problems):  # merged fields would be reported as missing
        lines = _Lines(root)
        wrong = itertools.islice(problems_of(data), _MOST_FOUND)
        problems += [(where, lines.of(where), finding) for where, finding in wrong]
    if problems:
        problems.sort(key=_by_line)
        found = [Problem(line, path(where), finding) for where, line, finding in problems]
        if (more := len(found) - _MOST_TOLD) > 0:
            rest = Finding("at_least_more_problems" if len(found) >= _MOST_FOUND else "more_problems", count=more)
            found[_MOST_TOLD:] = [Problem(found[_MOST_TOLD].line, "", rest)]
        raise BadDefinitionFile(source, found)
    return data


def _refused(source: str, line: int | None, finding: Finding) -> BadDefinitionFile:
    return BadDefinitionFile(source, [Problem(line, "", finding)])


def _by_line(problem: _Found) -> int:
    _where, line, _finding = problem
    return line


def _text(content: bytes | str, source: str) -> str:
    if len(content) > MOST_BYTES:
        raise _refused(source, 1, Finding("file_too_large", kib=MOST_BYTES // 1024))
    if isinstance(content, str):
        return content
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _refused(source, line, Finding("not_utf_8")) from None


def _json(text: str, source: str) -> tuple[Any, yaml.Node | None] | None:
    """The data and the nodes of a JSON text; None if it is not JSON."""
    named_json = source.lower().endswith(".json")
    if not named_json and not text.lstrip().startswith("{"):
        return None
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        if named_json:
            raise _refused(source, error.lineno, Finding("not_json", reason=error.msg)) from None
        return None
    except ValueError:  # Python converts no integer of more than 4300 digits
        raise _refused(source, 1, Finding("too_many_digits")) from None
    try:
        # JSON is YAML except for tabs, which in JSON cannot be inside a text.
        return data, yaml.compose(text.replace("\t", " "), _Loader)
    except yaml.YAMLError:
        return data, yaml.compose("{}", _Loader)  # line numbers are not available


def _yaml(text: str, source: str) -> tuple[Any, yaml.Node | None]:
    root = yaml.compose(text, _Loader)
    if root is None:
        return None, None
    _written_out(root, {}, source)
    return _value(root, {}), root


def _written_out(node: yaml.Node, known: dict[int, int], source: str) -> int:
    """The size of a node with every alias expanded.

    Raises BadDefinitionFile if it is too large: a few hundred bytes of nested aliases can expand to gigabytes.
    """
    size = known.get(id(node))
    if size == 0:
        raise _refused(source, node.start_mark.line + 1, Finding("endless_alias"))
    if size is not None:
        return size
    known[id(node)] = 0  # being computed
    size = _VALUE_SIZE
    if isinstance(node, yaml.ScalarNode):
        size += len(node.value)
    elif isinstance(node, yaml.MappingNode):
        size += sum(_written_out(one, known, source) for pair in node.value for one in pair)
    else:
        size += sum(_written_out(one, known, source) for one in node.value)
    if size > _MAX_WRITTEN_OUT:
        raise _refused(source, node.start_mark.line + 1, Finding("too_large_expanded"))
    known[id(node)] = size
    return size


_TAG = "tag:yaml.org,2002:"
_MERGE = "<<"
_TRUE = frozenset({"true", "yes", "on"})


class _Loader(yaml.SafeLoader):
    """Keeps texts that YAML 1.1 reads as dates, times or octal numbers: an id may look like one. 1e3 is a number."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag in {_TAG + "null", _TAG + "bool"}]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_TAG + "int", re.compile(r"[-+]?(?:0|[1-9][0-9]{0,3999})$"), list("-+0123456789"))
FRACTION: tuple[str, re.Pattern[str], list[str]] = (
    _TAG + "float",
    re.compile(
        r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$"
        r"|[-+]?\.(?:inf|Inf|INF)$|\.(?:nan|NaN|NAN)$"
    ),
    list("-+.0123456789"),
)
"""Tag, pattern and first characters of numbers with a fraction, including those that PyYAML itself reads as text."""
_Loader.add_implicit_resolver(*FRACTION)


def _value(node: yaml.Node, known: dict[int, Any]) -> Any:
    """The value of a node. An anchored value is built once, however often it is referred to."""
    if id(node) in known:
        return known[id(node)]
    if isinstance(node, yaml.MappingNode):
        fields = known[id(node)] = {}
        for name, value in node.value:
            fields[_name(name)] = _value(value, known)
        return fields
    if isinstance(node, yaml.SequenceNode):
        items = known[id(node)] = []
        items.extend(_value(item, known) for item in node.value)
        return items
    return _scalar(node.tag.removeprefix(_TAG), node.value)


def _name(node: yaml.Node) -> str:
    """A field's name; YAML also allows lists and mappings as names."""
    return str(node.value) if isinstance(node, yaml.ScalarNode) else "(no name)"


def _scalar(tag: str, text: str) -> Any:
    match tag:
        case "null":
            return None
        case "bool":
            return text.lower() in _TRUE
        case "int" | "float":
            return _number(tag, text)
        case _:
            return text


def _number(tag: str, text: str) -> Any:
    try:
        if tag == "float":
            return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        return int(text) if text.lstrip("-+").isdecimal() else text
    except ValueError:  # tagged as a number in the file, as in `!!float ten`
        return text


def _misread(node: yaml.Node, where: definition_form.Path, walked: set[int]) -> Iterator[_Found]:
    """Fields that would silently be lost or mean something else, repeated ones and merge keys: path, line, problem."""
    if id(node) in walked:
        return
    walked.add(id(node))
    if isinstance(node, yaml.MappingNode):
        first: dict[str, int] = {}
        for name, value in node.value:
            field, line = _name(name), name.start_mark.line + 1
            if field == _MERGE and name.style is None:
                yield (*where, field), line, Finding("merge_key")
            if field in first:
                yield (*where, field), line, Finding("repeated_field", line=first[field])
            first.setdefault(field, line)
            yield from _misread(value, (*where, field), walked)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _misread(item, (*where, index), walked)


class _Lines:
    """Line numbers of fields."""

    def __init__(self, root: yaml.Node) -> None:
        self._root = root
        self._fields: dict[int, dict[str, tuple[yaml.Node, yaml.Node]]] = {}

    def of(self, where: definition_form.Path) -> int:
        """The line of the field or, if it is missing, of the value that it is missing from."""
        node = self._root
        line: int = node.start_mark.line
        for step in where:
            found = None
            if isinstance(node, yaml.MappingNode):
                found = self._fields_of(node).get(str(step))
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                found = (node.value[step], node.value[step])
            if found is None:
                break
            line, node = found[0].start_mark.line, found[1]
        return line + 1

    def _fields_of(self, node: yaml.MappingNode) -> dict[str, tuple[yaml.Node, yaml.Node]]:
        fields = self._fields.get(id(node))
        if fields is None:
            # the first of repeated fields
            fields = self._fields[id(node)] = {_name(name): (name, value) for name, value in reversed(node.value)}
        return fields
