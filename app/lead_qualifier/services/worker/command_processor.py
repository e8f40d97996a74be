"""The command decider: commands and scoring models' liveness in; the state of all models, and the audit trail, out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
import structlog
from msgspec.structs import replace as with_

from lead_qualifier.engine import OutputTooLarge, Processor, ProcessorContext, Record, Rejected
from lead_qualifier.messages import cloud_events
from lead_qualifier.messages.command_messages import FeatureCommand, ModelCommand
from lead_qualifier.messages.decode import (
    BadMessage,
    decode_feature_command,
    decode_model_command,
    decode_scoring_model_changed,
)
from lead_qualifier.messages.definition_reading import model_of
from lead_qualifier.messages.lead_qualified import Trigger
from lead_qualifier.messages.model_changed import (
    QualificationModelChanged,
    feature_outcome,
    model_outcome,
    scoring_model_outcome,
)
from lead_qualifier.messages.plausible_time import DEFAULT_TOLERANCE, PlausibleTime
from lead_qualifier.messages.topics import (
    FEATURE_COMMANDS,
    QUALIFICATION_COMMANDS,
    QUALIFICATION_MODEL_CHANGED,
    SCORING_MODEL_CHANGED,
    Topic,
)
from lead_qualifier.qualification.commands import Code, Issued, ScoringModelChange, Verdict
from lead_qualifier.qualification.entries import Answers, Entry, Stored, decode_entry, encode_entry, highest_revision_in
from lead_qualifier.qualification.models import InvalidModel
from lead_qualifier.qualification.registry import Registry
from lead_qualifier.qualification.utc import from_milliseconds

log = structlog.get_logger("lead_qualifier.services.worker")

encode_state = encode_entry
decode_state = decode_entry
_encode_event = msgspec.json.Encoder().encode

Judged = tuple[Verdict, QualificationModelChanged, str]
"""The verdict, the event that tells of it, and that event's key."""
_Judge = Callable[[Registry, Record, ProcessorContext, PlausibleTime], Judged]


class CommandProcessor(Processor):
    """The processor of the `commands` application: one partition, so one order for everything that decides.

    `project` is given the entries that changed, after each commit, and all of them when the partition is opened.
    """

    def __init__(
        self,
        *,
        topic_prefix: str,
        source: str,
        project: Callable[[list[Entry]], None],
        time_tolerance: timedelta = DEFAULT_TOLERANCE,
    ) -> None:
        """`time_tolerance`: how far a message may be dated ahead of its record."""
        self._times = PlausibleTime(time_tolerance)
        self._topics = {
            topic.full_name(topic_prefix): topic.name
            for topic in (QUALIFICATION_COMMANDS, FEATURE_COMMANDS, SCORING_MODEL_CHANGED)
        }
        self._outcomes = QUALIFICATION_MODEL_CHANGED.full_name(topic_prefix)
        self._source = source
        self._project = project
        self._judges: dict[str, _Judge] = {
            QUALIFICATION_COMMANDS.name: _on_model,
            FEATURE_COMMANDS.name: _on_feature,
            SCORING_MODEL_CHANGED.name: _on_scoring_model,
        }
        self._unit: ProcessorContext | None = None
        self._registry = Registry()

    def begin(self) -> int:
        """Commands are judged by what is stored: there are no rules besides."""
        return 0

    def process(self, record: Record, context: ProcessorContext) -> None:
        """Judge one command or announcement."""
        registry = self._registry_of(context)
        try:
            verdict, event, key = self._judges[self._topics[record.topic]](registry, record, context, self._times)
        except BadMessage as bad:
            raise Rejected(str(bad)) from None
        verdict = _remembering_what_fits(verdict, context)
        for stored in verdict.stored():
            context.put(stored.key.encode(), stored)
        self._registry = registry.after(verdict)
        if verdict.entry is not None and verdict.code is not Code.UNCHANGED:
            context.on_commit.append(verdict.entry)
        if event["command"] == "announce" and verdict.code is not Code.OBSERVED:
            return  # engines repeat themselves; the trail tells what changed
        self._tell(event, key, context)
        log.info("command_decided", command=event["command"], on=key, outcome=event["outcome"], reason=event["reason"])

    def _tell(self, event: QualificationModelChanged, key: str, context: ProcessorContext) -> None:
        headers = self._headers(event, key)
        try:
            context.emit(self._outcomes, key.encode(), _encode_event(event), headers)
        except OutputTooLarge:
            # What people wrote fitted its record; as it is told, with every default, it may not. The outcome must.
            if event.pop("definition", None) is None:
                raise
            context.emit(self._outcomes, key.encode(), _encode_event(event), headers)

    def committed(self, context: ProcessorContext) -> None:
        """Show the workers what has changed, now that it is certain."""
        if context.on_commit:
            self._project(list(context.on_commit))

    def rolled_back(self, context: ProcessorContext) -> None:
        """The registry is made again from what the unit holds."""
        self._unit = None

    def opened(self, number: int, entries: Mapping[bytes, bytes]) -> None:
        """The former owner may have died between its commit and its projection."""
        self._unit = None
        self._project(stored_entries(entries))

    def _registry_of(self, context: ProcessorContext) -> Registry:
        if self._unit is not context:
            self._unit = context
            unreadable: dict[bytes, str] = {}
            stored: dict[str, Stored] = {key.decode(): state for key, state in context.items(unreadable)}
            self._registry = Registry(
                stored,
                {key.decode(errors="replace"): why for key, why in unreadable.items()},
                highest_revision_in(map(context.stored, unreadable)),
            )
        return self._registry

    def _headers(self, event: QualificationModelChanged, key: str) -> list[tuple[str, bytes]]:
        origin = event["origin"]
        return cloud_events.headers(
            cloud_events.event_type(QUALIFICATION_MODEL_CHANGED.name),
            event_id=f"{origin['topic']}/{origin['partition']}/{origin['offset']}",
            source=self._source,
            time=event["decided_at"],
            subject=key,
        )


