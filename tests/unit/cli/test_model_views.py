"""How a model is shown to people."""

from __future__ import annotations

from datetime import timedelta

from lead_qualifier.cli.model_views import details
from lead_qualifier.client.rulebook import Rulebook
from lead_qualifier.definitions.qualification_models.entries import ModelEntry
from lead_qualifier.qualification.criteria import Criterion
from lead_qualifier.qualification.flags import Actions
from lead_qualifier.qualification.models import OnRejection, QualificationModel, Recycling


def test_a_model_is_shown_with_what_a_rejection_means() -> None:
    definition = QualificationModel(
        id="enterprise",
        name="Enterprise",
        match="all",
        criteria=(Criterion("engagement", 70),),
        actions=Actions(sales_ready=True),
        on_rejection=OnRejection(
            Recycling(cool_down=timedelta(days=30)), {"wrong_person": Recycling(requalify=False), "typo": Recycling()}
        ),
    )
    entry = ModelEntry(id="enterprise", revision=2, status="live", version=1, published=definition)
    shown = list(details(entry, Rulebook({entry.key: entry}), None))
    rejected = "rejected by sales: again after 30d, for wrong_person not again, for typo again immediately"
    assert f"  criteria: all of engagement >= 70; {rejected}" in shown
    assert shown[shown.index("on_rejection:") :] == [
        "on_rejection:",
        "  requalify: true",
        "  cool_down: 30d",
        "  reasons:",
        "    wrong_person: {requalify: false}",
        "    typo: {requalify: true}",
    ]


def test_many_models_share_the_rules_that_say_which_are_degraded() -> None:
    book = Rulebook({})
    assert book.rules is book.rules, "building them for each model takes seconds for a thousand"
