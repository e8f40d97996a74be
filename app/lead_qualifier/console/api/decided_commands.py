"""Carries out commands on definitions, and says in the language of the request what became of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from lead_qualifier.client.commands import CommandClient, Outcome
from lead_qualifier.console.api.command_forms import CommandOutcome, outcome_form
from lead_qualifier.console.api.commands import CommandRefused, Commands
from lead_qualifier.console.api.forms import FieldProblem
from lead_qualifier.console.api.orders import Order
from lead_qualifier.definitions.codes import Code
from lead_qualifier.definitions.commands import Decision
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.wording.sentences import Wording


class DecidedCommands:
    """Sends commands whose decisions the console can foresee."""

    def __init__(self, commands: Commands, *, codes: Mapping[Code, str] = MappingProxyType({})) -> None:
        """`codes`: those that have another name on the topics of the definitions."""
        self._commands = commands
        self._codes = codes

    def run(
        self,
        order: Order,
        definition_id: str,
        send: Callable[[CommandClient], Outcome],
        *,
        foresee: Callable[[], Decision[Any]],
        revision: Callable[[], int],
    ) -> CommandOutcome:
        """Send a command, and return the service's outcome. Its sentence is in English and names CLI commands, so
        the console's own takes its place: that of the same decision, which `foresee` makes by the projection.

        `revision`: the definition's, as the projection has it; 0 if there is none. Raises CommandRefused, and what
        Commands.run raises.
        """
        decision = foresee()
        try:
            outcome = self._commands.run(
                send,
                issued_by=order.issued_by,
                command_id=order.command_id,
                shown=lambda done: revision() >= int(done.event["revision"]),
            )
        except CommandRefused as refused:
            if self._code(decision) != refused.code:  # the projection was behind
                decision = foresee()
            finding = self._said(decision, refused.code, definition_id)
            error = CommandRefused(refused.outcome, order.wording.sentence(finding))
            error.problems = _faults(finding, order.wording)
            raise error from refused
        done = outcome_form(outcome)
        said = order.wording.sentence(self._said(decision, done.code, definition_id))
        return done.model_copy(update={"message": said, "warnings": order.wording.sentences(decision.warnings)})

    def _code(self, decision: Decision[Any]) -> str:
        return self._codes.get(decision.code, decision.code.value)

    def _said(self, decision: Decision[Any], code: str, definition_id: str) -> Finding:
        """What there is to say about an outcome with this code."""
        if self._code(decision) == code:
            return decision.finding
        return Finding("decided_otherwise", id=definition_id, code=code)


def _faults(finding: Finding, wording: Wording) -> tuple[FieldProblem, ...]:
    """Each thing that is wrong with the definition."""
    faults: tuple[Finding, ...] = finding.arguments.get("faults", ())
    return tuple(
        FieldProblem(
            field=one.arguments["field"],
            code=one.arguments["message"].code,
            text=wording.sentence(one.arguments["message"]),
        )
        for one in faults
    )
