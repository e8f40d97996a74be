"""How qualification models are shown, to people and to programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import yaml

from app.cli.screen import columns, moment
from app.client.formula import terms
from app.client.rulebook import Rulebook
from app.contracts.model_definition import definition_of
from app.qualification.entries import ModelEntry
from app.qualification.models import QualificationModel


def degraded(entry: ModelEntry, book: Rulebook) -> list[str]:
    """Scoring models that a live model names and that are not live."""
    if entry.status != "live" or entry.published is None:
        return []
    live = {one.id for one in book.scoring_models if one.status == "live"}
    named = dict.fromkeys(one.scoring_model for one in entry.published.criteria)
    return [name for name in named if name not in live]


def table(book: Rulebook) -> None:
    """Show all models."""
    titles = ("id", "status", "version", "revision", "criteria", "changed", "by")
    columns(titles, (_row(entry, book) for entry in book.models), right=("version", "revision"))


def _row(entry: ModelEntry, book: Rulebook) -> tuple[str, ...]:
    lacking = degraded(entry, book)
    status = f"{entry.status}, degraded ({', '.join(lacking)} not live)" if lacking else entry.status
    if entry.status != "live" and entry.version and entry.draft is not None:
        status += ", draft changed"
    return (
        entry.id,
        status,
        str(entry.version or "-"),
        str(entry.revision),
        "-" if entry.definition is None else terms(entry.definition),
        "-" if entry.changed_at is None else moment(entry.changed_at),
        entry.changed_by or "-",
    )


def surroundings(book: Rulebook) -> Iterator[str]:
    """What decides besides the models."""
    yield f"lead management is {'on' if book.lead_management else 'off: nothing qualifies'}"
    told = ", ".join(f"{one.id} {one.status}" for one in book.scoring_models)
    yield f"scoring models: {told or 'none announced yet'}"


def details(entry: ModelEntry, book: Rulebook) -> Iterator[str]:
    """One model, line by line."""
    definition = entry.definition
    assert definition is not None
    version = f", version {entry.version}" if entry.version else ""
    yield f"{entry.id} ({definition.name}): {entry.status}{version}, revision {entry.revision}"
    if entry.published_at is not None:
        yield f"  published {moment(entry.published_at)} by {entry.published_by}"
    if entry.changed_at is not None:
        yield f"  changed {moment(entry.changed_at)} by {entry.changed_by}"
    for name in degraded(entry, book):
        yield f"  degraded: scoring model {name} is not live, so its scores count as not met"
    if entry.status == "live" and not book.lead_management:
        yield "  lead management is off: nothing qualifies"
    if entry.status != "live" and entry.version and entry.draft is not None:
        yield f"  its draft differs from version {entry.version}; publishing makes version {entry.version + 1}"
    yield ""
    yield from as_file(definition).rstrip().splitlines()


def as_file(definition: QualificationModel) -> str:
    """The model as a file that `model apply` takes."""
    return yaml.safe_dump(dict(definition_of(definition)), sort_keys=False, allow_unicode=True, default_flow_style=None)


def as_json(entry: ModelEntry, book: Rulebook) -> dict[str, Any]:
    """One model for programs: definitions as people write them."""
    shown: dict[str, Any] = msgspec.to_builtins(entry)
    for name, definition in (("draft", entry.draft), ("published", entry.published)):
        if definition is not None:
            shown[name] = definition_of(definition)
    shown["version"] = entry.version
    shown["degraded"] = degraded(entry, book)
    shown.pop("kind", None)
    return shown
