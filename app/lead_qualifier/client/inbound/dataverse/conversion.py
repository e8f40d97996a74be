"""What an execution context becomes: the change of a lead, its merge into another, or its erasure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from lead_qualifier.client.inbound.checking import Checks, InboundRecord, erasure_of
from lead_qualifier.client.inbound.dataverse.context import Columns, Context
from lead_qualifier.client.lead_import.cells import BadCell
from lead_qualifier.client.lead_import.csv_file import UnreadableExport
from lead_qualifier.client.lead_import.map_form import in_full
from lead_qualifier.client.lead_import.row_encoder import RowEncoder
from lead_qualifier.messages.errors import BadMessage
from lead_qualifier.messages.topics import LEAD_CHANGED, LEAD_MERGED, LEAD_SCORE_CHANGED
from lead_qualifier.qualification.utc import after

TABLE = "lead"
ROW_ID = "leadid"
_MERGES = uuid.UUID("5f1f3b1e-0d6c-5a39-8a3e-2b6f1b0c9d11")
_CLEARABLE = ("owner_id", "contact_id")
#: What is sent for the status reason that belongs to a state by default.
_DEFAULT_STATUS = "-1"
#: Dataverse's own default status reason of each state: New, Qualified, Lost.
_DEFAULTS = {"0": "1", "1": "3", "2": "4"}


class NothingMapped(Exception):
    """The mapping names none of the columns that changed."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A row as a table of one line, for the encoder."""

    titles: tuple[str, ...]
    name: str = "the context"


class Conversion:
    """Converts contexts by a mapping: a map as `import` reads it, whose columns are those of the table lead."""

    def __init__(self, form: Mapping[str, Any], *, time_tolerance: timedelta) -> None:
        """`form`: a valid map. `time_tolerance`: how far ahead of now a time may be."""
        self._form = _for_contexts(form)
        self._time_tolerance = time_tolerance
        self._id_columns = _names(form["lead_id"])
        self._time_columns = _names(form.get("occurred_at", ()))

    def records_of(self, context: Context) -> list[InboundRecord]:
        """The records for what happened. Raises BadMessage, NothingMapped."""
        if context.table != TABLE:
            raise BadMessage(
                f"the step is not registered for the table {TABLE}: register it for that", "PrimaryEntityName"
            )
        match context.message:
            case "Create" | "Update":
                return self._changed(context, context.target)
            case "Assign":
                return self._changed(context, {"ownerid": context.text("Assignee")})
            case "SetState" | "SetStateDynamicEntity":
                return self._changed(context, _state(context))
            case "Merge":
                return [self._merged(context)]
            case "Delete":
                return [erasure_of(self._lead_id(context, {}))]
            case _:
                raise BadMessage(
                    "the step is registered for another message than Create, Update, Assign, SetState, Merge or Delete",
                    "MessageName",
                )

    def _changed(self, context: Context, columns: Columns) -> list[InboundRecord]:
        """Only what changed: the images show the rest of the row, too, under a time that is not theirs. Either may say
        which lead it is, but only the image after the operation when it changed.
        """
        if not columns:
            raise BadMessage("the context has no columns that changed", "InputParameters")
        columns = _with_status_reason(columns, context)
        ids = _only(self._id_columns, context.pre_image | context.post_image)
        times = _only(self._time_columns, context.post_image)
        row = {ROW_ID: self._row_id(context)} | ids | times | columns
        self._lead_id(context, columns)
        now = datetime.now(UTC)
        latest = after(now, self._time_tolerance)
        try:
            encoder = RowEncoder(_Row(tuple(row)), self._form, as_of=context.at, latest=latest)
        except UnreadableExport:  # what it needs is there: see above
            raise NothingMapped from None
        try:
            messages = encoder.encode(tuple(row.values()))
        except BadCell:
            raise self._fault(encoder, tuple(row.values())) from None
        checks = Checks(self._time_tolerance)
        records = [] if messages.change is None else [checks.record(LEAD_CHANGED, messages.change)]
        return [*records, *(checks.record(LEAD_SCORE_CHANGED, one) for one in messages.scores if one is not None)]

    @staticmethod
    def _fault(encoder: RowEncoder, row: Sequence[str]) -> BadMessage:
        faults = list(encoder.problems(1, row))
        if not faults:
            return BadMessage("the context does not say when this was", "OperationCreatedOn")
        return BadMessage("; ".join(one.problem for one in faults), faults[0].column)

    def _merged(self, context: Context) -> InboundRecord:
        if ROW_ID not in self._id_columns:
            raise BadMessage("merges name rows, so the mapping's lead_id must be leadid", "MessageName")
        loser, survivor = context.text("SubordinateId").lower(), context.text("Target").lower()
        if not loser or not survivor:
            raise BadMessage("the context does not name both leads", "InputParameters")
        if context.at is None:
            raise BadMessage("the context does not say when this was", "OperationCreatedOn")
        said = {"lead_id": loser, "survivor_id": survivor, "occurred_at": context.at}
        event_id = str(uuid.uuid5(_MERGES, "\n".join(map(str, said.values()))))
        return Checks(self._time_tolerance).record(LEAD_MERGED, msgspec.json.encode({"event_id": event_id, **said}))

    def _row_id(self, context: Context) -> str:
        return (context.row_id or context.text("Target") or context.text("EntityMoniker")).lower()

    def _lead_id(self, context: Context, columns: Columns) -> str:
        """Raises BadMessage if the context does not say which lead it is."""
        given = {name.casefold(): text for name, text in (context.pre_image | context.post_image | columns).items()}
        given[ROW_ID] = self._row_id(context)
        for name in self._id_columns:
            if lead_id := given.get(name):
                return lead_id
        raise BadMessage(
            f"the context does not have the lead's id: select the column {self._id_columns[0]} in an image of the step",
            "PostEntityImages",
        )


def _names(titles: str | Sequence[str]) -> list[str]:
    return [one.strip().casefold() for one in ([titles] if isinstance(titles, str) else titles)]


def _only(names: Sequence[str], columns: Columns) -> Columns:
    return {name: text for name, text in columns.items() if name.casefold() in names}


def _state(context: Context) -> Columns:
    columns = {"statecode": context.text("State"), "statuscode": context.text("Status")}
    return {name: text for name, text in columns.items() if text}


def _with_status_reason(columns: Columns, context: Context) -> Columns:
    """Columns with the status reason that Dataverse gives a row whose state is set without one."""
    state, reason = columns.get("statecode", ""), columns.get("statuscode", "")
    if reason == _DEFAULT_STATUS or (state and not reason):
        reason = context.post_image.get("statuscode") or _DEFAULTS.get(state, "")
        return columns | {"statuscode": reason}
    return columns


def _for_contexts(form: Mapping[str, Any]) -> dict[str, Any]:
    """A map of exports, for contexts: they are not written like a file, they have only the columns that changed, and a
    column that is null was cleared.
    """
    named = {name: _clearing(form[name]) for name in _CLEARABLE if name in form}
    attributes = {name: _clearing(column) for name, column in form.get("attributes", {}).items()}
    return {**form, **named, "attributes": attributes, "file": {"missing_columns": "skip"}}


def _clearing(column: Any) -> dict[str, Any]:
    return {"empty": "clear", **in_full(column)}
