"""Stored records: the schemas describe every field of the structs that store them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from pydantic import TypeAdapter

from lead_qualifier.assignment.intake import FollowedLead, decode_followed, encode_followed
from lead_qualifier.definitions.processed_commands import ProcessedCommand
from lead_qualifier.definitions.qualification_models import entries
from lead_qualifier.definitions.qualification_models.entries import (
    FeatureEntry,
    ModelEntry,
    ProcessedCommands,
    ScoringModelEntry,
    encode_stored,
)
from lead_qualifier.downstream import lead_snapshot
from lead_qualifier.follow_up import deciding as follow_up
from lead_qualifier.follow_up import processor as follow_up_processor
from lead_qualifier.journeys import deciding as journeys
from lead_qualifier.journeys import processor as journeys_processor
from lead_qualifier.qualification import criteria, flags, leads, merging, models
from lead_qualifier.qualification.criteria import AtLeast, Criterion
from lead_qualifier.qualification.flags import Actions
from lead_qualifier.qualification.leads import Erased, Lead, LeadChange, Mark, Score, apply_change
from lead_qualifier.qualification.models import QualificationModel, Requalification
from lead_qualifier.sequences import connections as sequences
from lead_qualifier.sequences import processor as sequences_processor
from tools.schemas.documents import DOCUMENTS
from tools.schemas.examples import examples_of
from tools.schemas.stored import stored

ADAPTER = {document.name: document.adapter for document in DOCUMENTS}
AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
MODEL = QualificationModel(
    id="m",
    name="M",
    match=AtLeast(1),
    criteria=(Criterion("engagement", 70.0),),
    actions=Actions(True, True),
    existing_leads="ignore",
    requalification=Requalification("never", timedelta(days=30, seconds=1)),
)


@pytest.mark.parametrize(
    "struct",
    [
        leads.Lead,
        leads.Score,
        leads.Mark,
        leads.Hold,
        leads.Trigger,
        leads.Erased,
        merging.LeadTransfer,
        merging.Response,
        models.QualificationModel,
        flags.Actions,
        models.Requalification,
        models.OnRejection,
        models.Recycling,
        criteria.Criterion,
        criteria.AtLeast,
        entries.ModelEntry,
        entries.ScoringModelEntry,
        entries.FeatureEntry,
        entries.ProcessedCommands,
        ProcessedCommand,
        lead_snapshot.LeadSnapshot,
        lead_snapshot.Flag,
        journeys.LeadState,
        journeys.Entries,
        journeys.Waiting,
        sequences.LeadState,
        sequences.Connection,
        follow_up.LeadState,
        follow_up.Running,
        FollowedLead,
    ],
)
def test_every_field_is_described_and_rightly_required(struct: Any) -> None:
    config = struct.__struct_config__
    tag = {config.tag_field} if config.tag_field else set()
    fields = {field.encode_name: field.required for field in msgspec.structs.fields(struct)}
    schema = TypeAdapter(stored(struct)).json_schema()
    described = {name for name, field in schema["properties"].items() if field.keys() & {"description", "$ref"}}
    assert described == set(fields)
    assert set(schema["properties"]) == set(fields) | tag
    if config.omit_defaults:
        always = {name for name, required in fields.items() if required or name == "facts"}
        assert set(schema.get("required", [])) == always | tag


def test_full_and_empty_leads_follow_the_schema() -> None:
    lead = Lead(
        status="qualified",
        status_reason="marketing_qualified",
        sales_ready=True,
        known=True,
        owner_id="U",
        contact_id="C",
        changed_at=AT,
        scores={"engagement": Score(83.5, AT)},
        marks={"m": Mark(1, 2, AT, "e", True)},
        qualified_at=AT,
        qualified_flags=("status_reason", "sales_ready"),
        merged_into="L-2",
        merged_at=AT,
        erasure=0,
        erased=Erased(at_ms=1, until_ms=2, marks={"m": Mark(1, 2, AT, "erased")}, merged=True),
    )
    attributes = {"a": "x", "b": 1, "c": 0.5, "d": True, "big": 1e30, "int64": 2**63 - 1}
    apply_change(lead, LeadChange(occurred_at=AT, attributes=attributes | {"cleared": None}))
    state = ADAPTER["lead-state"].validate_json(msgspec.json.encode(lead))
    assert state["attributes"] == attributes
    assert ADAPTER["lead-state"].validate_json(msgspec.json.encode(Lead())) == {}


def test_entries_follow_the_schema() -> None:
    everything = ModelEntry(
        id="m",
        revision=3,
        status="live",
        version=2,
        draft=MODEL,
        published=MODEL,
        published_revision=3,
        publish_command_id="c",
        publish_command_offset=4,
        published_at=AT,
        published_by="anna",
        changed_at=AT,
        changed_by="anna",
        shadow=True,
    )
    for entry in (
        everything,
        ModelEntry(id="m", revision=1, status="draft"),
        ScoringModelEntry(id="s", revision=1, status="live", occurred_at=AT, name="S", maximum=100.0),
        FeatureEntry(name="lead-management", revision=1, enabled=True, changed_at=AT, changed_by="admin"),
    ):
        ADAPTER["qualification-models"].validate_json(encode_stored(entry))
        ADAPTER["command-state"].validate_json(encode_stored(entry))
    answer = ProcessedCommand(
        command_id="c", accepted=True, code="published", message="m", warnings=("w",), version=1, revision=2
    )
    ADAPTER["command-state"].validate_json(encode_stored(ProcessedCommands(target="model/m", answers=(answer,))))


def test_the_examples_are_what_the_domain_reads_and_writes() -> None:
    for example in examples_of("lead-state"):
        lead = msgspec.json.decode(msgspec.json.encode(example.value), type=Lead)
        assert msgspec.json.decode(msgspec.json.encode(lead)) == example.value
    for example in examples_of("lead-handovers"):
        handover = msgspec.json.decode(msgspec.json.encode(example.value), type=merging.LeadTransfer)
        assert msgspec.json.decode(msgspec.json.encode(handover)) == example.value
    for document in ("qualification-models", "command-state"):
        for example in examples_of(document):
            entry = entries.decode_stored(msgspec.json.encode(example.value))
            assert msgspec.json.decode(encode_stored(entry)) == example.value


@pytest.mark.parametrize(
    ("document", "decode", "encode"),
    [
        ("journey-state", journeys_processor.decode_state, journeys_processor.encode_state),
        ("sequence-state", sequences_processor.decode_state, sequences_processor.encode_state),
        ("follow-up-state", follow_up_processor.decode_state, follow_up_processor.encode_state),
        ("assignment-lead-state", decode_followed, encode_followed),
    ],
)
def test_downstream_services_read_and_write_the_examples(document: str, decode: Any, encode: Any) -> None:
    for example in examples_of(document):
        written = encode(decode(example.path.read_bytes()))
        ADAPTER[document].validate_json(written)
        assert msgspec.json.decode(written) == example.value
