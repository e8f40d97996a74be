"""English sentences as pages say them: what to do there, where the command line would name a command."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from typing_extensions import override

from lead_qualifier.qualification.utc import within_years
from lead_qualifier.wording.english import ENGLISH
from lead_qualifier.wording.sentences import Wording

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

SENTENCES: dict[str, str] = {
    # What became of a definition, or why a command about it was refused
    "draft_saved": "{id}: draft saved; it runs once published",
    "draft_saved_while_live": ("{id}: draft saved; version {version} stays live until you replace it by the draft"),
    "draft_saved_for_shadow": (
        "{id}: draft saved; version {version} stays live until you replace it by the draft (its shadow shows what the"
        " draft would do)"
    ),
    "stopped": "{id} is stopped; to continue, edit and publish it",
    "deleted": "{id} is deleted; its versions stay in the history",
    "unknown_definition": "there is no {kind:term} {id}",
    "live_refuses_apply": "{id} is live: stop it first, or save the change as a draft",
    "live_refuses_delete": "{id} is live: stop it first",
    "already_live": "{id} is already live, in version {version}: stop it first",
    "already_live_with_draft": (
        "{id} is already live, in version {version}: stop it first, or replace it by its draft"
    ),
    "nothing_to_stop": "{id} is not live, so there is nothing to stop",
    "nothing_to_replace": "{id} is not live, so there is nothing to replace: publish it",
    "no_draft": "{id} has no draft to replace version {version}: save one first",
    "shadow_on": (
        "{id}: the draft runs in the shadow of version {version}; what it would decide differently is counted"
    ),
    "nothing_to_compare": "{id} is not live, so there is nothing to compare its draft with",
    "feature_on": "{name:term} is on",
    "feature_off": (
        "{name:term} is off: nothing qualifies until it is on again; scores and lead changes are still recorded"
    ),
    "feature_on_already": "{name:term} is already on",
    "feature_off_already": "{name:term} is already off",
    "scoring_model_observed": "scoring model {id} is {status:term}",
    "scoring_model_unchanged": "scoring model {id} is already {status:term}",
    "lead_management_off": "lead management is off: someone with the role administrator must turn it on",
    "scoring_model_unknown": "scoring model {id} is unknown: set it live first",
    "scoring_model_not_live": "scoring model {id} is {status:term}, not live: set it live first",
    "threshold_above_maximum": (
        "{field}.threshold: {threshold} is above {maximum}, the maximum of scoring model {scoring_model},"
        " so no score can meet it: lower it to {maximum} or less, or correct the maximum"
    ),
    # A model in words
    "all_of": "{members:joined by and }",
    "any_of": "{members:joined by or }",
    # Why a lead is qualified or not
    "criterion": "{scoring_model} ≥ {threshold:.10g}",
    "score_met": "{scoring_model} {score:.10g} ≥ {threshold:.10g} met",
    "change": "{field:term} {before:term} → {after:term}",
    "lacks_live_scoring_model": "{scoring_model}: the scoring model is not live, so no score counts",
    "nothing_qualifies": "lead management is off: nothing qualifies",
    "model_not_live": "the model is not live",
    # Why it has its owner, or waits
    "no_assignment_takes": "no live assignment takes leads of model {model}",
    "only_team_or_queue": "it is the only {kind:term} that the rule may assign this lead to",
    "closed": "is closed (status {status:term}, reason {status_reason:term}): {decisions}",
    "not_qualified": "has not qualified, and only qualified leads are assigned",
    # Why Kafka cannot be used
    "BrokerNotReady": "waited {seconds:g} s: {reason}; have it checked that the broker runs and is configured",
    "BrokerUnreachable": (
        "no Kafka broker answered at {bootstrap_servers} within {seconds:g} s ({reason}); have it checked that it runs"
        " and that KAFKA_BOOTSTRAP_SERVERS is right"
    ),
    "NotAllowed": "the broker does not allow the console's login: {rights:listed}; have its ACLs completed",
    "TopicMissing": (
        "the topic {topic} does not exist: have it created, or LEAD_QUALIFIER_TOPIC_PREFIX set to what the workers use"
    ),
}
"""By the code of a finding, or by the class of an error; all others are the same on pages."""

ENGLISH_ON_PAGES: dict[str, str] = {**ENGLISH, **SENTENCES}


class WordingOnPages(Wording):
    """The sentences of one language, with days and times as people write them. Times are in UTC."""

    def begins_with_word(self, code: str) -> bool:
        """Whether a sentence begins with a word of the language, rather than with an id or a name."""
        return not self._catalogue[code].startswith("{")

    def day_of_year(self, on: date) -> str:
        """Such as 3 Nov."""
        return f"{on.day} {_MONTHS[on.month - 1]}"

    def day(self, on: date) -> str:
        """Such as 3 Nov 2026."""
        return f"{self.day_of_year(on)} {on.year}"

    def moment(self, at: datetime) -> str:
        """To the minute, such as 3 Nov 2026, 09:05 UTC."""
        utc = within_years(at)
        return f"{self.day(utc)}, {utc:%H:%M} UTC"

    def exact(self, at: datetime) -> str:
        """To the second, such as 3 Nov 2026, 09:05:00 UTC."""
        utc = within_years(at)
        return f"{self.day(utc)}, {utc:%H:%M:%S} UTC"

    @override
    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, datetime) and not format_spec:
            return self.moment(value)
        return super().format_field(value, format_spec)


IN_ENGLISH_ON_PAGES = WordingOnPages(ENGLISH_ON_PAGES)
"""What pages say in English."""
