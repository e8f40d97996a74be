"""The worker: the domain wired to the engine, in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping

from lead_qualifier.engine import DEFAULT_LIMITS, Application, Engine, FaultHook, Input, Limits
from lead_qualifier.engine.fault_points import no_fault_hook
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.messages import cloud_events
from lead_qualifier.messages.topics import (
    CATALOGUE,
    COMMAND_STATE,
    FEATURE_COMMANDS,
    LEAD_CHANGED,
    LEAD_DEAD_LETTERS,
    LEAD_HANDOVERS,
    LEAD_MERGED,
    LEAD_SALES_RESPONSE,
    LEAD_SCORE_CHANGED,
    LEAD_STATE,
    QUALIFICATION_COMMANDS,
    QUALIFICATION_MODELS,
    SCORING_MODEL_CHANGED,
)
from lead_qualifier.qualification.entries import Answers, Entry, decode_entry, encode_entry
from lead_qualifier.qualification.rules import Rules
from lead_qualifier.qualification.snapshot import rules_from
from lead_qualifier.services.acls import Service as Login
from lead_qualifier.services.acls import grants, naming_of
from lead_qualifier.services.process import Process
from lead_qualifier.services.service import Projection, Service
from lead_qualifier.services.worker import command_processor as commands
from lead_qualifier.services.worker import lead_processor as leads
from lead_qualifier.services.worker.command_processor import CommandProcessor, stored_entries
from lead_qualifier.services.worker.lead_processor import LeadProcessor
from lead_qualifier.services.worker.metrics import LeadMetrics
from lead_qualifier.settings import Settings

LEADS = "leads"
COMMANDS = "commands"


class Worker(Process):
    """One worker. `run` returns after a graceful stop, and ends the process otherwise."""

    def __init__(
        self,
        settings: Settings,
        connection: Connection,
        *,
        limits: Limits = DEFAULT_LIMITS,
        hook: FaultHook = no_fault_hook,
    ) -> None:
        super().__init__(
            settings,
            connection,
            build=lambda sizes: (_qualification(settings, sizes),),
            topics=CATALOGUE,
            rights=grants(Login.WORKER, naming_of(settings)),
            metrics=LeadMetrics(),
            limits=limits,
            hook=hook,
        )

    @property
    def engine(self) -> Engine:
        """What decides, once it runs."""
        return self.engines[0]


def _qualification(settings: Settings, sizes: Mapping[str, int]) -> Service:
    prefix = settings.topic_prefix
    source = cloud_events.source(settings.application_id)
    criteria: Projection[Entry, Rules] = Projection(
        "criteria",
        QUALIFICATION_MODELS.full_name(prefix),
        application=COMMANDS,
        stored=stored_entries,
        encode=encode_entry,
        decode=_entry,
        snapshot=lambda entries: rules_from(entries, settings.unknown_leads.value),
    )
    lead_decider = LeadProcessor(
        topic_prefix=prefix, source=source, rules=criteria.table.current, time_tolerance=settings.time_tolerance
    )
    command_decider = CommandProcessor(
        topic_prefix=prefix, source=source, project=criteria.project, time_tolerance=settings.time_tolerance
    )
    return Service(
        name="qualification",
        group_id=settings.application_id,
        applications=(_leads(lead_decider, settings, sizes), _commands(command_decider, settings, sizes)),
        projections=(criteria,),
    )


def _entry(value: bytes) -> Entry | None:
    entry = decode_entry(value)
    return None if isinstance(entry, Answers) else entry


def _leads(decider: LeadProcessor, settings: Settings, sizes: Mapping[str, int]) -> Application:
    prefix = settings.topic_prefix
    return Application(
        name=LEADS,
        inputs=tuple(
            Input(topic.full_name(prefix))
            for topic in (LEAD_CHANGED, LEAD_MERGED, LEAD_HANDOVERS, LEAD_SALES_RESPONSE, LEAD_SCORE_CHANGED)
        ),
        changelog=LEAD_STATE.full_name(settings.prefix_of_state),
        dead_letters=LEAD_DEAD_LETTERS.full_name(prefix),
        partitions=settings.partitions,
        processor=decider,
        encode_state=leads.encode_lead,
        decode_state=leads.decode_lead,
        max_record_bytes=sizes,
    )


def _commands(decider: CommandProcessor, settings: Settings, sizes: Mapping[str, int]) -> Application:
    prefix = settings.topic_prefix
    scoring = SCORING_MODEL_CHANGED.full_name(prefix)
    return Application(
        name=COMMANDS,
        inputs=(
            Input(scoring),
            Input(FEATURE_COMMANDS.full_name(prefix), after=(scoring,)),
            Input(QUALIFICATION_COMMANDS.full_name(prefix), after=(scoring,)),
        ),
        changelog=COMMAND_STATE.full_name(settings.prefix_of_state),
        dead_letters=LEAD_DEAD_LETTERS.full_name(prefix),
        partitions=1,
        processor=decider,
        encode_state=commands.encode_state,
        decode_state=commands.decode_state,
        max_record_bytes=sizes,
        keyed=False,
    )
