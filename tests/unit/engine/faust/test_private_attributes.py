"""The private attributes of Faust and aiokafka that the engine uses are those that docs/decisions/faust.md names, and
they are what they were when that page was written.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import Fetcher, FetchResult, PartitionRecords
from aiokafka.consumer.group_coordinator import GroupCoordinator
from faust import App, GlobalTable
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, ConsumerRebalanceListener

_ROOT = Path(__file__).parents[4]
_PACKAGE = _ROOT / "app/lead_qualifier/engine/faust"
_PAGE = "docs/decisions/faust.md"
_OWNERS: dict[str, Any] = {
    owner.__name__: owner
    for owner in (
        AIOKafkaConsumer,
        AIOKafkaConsumerThread,
        App,
        Consumer,
        ConsumerRebalanceListener,
        FetchResult,
        Fetcher,
        GlobalTable,
        GroupCoordinator,
        PartitionRecords,
    )
}
#: Methods that are called or overridden -> their parameters.
_PARAMETERS = {
    "App._new_transport": ["self"],
    "App._create_directories": ["self"],
    "Consumer._new_consumer_thread": ["self"],
    "Consumer._to_message": ["self", "tp", "record"],
    "AIOKafkaConsumerThread._create_worker_consumer": ["self", "transport"],
    "AIOKafkaConsumerThread._ensure_consumer": ["self"],
    "AIOKafkaConsumerThread._fetch_records": ["self", "consumer", "active_partitions", "timeout", "max_records"],
    "GlobalTable._changelog_topic_name": ["self"],
    "GlobalTable._new_store": ["self"],
    "Fetcher._create_fetch_waiter": ["self"],
    "Fetcher._get_actions_per_node": ["self", "assignment"],
    "FetchResult._update_position": ["self"],
    "PartitionRecords._consumer_record": ["self", "tp", "record"],
}


def _on_the_page() -> dict[str, set[str]]:
    """Owner and attribute -> the files in which the page says that it is used."""
    rows = re.findall(r"^\| `(\w+\._\w+)` \| (.*?) \|", (_ROOT / _PAGE).read_text(), re.MULTILINE)
    return {name: set(re.findall(r"`(\w+\.py)`", files)) for name, files in rows}


PAGE = _on_the_page()


@pytest.mark.parametrize("name", PAGE)
def test_each_private_attribute_is_what_it_was(name: str) -> None:
    owner, attribute = name.split(".")
    releases = f"faust-streaming {version('faust-streaming')}, aiokafka {version('aiokafka')}"
    told = f"{releases}: {name} is no longer what {_PAGE} says; see there where and why it is used"
    if name in _PARAMETERS:
        method = getattr(_OWNERS[owner], attribute, None)
        assert method is not None, told
        assert list(inspect.signature(method).parameters) == _PARAMETERS[name], told
    else:
        assert _has(_OWNERS[owner], attribute), told


def test_the_page_names_all_private_attributes_that_are_used_and_where() -> None:
    used = {(path.name, attribute) for path in _PACKAGE.glob("*.py") for attribute in _foreign(path)}
    named = {(file, name.split(".")[1]) for name, files in PAGE.items() for file in files}
    assert used == named, f"{_PAGE} and {_PACKAGE.name}/ differ"


def _has(owner: type, attribute: str) -> bool:
    """Is it an attribute of the class or of its objects, by its source?"""
    return any(
        attribute in vars(kind) or attribute in getattr(kind, "__annotations__", {}) or attribute in _set_by(kind)
        for kind in owner.__mro__
    )


@cache
def _set_by(kind: type) -> frozenset[str]:
    try:
        source = inspect.getsource(kind)
    except (OSError, TypeError):
        return frozenset()
    return frozenset(re.findall(r"\bself\.(\w+)(?:: [^=\n]+)? = ", source))


def _foreign(path: Path) -> set[str]:
    """Private attributes in a file that are not the package's own."""
    return {name for name in _private_names(ast.parse(path.read_text())) if name not in _OWN}


def _private_names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                pass
            case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=str(name)), *_]):
                pass
            case _:
                continue
        if name.startswith("_") and not name.startswith("__"):
            yield name


def _own_names() -> set[str]:
    """What the package defines: functions, methods, and attributes of its own objects. A method that a class of Faust's
    has, too, is not its own: it overrides.
    """
    methods, attributes = set(), {"_replace"}  # a named tuple's, public in spite of its name
    for path in _PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    methods.add(name)
                case (
                    ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)])
                    | ast.AnnAssign(target=ast.Attribute(value=ast.Name(id="self"), attr=name))
                ):
                    attributes.add(name)
    overriding = {name for name in methods if any(hasattr(owner, name) for owner in _OWNERS.values())}
    return (methods - overriding) | (attributes - {name.split(".")[1] for name in PAGE})


_OWN = _own_names()
