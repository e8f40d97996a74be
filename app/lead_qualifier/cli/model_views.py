"""Shows qualification models to people and programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from shlex import quote
from typing import Any

import msgspec

from lead_qualifier.cli.definition_history import table as history_table
from lead_qualifier.cli.definition_history import version_as_json
from lead_qualifier.cli.screen import columns, moment, show_json
from lead_qualifier.client.definition_history import History
from lead_qualifier.client.formula import terms
from lead_qualifier.client.rulebook import Rulebook
from lead_qualifier.client.sweeping import Swept
from lead_qualifier.definitions.qualification_models.entries import ModelEntry, ScoringModelEntry
from lead_qualifier.definitions.qualification_models.ineligibility import out_of_reach
from lead_qualifier.messages.definition_writing import model_lines
from lead_qualifier.messages.model_definition import definition_of
from lead_qualifier.messages.model_reading import model_of
from lead_qualifier.qualification.models import InvalidModel, QualificationModel
from lead_qualifier.wording.numbers import number
from lead_qualifier.wording.sentences import IN_ENGLISH


def table(book: Rulebook) -> None:
    """Show all models."""
    titles = ("id", "status", "version", "revision", "criteria", "changed", "by")
    columns(titles, (_row(entry, book) for entry in book.models), right=("version", "revision"))


def _row(entry: ModelEntry, book: Rulebook) -> tuple[str, ...]:
    lacking = book.degraded(entry)
    status = f"{entry.status}, degraded ({', '.join(lacking)} not live)" if lacking else entry.status
    if entry.status == "live" and entry.draft is not None:
        status += ", draft in shadow" if entry.shadow else ", has draft"
    elif entry.version and entry.draft is not None:
        status += ", draft changed"
    return (
        entry.id,
        status,
        str(entry.version or "-"),
        str(entry.revision),
        "-" if entry.definition is None else IN_ENGLISH.sentence(terms(entry.definition)),
        "-" if entry.changed_at is None else moment(entry.changed_at),
        entry.changed_by or "-",
    )


def surroundings(book: Rulebook) -> Iterator[str]:
    """What else decides: lead management and the scoring models."""
    yield f"lead management is {'on' if book.lead_management else 'off: nothing qualifies'}"
    told = ", ".join(_standing(one) for one in book.scoring_models)
    yield f"scoring models: {told or 'none announced yet'}"


def _standing(one: ScoringModelEntry) -> str:
    return f"{one.id} {one.status}" + ("" if one.maximum is None else f" (up to {number(one.maximum)})")


def details(entry: ModelEntry, book: Rulebook, existing: Swept | None) -> Iterator[str]:
    """One model, line by line. `existing`: how far its sweep of existing leads is, if that is known."""
    definition = entry.definition
    assert definition is not None
    version = f", version {entry.version}" if entry.version else ""
    yield f"{entry.id} ({definition.name}): {entry.status}{version}, revision {entry.revision}"
    if entry.published_at is not None:
        yield f"  published {moment(entry.published_at)} by {entry.published_by}"
    if entry.changed_at is not None:
        yield f"  changed {moment(entry.changed_at)} by {entry.changed_by}"
    yield f"  criteria: {IN_ENGLISH.sentence(terms(definition))}"
    if existing is not None:
        yield f"  {_looked_through(existing)}"
    for name in book.degraded(entry):
        yield f"  degraded: scoring model {name} is not live, so its criteria count as not met"
    for one in out_of_reach(definition, book.scoring_model):
        yield f"  out of reach: {IN_ENGLISH.sentence(one)}"
    if entry.status == "live" and not book.lead_management:
        yield "  lead management is off: nothing qualifies"
    if entry.status != "live" and entry.version and entry.draft is not None:
        yield f"  its draft differs from version {entry.version}; publishing makes version {entry.version + 1}"
    if entry.status == "live" and entry.draft is not None:
        yield from _draft(entry)
    yield ""
    yield from as_file(definition)
    if entry.status == "live" and entry.draft is not None:
        yield ""
        yield "# the draft"
        yield from as_file(entry.draft)


def _draft(entry: ModelEntry) -> Iterator[str]:
    name, following = quote(entry.id), entry.version + 1
    yield f"  it has a draft; to publish that as version {following}: lead-qualifier model publish --replace {name}"
    if entry.shadow:
        yield "  the draft runs in shadow: lead_qualifier_shadow_total in the workers' /metrics counts the differences"
    else:
        yield f"  the draft does not run in shadow (lead-qualifier model shadow {name} on)"


def as_file(definition: QualificationModel) -> list[str]:
    """The lines of a file that `model apply` accepts."""
    return model_lines(definition_of(definition))


def show_history(found: History, as_json: bool) -> None:
    """Show the versions of a model, each with its criteria, as text or as JSON."""
    if as_json:
        versions = [version_as_json(one) for one in found.versions]
        show_json({"qualification_model_id": found.definition_id, "versions": versions})
    else:
        history_table(found, "criteria", lambda one: _criteria(one.definition))


def _criteria(definition: Mapping[str, Any] | None) -> str:
    if definition is None:
        return "not on the audit trail"
    try:
        return IN_ENGLISH.sentence(terms(model_of(definition)))
    except InvalidModel:  # of a newer release
        return "in a form that this release does not know"


def _looked_through(existing: Swept) -> str:
    if existing.done == existing.partitions:
        return "all existing leads are evaluated"
    of = f"{existing.done} of {existing.partitions} partitions done"
    return f"existing leads are being evaluated: {existing.share:.0%} ({of})"


def as_json(entry: ModelEntry, book: Rulebook, existing: Swept | None = None) -> dict[str, Any]:
    """One model for programs, with definitions as people write them."""
    shown: dict[str, Any] = msgspec.to_builtins(entry)
    for name, definition in (("draft", entry.draft), ("published", entry.published)):
        if definition is not None:
            shown[name] = definition_of(definition)
    shown["version"] = entry.version
    shown["degraded"] = book.degraded(entry)
    if existing is not None:
        shown["existing_leads_looked_through"] = existing.share
    shown.pop("kind", None)
    return shown
