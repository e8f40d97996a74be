"""Entries as stored: their keys and their JSON."""

import msgspec
import pytest

from lead_qualifier.definitions.processed_commands import ProcessedCommand
from lead_qualifier.definitions.qualification_models.entries import (
    FeatureEntry,
    ModelEntry,
    ProcessedCommands,
    ScoringModelEntry,
    Stored,
    decode_stored,
    encode_stored,
)
from tests.unit.qualification.given import minute, model

ENTRIES: list[tuple[Stored, str]] = [
    (
        ModelEntry(
            id="enterprise",
            revision=7,
            status="stopped",
            version=2,
            draft=model(match="any"),
            published=model(),
            published_revision=5,
            publish_command_id="c-1",
            published_at=minute(1),
            published_by="anna",
            changed_at=minute(2),
            changed_by="bert",
            shadow=True,
        ),
        "model/enterprise",
    ),
    (ModelEntry(id="a/b", revision=1, status="deleted", version=4), "model/a/b"),
    (
        ScoringModelEntry(
            id="engagement", revision=1, status="live", occurred_at=minute(1), name="Engagement", maximum=99.5
        ),
        "scoring/engagement",
    ),
    (FeatureEntry(name="lead-management", revision=2, enabled=True), "feature/lead-management"),
    (
        ProcessedCommands(
            target="model/enterprise",
            answers=(
                ProcessedCommand(
                    command_id="c-1", accepted=False, code="model_live", message="stop it", warnings=("w",)
                ),
            ),
        ),
        "answers/model/enterprise",
    ),
]


@pytest.mark.parametrize(("entry", "key"), ENTRIES)
def test_an_entry_survives_its_json_and_knows_its_key(entry: Stored, key: str) -> None:
    assert decode_stored(encode_stored(entry)) == entry
    assert entry.key == key


def test_what_is_absent_is_not_written() -> None:
    assert encode_stored(ModelEntry(id="a", revision=1, status="draft")) == (
        b'{"kind":"model","id":"a","revision":1,"status":"draft"}'
    )


@pytest.mark.parametrize("value", [b"", b"null", b"{", b'{"kind":"other"}', b'{"kind":"model","id":"a"}'])
def test_what_is_no_entry_is_refused(value: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_stored(value)


def test_fields_of_a_later_release_are_ignored() -> None:
    later = b'{"kind":"feature","name":"lead-management","revision":2,"enabled":true,"hue":"red"}'
    assert decode_stored(later) == FeatureEntry(name="lead-management", revision=2, enabled=True)
