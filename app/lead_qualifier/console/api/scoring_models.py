"""Scoring models: listed, and announced as their engines would."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Literal, Protocol

import structlog

from lead_qualifier.client.errors import AnnouncedLater
from lead_qualifier.client.rulebook import Rulebook
from lead_qualifier.client.scoring_models import Announcement
from lead_qualifier.console.access.people import Person
from lead_qualifier.console.api.commands import NoAnswer, kafka_problems, wait_until_shown
from lead_qualifier.console.api.scoring_model_forms import ScoringModel, ScoringModelList, ScoringModelSetting
from lead_qualifier.console.errors import ApiError
from lead_qualifier.console.read_model.rule_entries import RulesReader
from lead_qualifier.definitions.qualification_models.entries import (
    ScoringModelEntry,
    ScoringModelStatus,
    scoring_key,
)

log = structlog.get_logger(__name__)


class Announce(Protocol):
    """Announces a scoring model on the console's connection: see `client.scoring_models.announce`."""

    def __call__(
        self,
        *,
        scoring_model_id: str,
        status: ScoringModelStatus,
        name: str | None,
        maximum: float | Literal["none"] | None,
    ) -> Announcement:
        """Raises AnnouncedLater, TopicMissing, KafkaException."""


class ScoringModelNotFound(ApiError):
    """Nobody has announced the scoring model."""

    status = HTTPStatus.NOT_FOUND
    code = "unknown_scoring_model"

    def __init__(self) -> None:
        super().__init__("No scoring model with this id has been announced.")


class ClockAhead(ApiError):
    """The scoring model was announced for a time in the future: what is older would be ignored."""

    status = HTTPStatus.CONFLICT
    code = "announced_later"


class ScoringModels:
    """What API and pages ask about scoring models, and order."""

    def __init__(self, rules: RulesReader, announce: Announce) -> None:
        self._rules = rules
        self._announce = announce

    def list(self) -> ScoringModelList:
        """All of them."""
        book = self._rules.rulebook()
        return ScoringModelList(scoring_models=[_form(one, book) for one in book.scoring_models])

    def show(self, scoring_model_id: str) -> ScoringModel:
        """One of them. Raises ScoringModelNotFound."""
        book = self._rules.rulebook()
        if (entry := book.scoring_model(scoring_model_id)) is None:
            raise ScoringModelNotFound
        return _form(entry, book)

    def set(self, person: Person, scoring_model_id: str, setting: ScoringModelSetting) -> ScoringModel:
        """Announce for a person what it is from now on, and wait until a worker knows it.

        Raises ClockAhead, NoAnswer, NoService, BrokerAway, BrokerRefused.
        """
        maximum: float | Literal["none"] | None = setting.maximum
        if maximum is None and "maximum" in setting.model_fields_set:
            maximum = "none"
        try:
            with kafka_problems():
                announced = self._announce(
                    scoring_model_id=scoring_model_id, status=setting.status, name=setting.name, maximum=maximum
                )
        except AnnouncedLater as error:
            raise ClockAhead(str(error)) from error
        if (entry := announced.entry) is None:
            raise NoAnswer
        wait_until_shown(lambda: self._rules.revision_of(scoring_key(scoring_model_id)) >= entry.revision)
        log.info("scoring_model_announced", scoring_model=scoring_model_id, subject=person.subject)
        return _form(entry, self._rules.rulebook())


def _form(entry: ScoringModelEntry, book: Rulebook) -> ScoringModel:
    return ScoringModel(
        scoring_model_id=entry.id,
        name=entry.name,
        status=entry.status,
        maximum=entry.maximum,
        since=entry.occurred_at,
        revision=entry.revision,
        used_by=list(_users(entry.id, book)),
    )


def _users(scoring_model_id: str, book: Rulebook) -> Iterator[str]:
    for model in book.models:
        definition = model.definition
        if definition is not None and any(one.scoring_model == scoring_model_id for one in definition.criteria):
            yield model.id
