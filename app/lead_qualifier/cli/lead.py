"""`lead show`: all there is to know about one lead, and why it is qualified or not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import typer

from lead_qualifier.cli.exit_codes import ExitCode
from lead_qualifier.cli.options import Json, command_group
from lead_qualifier.cli.screen import busy, moment, say, show_json
from lead_qualifier.cli.session import Session, check_lead_id, open_session
from lead_qualifier.client.evidence import changes_finding, criteria_finding, criterion_finding, model_finding
from lead_qualifier.client.explanation import Explained, explain, reopened
from lead_qualifier.client.leads import LeadPresence, LookedUp, look_up
from lead_qualifier.client.rulebook import read_rulebook
from lead_qualifier.messages.lead_qualified import evidence_of
from lead_qualifier.qualification.flags import FLAG_NAMES, FLAGS, FlagValue
from lead_qualifier.qualification.lead_fields import OPEN
from lead_qualifier.qualification.leads import Lead
from lead_qualifier.qualification.rules import Rules
from lead_qualifier.wording.numbers import number
from lead_qualifier.wording.sentences import IN_ENGLISH

lead = command_group("Explain one lead.")


@lead.command()
def show(
    lead_id: Annotated[str, typer.Argument(metavar="ID", help="The lead's id.")],
    as_json: Json = False,
) -> None:
    """Show why a lead is qualified or not.

    It shows the status and scores, what each model makes of the lead and what is missing, and past qualifications, as
    the workers have processed them so far. The exit code is 1 if the lead was never seen or was erased.
    """
    session = open_session()
    check_lead_id(lead_id)
    with busy(f"looking for {lead_id}"):
        rules = read_rulebook(
            session.connection, topic_prefix=session.prefix, unknown_leads=session.settings.unknown_leads.value
        ).rules
        found = look_up(
            session.connection, topic_prefix=session.prefix, state_prefix=session.state_prefix, lead_id=lead_id
        )
    explained = [] if found.lead is None else explain(found.lead, rules, datetime.now(UTC))
    if as_json:
        show_json(_as_json(found, explained, rules))
    else:
        for line in _lines(found, explained, rules, session):
            say(line)
    if found.presence is not LeadPresence.HELD:
        raise typer.Exit(ExitCode.REFUSED)


def _lines(found: LookedUp, explained: list[Explained], rules: Rules, session: Session) -> Iterator[str]:
    match found.presence:
        case LeadPresence.NEVER_SEEN:
            yield f"{found.lead_id} was never seen: no worker has processed a score or a change of a lead with this id"
            yield f"(searched partition {found.partition} of {session.state_prefix}lead-state)"
        case LeadPresence.ERASED:
            yield f"{found.lead_id} was erased: nothing is kept about it; its next event starts afresh"
        case LeadPresence.HELD:
            assert found.lead is not None
            yield from _about(found.lead_id, found.lead)
            yield from _scores(found.lead, rules)
            for one in explained:
                yield from _model(one)
            yield from _history(found, found.lead)
    if found.unprocessed:
        yield ""
        yield (
            f"{found.unprocessed:,} records of its partition are not processed yet; some may be about this lead"
            " (lead-qualifier worker decides them)"
        )


def _flag(name: str, value: FlagValue) -> str:
    if isinstance(value, bool):
        return f"{'' if value else 'not '}{name.replace('_', ' ')}"
    return value


def _about(lead_id: str, held: Lead) -> Iterator[str]:
    closed = "" if held.status == OPEN else " (closed: it cannot qualify)"
    yield f"{lead_id}: {held.status}{closed}, {', '.join(_flag(name, getattr(held, name)) for name in FLAG_NAMES)}"
    if held.merged_into is not None and held.merged_at is not None:
        yield f"  merged into {held.merged_into} on {moment(held.merged_at)} (only that lead can qualify)"
    facts = [f"owner {held.owner_id}" if held.owner_id else "", f"contact {held.contact_id}" if held.contact_id else ""]
    facts += [f"{name} {value}" for name, value in held.attributes.items()]
    if any(facts):
        yield f"  {', '.join(filter(None, facts))}"
    if held.known and held.changed_at is not None:
        yield f"  last update from the CRM: {moment(held.changed_at)}"
    else:
        yield "  no update from the CRM yet"


def _scores(held: Lead, rules: Rules) -> Iterator[str]:
    yield ""
    yield "scores" if held.scores else "no scores yet"
    width = max(map(len, held.scores), default=0)
    for name, score in sorted(held.scores.items()):
        note = "" if name in rules.live_scoring_models else "  (scoring model not live: does not count)"
        grade = "" if score.grade is None else f"  grade {score.grade}"
        yield f"  {name:<{width}}  {number(score.value):>6}  at {moment(score.at)}{grade}{note}"


def _model(one: Explained) -> Iterator[str]:
    yield ""
    model = one.model
    version = f"v{model.version}" if model.version else "never published"
    yield f"model {model.id} {version}{'' if model.live else ', not live'}: {one.outcome}"
    yield f"  {IN_ENGLISH.sentence(one.reason)}"
    if model.live:
        for criterion in one.criteria:
            yield f"    {IN_ENGLISH.sentence(criterion_finding(evidence_of(criterion)))}"
        if one.fast_track is not None:
            yield f"    {IN_ENGLISH.sentence(one.fast_track)}"


def _history(found: LookedUp, held: Lead) -> Iterator[str]:
    yield ""
    kept = {(event["qualification_model_id"], event["qualification_number"]) for event in found.qualifications}
    gone = [(model, mark) for model, mark in held.marks.items() if (model, mark.number) not in kept]
    yield "qualified" if found.qualifications or gone else "never qualified"
    for model, mark in gone:
        time = "" if mark.number == 1 else f" (qualification {mark.number})"
        yield f"  {moment(mark.at)} by {model} v{mark.version}{time}, on {mark.trigger}; its event is no longer kept"
    for event in found.qualifications:
        trigger = event["trigger"]
        at = moment(datetime.fromisoformat(event["occurred_at"]))
        by, changes, criteria = map(
            IN_ENGLISH.sentence,
            (model_finding(event), changes_finding(event["changes"]), criteria_finding(event["criteria"])),
        )
        yield f"  {at} by {by}: {changes}"
        yield f"    {criteria}"
        where = f"{trigger['topic']}, partition {trigger['partition']}, offset {trigger['offset']}"
        yield f"    {event['origin']}, on event {trigger['event_id']} ({where})"
    for since in reopened(held):
        yield f"  {IN_ENGLISH.sentence(since)}"


def _as_json(found: LookedUp, explained: list[Explained], rules: Rules) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "lead_id": found.lead_id,
        "standing": found.presence.value,
        "undecided_records": found.unprocessed,
        "lead_management": rules.lead_management,
        "qualifications": found.qualifications,
    }
    if found.lead is not None:
        # As on lead-state, where what is absent has its default; here everything is said.
        flags: dict[str, Any] = {flag.name: flag.initial for flag in FLAGS}
        defaults = {"status": OPEN, **flags, "known": False, "scores": {}}
        shown["lead"] = defaults | msgspec.to_builtins(found.lead)
        shown["models"] = [
            {
                "qualification_model_id": one.model.id,
                "version": one.model.version,
                "live": one.model.live,
                "degraded": list(rules.degraded(one.model)),
                "outcome": one.outcome.value,
                "reason": IN_ENGLISH.sentence(one.reason),
                "criteria": [evidence_of(criterion) for criterion in one.criteria],
                "missing": [IN_ENGLISH.sentence(what) for what in one.missing],
            }
            | ({} if one.in_audience is None else {"in_audience": one.in_audience})
            | ({} if one.fast_track is None else {"fast_track": IN_ENGLISH.sentence(one.fast_track)})
            for one in explained
        ]
    return shown
