"""The worker: the domain wired to the engine, in a process of its own."""

from __future__ import annotations

from lead_qualifier.engine import DEFAULT_LIMITS, Engine, FaultHook, Limits
from lead_qualifier.engine.fault_points import no_fault_hook
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.messages.topics import CATALOGUE, QUALIFICATION_MODELS
from lead_qualifier.qualification.entries import Answers, Entry, decode_entry, encode_entry
from lead_qualifier.qualification.rules import Rules
from lead_qualifier.qualification.snapshot import rules_from
from lead_qualifier.services.acls import Service as Login
from lead_qualifier.services.acls import grants, naming_of
from lead_qualifier.services.process import Process
from lead_qualifier.services.service import Projection, Service
from lead_qualifier.services.topology import WORKER
from lead_qualifier.services.wiring import Wiring
from lead_qualifier.services.worker import command_processor as commands
from lead_qualifier.services.worker import lead_processor as leads
from lead_qualifier.services.worker.command_processor import CommandProcessor, stored_entries
from lead_qualifier.services.worker.lead_processor import LeadProcessor
from lead_qualifier.services.worker.metrics import LeadMetrics
from lead_qualifier.settings import Settings


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


def build(wiring: Wiring) -> Service:
    """The worker's service."""
    prefix, source, tolerance = wiring.prefix, wiring.source, wiring.settings.time_tolerance
    criteria: Projection[Entry, Rules] = Projection(
        "criteria",
        QUALIFICATION_MODELS.full_name(prefix),
        application="commands",
        stored=stored_entries,
        encode=encode_entry,
        decode=_entry,
        snapshot=lambda entries: rules_from(entries, wiring.settings.unknown_leads.value),
    )
    lead_processor = LeadProcessor(
        topic_prefix=prefix, source=source, rules=criteria.table.current, time_tolerance=tolerance
    )
    command_processor = CommandProcessor(
        topic_prefix=prefix, source=source, project=criteria.project, time_tolerance=tolerance
    )
    return wiring.service(
        wiring.application("leads", lead_processor, leads.encode_lead, leads.decode_lead),
        wiring.application("commands", command_processor, commands.encode_state, commands.decode_state),
        projections=(criteria,),
    )


def _entry(value: bytes) -> Entry | None:
    entry = decode_entry(value)
    return None if isinstance(entry, Answers) else entry
