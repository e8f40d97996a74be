"""`model`: the life of qualification models, from a file to live and back."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from lead_qualifier.cli import model_views, preview_views
from lead_qualifier.cli.definitions import SEVERAL_FILES, DefinitionCommands, definition_commands
from lead_qualifier.cli.exit_codes import Refused
from lead_qualifier.cli.model_diff import diff
from lead_qualifier.cli.model_report import report as report_on
from lead_qualifier.cli.options import AsFile, DefinitionFile, ExpectedRevision, IssuedBy, Json, ModelId
from lead_qualifier.cli.screen import progress, say, show_json
from lead_qualifier.cli.session import open_session, report
from lead_qualifier.client.definitions import QUALIFICATION_MODEL
from lead_qualifier.client.preview import NEAR_POINTS, SAMPLE
from lead_qualifier.client.preview_json import preview_as_json
from lead_qualifier.client.preview_reader import preview as preview_topics
from lead_qualifier.client.rulebook import read_rulebook
from lead_qualifier.client.sweeping import swept
from lead_qualifier.client.what_if import NoThresholds, thresholds_in
from lead_qualifier.kafka.errors import NotAllowed
from lead_qualifier.messages.model_definition import definition_of
from lead_qualifier.messages.model_reading import read_model_file


class Switch(StrEnum):
    """On or off."""

    ON = "on"
    OFF = "off"


def _read(file: Path) -> Mapping[str, Any]:
    return {**definition_of(read_model_file(file))}


_APPLY = f"""Create a model from a file, or replace its draft.

It runs once published. The file is checked first: each problem is reported by line and field. To change a live model,
stop it first, or use `--draft`: the live version keeps running until the draft replaces it (`model publish --replace`).
A draft that is identical to the live version is dropped.

{SEVERAL_FILES}"""
_PUBLISH = """Publish a model as its next version, so that it qualifies leads.

Existing leads are evaluated immediately, unless the model says `existing_leads: ignore`. With `--replace` the new
version takes over without a gap: every event is decided by exactly one of the two.
"""
_STOP = "Stop a live model, so that it can be changed.\n\nLeads that it qualified stay qualified."
_DELETE = """Delete a model that is not live.

Leads that it qualified stay qualified, even to a new model with the same id.
"""
_HISTORY = """List the published versions of a model.

For each: when and by whom it was published, who wrote it, how long it ran, and its criteria. The history comes from the
audit trail and includes deleted models.
"""

model = definition_commands(
    DefinitionCommands(
        name=QUALIFICATION_MODEL,
        plural="models",
        about="Define, publish and inspect qualification models.",
        read=_read,
        show_history=model_views.show_history,
        about_each={"apply": _APPLY, "publish": _PUBLISH, "stop": _STOP, "delete": _DELETE, "history": _HISTORY},
    )
)


@model.command("list")
def list_models(as_json: Json = False) -> None:
    """List models, scoring models and the feature switch.

    Each model is shown with its status, version and criteria.
    """
    session = open_session()
    book = read_rulebook(session.connection, topic_prefix=session.prefix)
    if as_json:
        show_json(
            {
                "lead_management": book.lead_management,
                "models": [model_views.as_json(entry, book) for entry in book.models],
                "scoring_models": [msgspec.to_builtins(entry) for entry in book.scoring_models],
            }
        )
        return
    if book.models:
        model_views.table(book)
    else:
        say("no models yet: write one and apply it (lead-qualifier model apply FILE)")
    say("")
    for line in model_views.surroundings(book):
        say(line)


@model.command()
def show(
    model_id: ModelId,
    as_file: AsFile = False,
    draft: Annotated[
        bool, typer.Option("--draft", help="With --file: the definition of the draft instead of the live version.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show a model: status, version, definition and draft.

    Scoring models that it names and that are not live are shown, too.
    """
    session = open_session()
    book = read_rulebook(session.connection, topic_prefix=session.prefix)
    entry = book.model(model_id)
    if entry is None or entry.definition is None:
        known = ", ".join(one.id for one in book.models) or "none"
        gone = "was deleted" if entry is not None else "does not exist"
        raise Refused(f"the model {model_id} {gone}; known: {known} (lead-qualifier model apply FILE creates one)")
    if draft and entry.draft is None:
        raise Refused(f"{model_id} has no draft (lead-qualifier model apply --draft FILE creates one)")
    definition = entry.draft if draft and entry.draft is not None else entry.definition
    if as_file:
        for line in model_views.as_file(definition):
            say(line)
        return
    existing = None
    with contextlib.suppress(NotAllowed):  # the progress is left out for a login that may not read leads
        existing = swept(session.connection, state_prefix=session.state_prefix, entry=entry)
    if as_json:
        show_json(model_views.as_json(entry, book, existing))
    else:
        for line in model_views.details(entry, book, existing):
            say(line)


