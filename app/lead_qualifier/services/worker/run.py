"""The worker: the domain wired to the engine, in a process of its own."""

from __future__ import annotations

from lead_qualifier.definitions.command_processor import CommandProcessor
from lead_qualifier.definitions.qualification_models.entries import (
    Entry,
    decode_entry,
    decode_stored,
    encode_stored,
    entries_of,
)
from lead_qualifier.definitions.qualification_models.handlers import ModelHandlers
from lead_qualifier.definitions.qualification_models.registry import ModelRegistry
from lead_qualifier.definitions.qualification_models.snapshot import rules_from
from lead_qualifier.engine import DEFAULT_LIMITS, Engine, FaultHook, Limits
from lead_qualifier.engine.fault_points import no_fault_hook
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.messages.topics import QUALIFICATION_MODEL_CHANGED, QUALIFICATION_MODELS, QUALIFICATION_TOPICS
from lead_qualifier.qualification.rules import Rules
from lead_qualifier.services.acls import grants, naming_of
from lead_qualifier.services.process import Process
from lead_qualifier.services.projection import Projection
from lead_qualifier.services.service import Service
from lead_qualifier.services.topology import WORKER
from lead_qualifier.services.wiring import Wiring
from lead_qualifier.services.worker import lead_processor as leads
from lead_qualifier.services.worker.lead_processor import LeadProcessor
from lead_qualifier.services.worker.metrics import LeadMetrics
from lead_qualifier.settings import Settings
from lead_qualifier.wording.sentences import IN_ENGLISH


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
            build=lambda sizes: (build(Wiring(WORKER, settings, sizes)),),
            topics=QUALIFICATION_TOPICS,
            rights=grants("worker", naming_of(settings)),
            metrics=LeadMetrics(),
            limits=limits,
            hook=hook,
        )

    @property
    def engine(self) -> Engine:
        """The engine, once the worker runs."""
        return self.engines[0]


def build(wiring: Wiring) -> Service:
    """The worker's service."""
    prefix, source, tolerance = wiring.prefix, wiring.source, wiring.settings.time_tolerance
    criteria: Projection[Entry, Rules] = Projection(
        "criteria",
        QUALIFICATION_MODELS.full_name(prefix),
        application="commands",
        stored=entries_of,
        encode=encode_stored,
        decode=decode_entry,
        snapshot=lambda entries: rules_from(entries, wiring.settings.unknown_leads.value),
    )
    lead_processor = LeadProcessor(topic_prefix=prefix, source=source, rules=criteria.current, time_tolerance=tolerance)
    command_processor = CommandProcessor(
        ModelRegistry,
        handlers=ModelHandlers(IN_ENGLISH).by_topic,
        changed=QUALIFICATION_MODEL_CHANGED,
        topic_prefix=prefix,
        source=source,
        project=criteria.project,
        decode=entries_of,
        time_tolerance=tolerance,
    )
    return wiring.service(
        wiring.application("leads", lead_processor, leads.encode_lead, leads.decode_lead),
        wiring.application("commands", command_processor, encode_stored, decode_stored),
        projections=(criteria,),
    )
