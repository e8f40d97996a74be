"""What the API consists of: each resource reads the projection, or sends commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter

from lead_qualifier.client.commands import CommandClient
from lead_qualifier.console.api.approval import Approval
from lead_qualifier.console.api.assignment_routes import assignment_routes
from lead_qualifier.console.api.assignments import Assignments
from lead_qualifier.console.api.audit import Audit
from lead_qualifier.console.api.audit_routes import audit_routes
from lead_qualifier.console.api.commands import Commands
from lead_qualifier.console.api.dataverse import Dataverse
from lead_qualifier.console.api.dataverse_routes import dataverse_routes
from lead_qualifier.console.api.dead_letter_routes import dead_letter_routes
from lead_qualifier.console.api.dead_letters import DeadLetterQueue, Letters
from lead_qualifier.console.api.definition_routes import definition_routes
from lead_qualifier.console.api.definitions import Definitions
from lead_qualifier.console.api.event_routes import event_routes
from lead_qualifier.console.api.events import Events
from lead_qualifier.console.api.feature import FeatureSwitch
from lead_qualifier.console.api.health import health_routes
from lead_qualifier.console.api.histograms import Histograms, histogram_routes
from lead_qualifier.console.api.lead_routes import lead_routes
from lead_qualifier.console.api.leads import Leads
from lead_qualifier.console.api.live import LiveUpdates
from lead_qualifier.console.api.model_commands import ModelCommands
from lead_qualifier.console.api.model_routes import model_routes
from lead_qualifier.console.api.models import Models
from lead_qualifier.console.api.overview import Overviews
from lead_qualifier.console.api.overview_routes import overview_routes
from lead_qualifier.console.api.preview_jobs import PreviewJobs
from lead_qualifier.console.api.previews import Previews, preview_routes
from lead_qualifier.console.api.qualifications import Qualifications
from lead_qualifier.console.api.report_routes import report_routes
from lead_qualifier.console.api.reports import Reports
from lead_qualifier.console.api.sales_answers import SalesAnswers
from lead_qualifier.console.api.sales_routes import sales_routes
from lead_qualifier.console.api.scoring_models import Announce, ScoringModels
from lead_qualifier.console.api.session import session_routes
from lead_qualifier.console.api.settings_routes import feature_routes, scoring_model_routes
from lead_qualifier.console.read_model.assignment_reader import AssignmentReader
from lead_qualifier.console.read_model.audit_trail import TrailReader
from lead_qualifier.console.read_model.database import Database
from lead_qualifier.console.read_model.dead_letters import DeadLetterReader
from lead_qualifier.console.read_model.definition_entries import DefinitionReader
from lead_qualifier.console.read_model.qualification_reader import QualificationReader
from lead_qualifier.console.read_model.reader import Reader
from lead_qualifier.console.read_model.report_history import ReportReader
from lead_qualifier.console.read_model.rule_entries import RulesReader
from lead_qualifier.console.read_model.score_histogram import ScoreHistograms
from lead_qualifier.console.read_model.standing import Standing
from lead_qualifier.messages.plausible_time import DEFAULT_TOLERANCE
from lead_qualifier.messages.topics import Topic
from lead_qualifier.qualification.rules import UnknownLeads

PREFIX = "/api/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """`standing`: how the projection stands now."""

    standing: Callable[[], Standing]
    leads: Leads
    overviews: Overviews
    live: LiveUpdates
    qualifications: Qualifications
    reports: Reports
    commands: Commands
    events: Events
    dataverse: Dataverse
    definitions: Definitions
    assignments: Assignments
    sales_answers: SalesAnswers
    dead_letters: DeadLetterQueue
    models: Models
    model_commands: ModelCommands
    scoring_models: ScoringModels
    histograms: Histograms
    previews: Previews
    feature: FeatureSwitch
    audit: Audit


def resources_of(
    database: Database,
    *,
    standing: Callable[[], Standing],
    client: CommandClient,
    announce: Announce,
    events: Events,
    dataverse: Dataverse,
    letters: Callable[[Topic], Letters],
    topic_prefix: str = "",
    unknown_leads: UnknownLeads = "open",
    time_tolerance: timedelta = DEFAULT_TOLERANCE,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    on_outcome: Callable[[str], None] = lambda outcome: None,
    second_person: bool = False,
) -> Resources:
    """The resources on a database. `client` sends commands. `letters`: the dead letters on a topic, as Kafka has them.

    `on_outcome`: as Commands takes it. `second_person`: whether nobody publishes what they wrote themselves.
    """
    reader = Reader(database, unknown_leads=unknown_leads)
    rules = RulesReader(database, unknown_leads=unknown_leads)
    qualifications = QualificationReader(database)
    trails = TrailReader(database)
    if second_person:
        client = client.publishing_after(Approval(trails).check)
    commands = Commands(client, on_outcome=on_outcome)
    assignment_reader = AssignmentReader(database)
    assignments = Assignments(assignment_reader, clock=clock)
    dead_letters = DeadLetterReader(database, topic_prefix=topic_prefix)
    overviews = Overviews(rules, qualifications, dead_letters, standing, clock=clock)
    return Resources(
        standing=standing,
        leads=Leads(reader),
        overviews=overviews,
        live=LiveUpdates(overviews, qualifications, standing),
        qualifications=Qualifications(rules, qualifications),
        reports=Reports(ReportReader(database), rules),
        commands=commands,
        events=events,
        dataverse=dataverse,
        models=Models(rules, trails, reader.count),
        dead_letters=DeadLetterQueue(dead_letters, letters, topic_prefix=topic_prefix),
        model_commands=ModelCommands(rules, commands),
        scoring_models=ScoringModels(rules, announce),
        previews=Previews(
            PreviewJobs(),
            database,
            unknown_leads=unknown_leads,
            time_tolerance=time_tolerance.total_seconds(),
        ),
        histograms=Histograms(ScoreHistograms(database, unknown_leads=unknown_leads), rules),
        feature=FeatureSwitch(rules, commands),
        audit=Audit(trails),
        definitions=Definitions(DefinitionReader(database), assignment_reader, trails, commands),
        assignments=assignments,
        sales_answers=SalesAnswers(reader, rules, assignments, events),
    )


def api_routes(resources: Resources) -> APIRouter:
    """The routes of every resource."""
    router = APIRouter(prefix=PREFIX)
    router.include_router(overview_routes(resources.overviews, resources.qualifications, resources.live))
    router.include_router(report_routes(resources.reports))
    router.include_router(lead_routes(resources.leads))
    router.include_router(feature_routes(resources.feature))
    router.include_router(scoring_model_routes(resources.scoring_models))
    router.include_router(histogram_routes(resources.histograms))
    router.include_router(preview_routes(resources.previews, PREFIX))
    router.include_router(model_routes(resources.models, resources.model_commands))
    router.include_router(audit_routes(resources.audit))
    router.include_router(definition_routes(resources.definitions))
    router.include_router(assignment_routes(resources.assignments))
    router.include_router(sales_routes(resources.sales_answers))
    router.include_router(session_routes())
    router.include_router(event_routes(resources.events))
    router.include_router(dataverse_routes(resources.dataverse))
    router.include_router(dead_letter_routes(resources.dead_letters))
    router.include_router(health_routes(resources.standing))
    return router