def stored_entries(entries: Mapping[bytes, bytes]) -> list[Entry]:
    """What the decider holds and workers need to know, decoded."""
    found = []
    for value in list(entries.values()):
        try:
            entry = decode_entry(value)
        except (msgspec.DecodeError, ValueError, RecursionError):
            continue  # reported by the engine; commands on it are refused as long as it is there
        if not isinstance(entry, Answers):
            found.append(entry)
    return found


def _on_model(registry: Registry, record: Record, context: ProcessorContext, times: PlausibleTime) -> Judged:
    message = decode_model_command(record.key, record.value, record.headers)
    times.check(message["issued_at"], record.timestamp, context.now_ms, "issued_at")
    model_id = message["qualification_model_id"]
    issued = _issued(message, record)
    match message["command"]:
        case "apply" if repeat := registry.repeated(model_id, issued):
            verdict = repeat  # its definition is not looked at again: that is what costs
        case "apply":
            try:
                definition = model_of(message["definition"], model_id=model_id)
                verdict = registry.apply_model(definition, issued, beside=message.get("draft", False))
            except InvalidModel as problem:
                verdict = registry.refuse_invalid(model_id, problem, issued)
        case "publish":
            verdict = registry.publish(model_id, issued, replacing=message.get("replace", False))
        case "shadow":
            verdict = registry.shadow(model_id, message["enabled"], issued)
        case "stop":
            verdict = registry.stop(model_id, issued)
        case "delete":
            verdict = registry.delete(model_id, issued)
    if verdict.entry is not None and not context.fits(verdict.entry.key.encode(), verdict.entry):
        verdict = registry.refuse_too_large(model_id, issued)
    origin = _origin(record, QUALIFICATION_COMMANDS, issued.command_id)
    return verdict, model_outcome(message, verdict, decided_at=_time(context), origin=origin), model_id


def _on_feature(registry: Registry, record: Record, context: ProcessorContext, times: PlausibleTime) -> Judged:
    message = decode_feature_command(record.key, record.value, record.headers)
    times.check(message["issued_at"], record.timestamp, context.now_ms, "issued_at")
    issued = _issued(message, record)
    verdict = registry.set_feature(message["feature"], message["command"] == "enable", issued)
    origin = _origin(record, FEATURE_COMMANDS, issued.command_id)
    return verdict, feature_outcome(message, verdict, decided_at=_time(context), origin=origin), message["feature"]


def _on_scoring_model(registry: Registry, record: Record, context: ProcessorContext, times: PlausibleTime) -> Judged:
    announced = decode_scoring_model_changed(record.key, record.value, record.headers)
    times.check(announced["occurred_at"], record.timestamp, context.now_ms)
    key = announced["scoring_model_id"]
    change = ScoringModelChange(
        id=key,
        status=announced["status"],
        occurred_at=announced["occurred_at"],
        name=announced.get("name"),
        maximum=announced.get("maximum"),
    )
    verdict = registry.observe_scoring_model(change, times.latest(context.now_ms))
    origin = _origin(record, SCORING_MODEL_CHANGED, announced["event_id"])
    return verdict, scoring_model_outcome(announced, verdict, decided_at=_time(context), origin=origin), key


def _remembering_what_fits(verdict: Verdict, context: ProcessorContext) -> Verdict:
    """Where a record may have few bytes, the oldest answers are forgotten: else no command could be answered again."""
    while (answers := verdict.answers) is not None and not context.fits(answers.key.encode(), answers):
        newer = answers.answers[(len(answers.answers) + 1) // 2 :]
        verdict = replace(verdict, answers=with_(answers, answers=newer) if newer else None)
    return verdict


def _issued(message: FeatureCommand | ModelCommand, record: Record) -> Issued:
    return Issued(
        command_id=message["command_id"],
        issued_by=message["issued_by"],
        issued_at=message["issued_at"],
        expected_revision=message.get("expected_revision"),
        offset=record.offset,
    )


def _origin(record: Record, topic: Topic, event_id: str) -> Trigger:
    return {"event_id": event_id, "topic": topic.name, "partition": record.partition, "offset": record.offset}


def _time(context: ProcessorContext) -> datetime:
    return from_milliseconds(context.now_ms)
