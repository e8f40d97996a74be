"""How a preview of a qualification model is shown, to people and to programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil

from lead_qualifier.cli.score_band_views import band_text
from lead_qualifier.cli.screen import columns, moment, note, say, warn
from lead_qualifier.client.evidence import changes_finding, criteria_finding
from lead_qualifier.client.formula import terms
from lead_qualifier.client.preview import Compared, CriterionCount, Preview
from lead_qualifier.client.preview_reader import Days, Previewed
from lead_qualifier.client.what_if import WhatIf
from lead_qualifier.messages.durations import duration_text
from lead_qualifier.messages.lead_flags import changes_of
from lead_qualifier.messages.lead_qualified import evidence_of
from lead_qualifier.qualification.decide import Outcome
from lead_qualifier.qualification.models import QualificationModel
from lead_qualifier.wording.numbers import number
from lead_qualifier.wording.sentences import IN_ENGLISH

_BAR = 40


def show(previewed: Previewed) -> None:
    """All of it as text."""
    preview, model = previewed.preview, previewed.model
    definition = model.definition
    for line in _reservations(previewed):
        warn(line)
    say(f"{definition.id} ({definition.name}), if published now as version {model.version}")
    say(f"  {IN_ENGLISH.sentence(terms(definition))}")
    say("")
    say(f"{preview.qualifying:,} of {preview.leads:,} known leads would qualify ({preview.share:.2%})")
    for line in _when_and_why_not(preview, definition):
        say(f"  {line}")
    others = [(outcome, count) for outcome, count in preview.outcomes.items() if outcome is not Outcome.QUALIFIED]
    if others:
        say("")
        columns(
            ("outcome of the others", "leads", "share"),
            ((outcome.value, f"{count:,}", f"{count / preview.leads:.1%}") for outcome, count in others),
            right=("leads", "share"),
        )
    say("")
    _criteria(preview, previewed.near, in_audience=model.audience is not None)
    for criterion in preview.criteria:
        if criterion.bands or criterion.by_grade:
            say("")
            _distribution(criterion)
    for what_if in preview.what_if:
        say("")
        _what_if(what_if)
    if preview.compared is not None:
        say("")
        for line in _compared(preview.compared):
            say(line)
    if preview.sample:
        say("")
        say(
            f"a sample of {len(preview.sample)} that would qualify"
            if preview.qualifying > 1
            else "this one would qualify"
        )
        for lead_id, found in preview.sample:
            again = "" if found.number == 1 else f" (qualification {found.number})"
            say(f"  {lead_id}{again}: {IN_ENGLISH.sentence(changes_finding(changes_of(found.changes)))}")
            criteria = criteria_finding([evidence_of(one) for one in found.criteria])
            say(f"    {IN_ENGLISH.sentence(criteria)}")
    if previewed.days is not None:
        say("")
        _days(previewed.days)
    if previewed.unprocessed:
        note(f"{previewed.unprocessed:,} records are not processed yet and not included (lead-qualifier worker)")


def _when_and_why_not(preview: Preview, definition: QualificationModel) -> Iterator[str]:
    """When those that would qualify do, and what keeps others from it."""
    if definition.existing_leads == "ignore" and preview.qualifying:
        yield "each with its next score, because the model says existing_leads: ignore"
    if definition.hold is not None:
        hold = duration_text(definition.hold)
        yield f"{preview.holding:,} more would qualify once they have met the criteria for {hold}"
    if preview.outside:
        yield f"{preview.outside:,} are outside the audience"
    if preview.set_already:
        yield _set_already(preview.set_already, definition.id)


def _set_already(by: Mapping[str, int], model_id: str) -> str:
    """Why leads that meet the criteria do not qualify: there is nothing to change about them."""
    whose = {"": "not through a model", model_id: "through this model"}
    each = ", ".join(f"{count:,} {whose.get(name, f'through model {name}')}" for name, count in by.items())
    return f"{sum(by.values()):,} more meet the criteria, but already have what the model would set: {each}"


def _reservations(previewed: Previewed) -> Iterator[str]:
    if not previewed.lead_management:
        yield (
            "lead management is off, so nothing can be published and nothing qualifies; this preview assumes it is on "
            "(lead-qualifier feature enable lead-management)"
        )
    for name in previewed.not_live:
        yield (
            f"scoring model {name} is not live: its criteria count as not met, and publishing "
            f"{previewed.model.id} would be refused (lead-qualifier scoring-model set {name} --status live)"
        )
    if previewed.unreadable:
        yield f"{previewed.unreadable:,} leads are left out, because their stored state cannot be read"


def _criteria(preview: Preview, near: float, *, in_audience: bool) -> None:
    say(f"criteria, for the {preview.asked:,} eligible leads{' in the audience' if in_audience else ''}")
    asks = "threshold or grades" if any(one.criterion.grades for one in preview.criteria) else "threshold"
    expire = any(one.criterion.max_age is not None for one in preview.criteria)
    titles = (asks, "met", "share", f"within {number(near)}", *(("expired",) if expire else ()), "no score")
    columns(
        ("  scoring model", *titles),
        (_criterion(one, preview.asked, expire=expire) for one in preview.criteria),
        right=titles,
    )


def _criterion(one: CriterionCount, asked: int, *, expire: bool) -> tuple[str, ...]:
    """A row of the table of criteria; `expire`: it has a column for scores that have expired."""
    criterion = one.criterion
    expired = () if not expire else ("-" if criterion.max_age is None else f"{one.expired:,}",)
    return (
        f"  {criterion.scoring_model}" + ("" if one.live else f" (not live: {one.reached:,} would meet it)"),
        " or ".join(criterion.grades) if criterion.threshold is None else number(criterion.threshold),
        f"{one.met:,}",
        f"{one.met / asked:.1%}" if asked else "-",
        "-" if criterion.threshold is None else f"{one.near:,}",
        *expired,
        f"{one.no_score:,}",
    )


def _distribution(criterion: CriterionCount) -> None:
    """How many leads have a score in each band, or each grade."""
    asked = criterion.criterion
    rows = [
        (band_text(band, whole=criterion.whole), count, " <- threshold" if band.start == asked.threshold else "")
        for band, count in criterion.bands
    ]
    rows += [
        ("no grade" if grade is None else f"grade {grade}", count, " <- asked for" if grade in asked.grades else "")
        for grade, count in criterion.by_grade.most_common()
    ]
    most = max(count for _, count, _ in rows)
    columns(
        (f"  {asked.scoring_model}", "leads", ""),
        ((f"  {title}", f"{count:,}", _bar(count, most) + remark) for title, count, remark in rows),
        right=("leads",),
    )


def _bar(count: int, most: int) -> str:
    return "#" * ceil(_BAR * count / (most or 1))


def _what_if(what_if: WhatIf) -> None:
    now = dict(what_if.qualifying)[what_if.threshold]
    columns(
        (f"  {what_if.scoring_model_id} threshold", "would qualify", "difference"),
        (
            (
                f"  {number(threshold)}" + (" (in the file)" if threshold == what_if.threshold else ""),
                f"{count:,}",
                "" if threshold == what_if.threshold else f"{count - now:+,}",
            )
            for threshold, count in what_if.qualifying
        ),
        right=("would qualify", "difference"),
    )


def _compared(compared: Compared) -> Iterator[str]:
    yield f"compared with live version {compared.version}, by audience and criteria alone"
    yield f"  {compared.newly_qualifying:,} newly qualifying: they meet only the new ones"
    yield f"  {compared.no_longer_qualifying:,} no longer qualifying: they meet only the live ones"
    yield f"  {compared.both:,} meet both, {compared.neither:,} neither"


def _days(days: Days) -> None:
    if days.since is None:
        say("per day: lead-score-changed is empty")
        return
    say(f"per day (UTC), replayed from lead-score-changed, whose oldest record is from {moment(days.since)}")
    columns(
        ("  day", "would have qualified"),
        ((f"  {day.isoformat()}", "no history" if count is None else f"{count:,}") for day, count in days.each),
        right=("would have qualified",),
    )
