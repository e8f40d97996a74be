"""Decides the records that the worker's command processor reads: commands on models and features, announcements."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lead_qualifier.definitions.codes import Code
from lead_qualifier.definitions.command_handler import Wording
from lead_qualifier.definitions.command_processor import Handled, Handler, origin_of
from lead_qualifier.definitions.commands import Command
from lead_qualifier.definitions.outcomes import command_of, model_outcome
from lead_qualifier.definitions.qualification_models.entries import Stored
from lead_qualifier.definitions.qualification_models.registry import ModelRegistry, ScoringModelChange
from lead_qualifier.engine import ProcessorContext, Record
from lead_qualifier.messages.decode import decode_feature_command, decode_model_command, decode_scoring_model_changed
from lead_qualifier.messages.plausible_time import PlausibleTime
from lead_qualifier.messages.topics import FEATURE_COMMANDS, QUALIFICATION_COMMANDS, SCORING_MODEL_CHANGED, Topic
from lead_qualifier.qualification.utc import from_milliseconds


class ModelHandlers:
    """The handlers of the three input topics. `wording`: the language of the outcomes."""

    def __init__(self, wording: Wording) -> None:
        self._wording = wording

    @property
    def by_topic(self) -> Mapping[Topic, Handler[ModelRegistry]]:
        """All of them."""
        return {
            QUALIFICATION_COMMANDS: self.on_model,
            FEATURE_COMMANDS: self.on_feature,
            SCORING_MODEL_CHANGED: self.on_scoring_model,
        }

    def on_model(
        self, registry: ModelRegistry, record: Record, context: ProcessorContext, times: PlausibleTime
    ) -> Handled:
        """Decide a command on a qualification model."""
        message = decode_model_command(record.key, record.value, record.headers)
        times.check(message["issued_at"], record.timestamp_ms, context.now_ms, "issued_at")
        key = message["qualification_model_id"]
        result = registry.handle(command_of(message, key, record.offset), self._wording, _fits(context))
        origin = origin_of(record, QUALIFICATION_COMMANDS, message["command_id"])
        event = model_outcome(message, result, decided_at=from_milliseconds(context.now_ms), origin=origin)
        return Handled(result, key, event)

    def on_feature(
        self, registry: ModelRegistry, record: Record, context: ProcessorContext, times: PlausibleTime
    ) -> Handled:
        """Decide a command on a feature."""
        message = decode_feature_command(record.key, record.value, record.headers)
        times.check(message["issued_at"], record.timestamp_ms, context.now_ms, "issued_at")
        command = Command(
            id=message["feature"],
            command_id=message["command_id"],
            issued_by=message["issued_by"],
            issued_at=message["issued_at"],
            expected_revision=message.get("expected_revision"),
            offset=record.offset,
        )
        result = registry.set_feature(
            command, enabled=message["command"] == "enable", wording=self._wording, fits=_fits(context)
        )
        origin = origin_of(record, FEATURE_COMMANDS, command.command_id)
        event = model_outcome(message, result, decided_at=from_milliseconds(context.now_ms), origin=origin)
        return Handled(result, command.id, event)

    def on_scoring_model(
        self, registry: ModelRegistry, record: Record, context: ProcessorContext, times: PlausibleTime
    ) -> Handled:
        """Take what a scoring engine announces."""
        message = decode_scoring_model_changed(record.key, record.value, record.headers)
        times.check(message["occurred_at"], record.timestamp_ms, context.now_ms)
        key = message["scoring_model_id"]
        change = ScoringModelChange(
            id=key,
            status=message["status"],
            occurred_at=message["occurred_at"],
            name=message.get("name"),
            maximum=message.get("maximum"),
        )
        result = registry.observe_scoring_model(change, self._wording, times.latest(context.now_ms))
        if result.code != Code.OBSERVED:
            return Handled(result, key, None)  # engines repeat themselves; the trail tells what changed
        origin = origin_of(record, SCORING_MODEL_CHANGED, message["event_id"])
        event = model_outcome(message, result, decided_at=from_milliseconds(context.now_ms), origin=origin)
        return Handled(result, key, event)


def _fits(context: ProcessorContext) -> Callable[[Stored], bool]:
    def fits(stored: Stored) -> bool:
        return context.fits(stored.key.encode(), stored)

    return fits
