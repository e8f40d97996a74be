"""The feature switch: whether lead management is on."""

from __future__ import annotations

from lead_qualifier.console.api.command_forms import CommandOutcome, outcome_form
from lead_qualifier.console.api.commands import Commands
from lead_qualifier.console.api.orders import Order
from lead_qualifier.console.api.scoring_model_forms import Feature
from lead_qualifier.console.read_model.rule_entries import RulesReader
from lead_qualifier.definitions.qualification_models.entries import LEAD_MANAGEMENT, feature_key


class FeatureSwitch:
    """What API and pages ask about lead management, and order."""

    def __init__(self, rules: RulesReader, commands: Commands) -> None:
        self._rules = rules
        self._commands = commands

    def show(self) -> Feature:
        """How it stands."""
        entry = self._rules.rulebook().feature(LEAD_MANAGEMENT)
        if entry is None:
            return Feature(lead_management=False, revision=0)
        return Feature(
            lead_management=entry.enabled,
            revision=entry.revision,
            changed_at=entry.changed_at,
            changed_by=entry.changed_by,
        )

    def switch(self, order: Order, *, on: bool) -> CommandOutcome:
        """Turn it on or off. Raises CommandRefused, NoAnswer, NoService, BrokerAway, BrokerRefused."""
        outcome = self._commands.run(
            lambda client: client.switch_feature(LEAD_MANAGEMENT, on=on, expected_revision=order.expected_revision),
            issued_by=order.issued_by,
            command_id=order.command_id,
            shown=lambda one: self._rules.revision_of(feature_key(LEAD_MANAGEMENT)) >= int(one.event["revision"]),
        )
        return outcome_form(outcome)