@model.command()
def preview(
    file: DefinitionFile,
    *,
    near: Annotated[
        float,
        typer.Option(
            "--near", min=0, metavar="POINTS", help="A score at most this far below a threshold is a near miss."
        ),
    ] = NEAR_POINTS,
    sample: Annotated[
        int, typer.Option("--sample", min=0, max=1000, metavar="N", help="How many qualifying leads to show.")
    ] = SAMPLE,
    days: Annotated[
        int,
        typer.Option(
            "--days",
            min=0,
            max=3650,
            metavar="N",
            help="Also replay the retained scores: how many leads would have qualified on each of the last N days.",
        ),
    ] = 0,
    what_if: Annotated[
        list[str] | None,
        typer.Option(
            "--what-if",
            metavar="SCORING_MODEL=N,…",
            help="How many leads would qualify with other thresholds of one criterion, such as engagement=60,65,75. "
            "Repeatable: each criterion alone, the rest as in the file.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what a model would do if it were published now.

    Nothing is published; topics are only read. Every known lead is evaluated as the model's next version would evaluate
    it: how many leads qualify, why the others do not, how many meet or nearly meet each criterion, how their scores are
    distributed, and how the result differs from the live version. Scores of a scoring model that is not live do not
    count. With --days, every lead starts open and never qualified, because earlier CRM data is not kept.
    """
    try:
        thresholds = thresholds_in(what_if or ())
    except NoThresholds as error:
        raise typer.BadParameter(str(error), param_hint="--what-if") from None
    definition = read_model_file(file)
    session = open_session()
    rules = read_rulebook(
        session.connection, topic_prefix=session.prefix, unknown_leads=session.settings.unknown_leads.value
    ).rules
    with progress("reading leads") as show_progress:
        previewed = preview_topics(
            session.connection,
            definition,
            rules,
            topic_prefix=session.prefix,
            state_prefix=session.state_prefix,
            near=near,
            sample=sample,
            days=days,
            what_if=thresholds,
            progress=show_progress,
            time_tolerance=session.settings.time_tolerance,
        )
    if as_json:
        show_json(preview_as_json(previewed))
    else:
        preview_views.show(previewed)


@model.command()
def shadow(
    model_id: ModelId,
    switch: Annotated[Switch, typer.Argument(metavar="on|off", help="Whether the draft runs in shadow.")],
    expected_revision: ExpectedRevision = None,
    issued_by: IssuedBy = None,
    as_json: Json = False,
) -> None:
    """Run the draft of a live model in shadow, or stop that.

    In shadow, workers count what the draft would do differently, without any effect. Every score that the live version
    or the draft uses is counted in the workers' `/metrics` as `lead_qualifier_shadow_total{model,difference}`, by the
    criteria that the lead then meets: both, neither, only those of the draft (newly_qualifying), or only those of the
    live version (no_longer_qualifying).
    """
    client = open_session(issued_by=issued_by).commands()
    on = switch is Switch.ON
    report(lambda: client.shadow(model_id, on=on, expected_revision=expected_revision), as_json=as_json)


model.command()(diff)
model.command("report")(report_on)
