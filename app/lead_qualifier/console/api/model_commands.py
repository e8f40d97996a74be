"""Commands on qualification models, in the name of a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lead_qualifier.client.commands import Action, CommandClient, Outcome
from lead_qualifier.client.definitions import QUALIFICATION_MODEL
from lead_qualifier.client.foreseeing import foresee
from lead_qualifier.client.rulebook import Rulebook
from lead_qualifier.console.api.command_forms import CommandOutcome
from lead_qualifier.console.api.commands import CommandRefused, Commands
from lead_qualifier.console.api.decided_commands import DecidedCommands
from lead_qualifier.console.api.definition_text import read_definition
from lead_qualifier.console.api.orders import Order
from lead_qualifier.console.read_model.rule_entries import RulesReader
from lead_qualifier.definitions.codes import Code
from lead_qualifier.definitions.commands import Decision
from lead_qualifier.definitions.qualification_models.entries import model_key
from lead_qualifier.definitions.qualification_models.ineligibility import out_of_reach
from lead_qualifier.definitions.qualification_models.kind import QualificationModelKind
from lead_qualifier.messages.definition_file import parse_definition
from lead_qualifier.messages.definition_form import Problem
from lead_qualifier.messages.model_definition import definition_of
from lead_qualifier.messages.model_reading import EMPTY_MODEL, model_of, problems_of
from lead_qualifier.qualification.finding import Finding
from lead_qualifier.qualification.models import QualificationModel
from lead_qualifier.wording.sentences import Wording

_INVALID = QualificationModelKind.codes[Code.INVALID]


class ModelCommands:
    """Carries out what people order.

    Each raises CommandRefused, NoAnswer, NoService, BrokerAway and BrokerRefused.
    """

    def __init__(self, rules: RulesReader, commands: Commands) -> None:
        self._rules = rules
        self._commands = DecidedCommands(commands, codes=QualificationModelKind.codes)

    @staticmethod
    def check(content: bytes | str, wording: Wording, *, model_id: str | None = None) -> str:
        """The id of the model in a text, if it may be applied as it is. Raises BadDefinition."""
        return read_model(content, wording, model_id=model_id).id

    def apply(self, order: Order, content: bytes | str, *, model_id: str | None, draft: bool) -> CommandOutcome:
        """Create a model, or replace its draft; with `draft` also while it is live.

        `content`: its definition in YAML or JSON. `model_id`: the id that it must have; None: any. Also raises
        BadDefinition.
        """
        model = read_model(content, order.wording, model_id=model_id)
        definition = {**definition_of(model)}
        expected = order.expected_revision

        def send(client: CommandClient) -> Outcome:
            return client.apply(QUALIFICATION_MODEL, definition, draft=draft, expected_revision=expected)

        def foreseen(book: Rulebook) -> Decision[Any]:
            return foresee(book, "apply", model.id, definition=definition, draft=draft, expected_revision=expected)

        try:
            return self._run(order, model.id, send, foreseen)
        except CommandRefused as error:
            if error.code == Code.THRESHOLD_ABOVE_MAXIMUM:
                self._refuse_thresholds(content, model, order.wording)
            raise

    def move(self, order: Order, action: Action, model_id: str, *, replace: bool = False) -> CommandOutcome:
        """Publish, stop or delete a model; with `replace` publish the draft of a live one in its place."""
        expected = order.expected_revision
        return self._run(
            order,
            model_id,
            lambda client: client.move(
                QUALIFICATION_MODEL, action, model_id, replace=replace, expected_revision=expected
            ),
            lambda book: foresee(book, action, model_id, replace=replace, expected_revision=expected),
        )

    def shadow(self, order: Order, model_id: str, *, on: bool) -> CommandOutcome:
        """Let the draft of a live model run in its shadow, or end that."""
        expected = order.expected_revision
        return self._run(
            order,
            model_id,
            lambda client: client.shadow(model_id, on=on, expected_revision=expected),
            lambda book: foresee(book, "shadow", model_id, enabled=on, expected_revision=expected),
        )

    def _run(
        self,
        order: Order,
        model_id: str,
        send: Callable[[CommandClient], Outcome],
        foreseen: Callable[[Rulebook], Decision[Any]],
    ) -> CommandOutcome:
        """`foreseen`: what the worker will decide, by the rules that the console holds."""
        key = model_key(model_id)
        return self._commands.run(
            order,
            model_id,
            send,
            foresee=lambda: foreseen(self._rules.rulebook()),
            revision=lambda: self._rules.revision_of(key),
        )

    def _refuse_thresholds(self, content: bytes | str, model: QualificationModel, wording: Wording) -> None:
        """Raises BadDefinition with the thresholds that no score can meet, if the projection knows these maxima."""
        book = self._rules.rulebook()
        found = list(out_of_reach(model, book.scoring_model))

        def thresholds(_definition: object) -> Iterator[Problem]:
            for one in found:
                yield (*_steps(one.arguments["field"]), "threshold"), one

        def parse(text: bytes | str, source: str) -> Any:
            return parse_definition(text, source, thresholds)

        read_definition(parse, content, wording, code=Code.THRESHOLD_ABOVE_MAXIMUM.value)


def read_model(content: bytes | str, wording: Wording, *, model_id: str | None = None) -> QualificationModel:
    """The model that was sent. `model_id`: the id that it must have; None: any. Raises BadDefinition."""

    def problems(definition: object) -> list[Problem]:
        found = problems_of(definition)
        if not found and model_id is not None and isinstance(definition, Mapping) and definition["id"] != model_id:
            found.append((("id",), Finding("id_differs", id=model_id)))
        return found

    def parse(text: bytes | str, source: str) -> QualificationModel:
        return model_of(parse_definition(text, source, problems, empty=EMPTY_MODEL))

    return read_definition(parse, content, wording, code=_INVALID)


def _steps(field: str) -> tuple[str | int, ...]:
    return tuple(int(part) if part.isdecimal() else part for part in field.split("."))
