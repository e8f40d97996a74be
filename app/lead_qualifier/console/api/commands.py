"""Sends commands in the name of a person, and waits until their outcome is to be seen."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus

from confluent_kafka import KafkaException
from sqlalchemy.exc import SQLAlchemyError

from lead_qualifier.client.commands import CommandClient, Outcome
from lead_qualifier.client.errors import CommandUnanswered
from lead_qualifier.console.errors import ApiError
from lead_qualifier.kafka.errors import KafkaClientError, NotAllowed, TopicMissing

#: How long (seconds) a command that was carried out waits until the projection shows it.
_SHOWN_SECONDS = 5.0
_STATUS = {
    "stale_revision": HTTPStatus.PRECONDITION_FAILED,
    "unknown_model": HTTPStatus.NOT_FOUND,
    "unknown_definition": HTTPStatus.NOT_FOUND,
    "unknown_feature": HTTPStatus.NOT_FOUND,
    "invalid_model": HTTPStatus.UNPROCESSABLE_ENTITY,
    "invalid_definition": HTTPStatus.UNPROCESSABLE_ENTITY,
    "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
}


class CommandRefused(ApiError):
    """A service refused a command. The code is that of the refusal."""

    def __init__(self, outcome: Outcome, told: str | None = None) -> None:
        """`told`: why, in the language of the request; None: as the service says it, in English."""
        self.outcome = outcome
        self.told = told
        self.code = str(outcome.event.get("reason", "refused"))
        self.status = _STATUS.get(self.code, HTTPStatus.CONFLICT)
        super().__init__(told or outcome.message)


class NoAnswer(ApiError):
    """No service answered in time. The command was sent, and is carried out once a service runs."""

    status = HTTPStatus.GATEWAY_TIMEOUT
    code = "no_answer"

    def __init__(self) -> None:
        super().__init__("The command was sent, and no service has answered yet. It is carried out once one runs.")


class BrokerAway(ApiError):
    """No broker takes commands now; nothing was sent."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "broker_unavailable"

    def __init__(self) -> None:
        super().__init__("The Kafka broker does not answer: try again in a moment.")


class BrokerRefused(ApiError):
    """The broker does not allow the console's login to do this."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "broker_refused"

    def __init__(self) -> None:
        super().__init__("The Kafka broker does not allow the console to do this: its login lacks a right.")


class NoService(ApiError):
    """The topic of the commands does not exist: the service that creates it has never run."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "no_service"

    def __init__(self) -> None:
        super().__init__("The service that carries this out has never run here: start it first.")


class Commands:
    """Carries out what people order."""

    def __init__(self, client: CommandClient, *, on_outcome: Callable[[str], None] = lambda outcome: None) -> None:
        """`on_outcome`: called with `accepted`, `refused`, or the code of why there is no outcome."""
        self._client = client
        self._on_outcome = on_outcome

    def run(
        self,
        send: Callable[[CommandClient], Outcome],
        *,
        issued_by: str,
        command_id: str | None = None,
        shown: Callable[[Outcome], bool],
    ) -> Outcome:
        """Send a command, and wait for its outcome, and until the projection shows it.

        `send` gets a client that issues commands as `issued_by`. `command_id`: the same id twice is one command; None:
        a new one. `shown`: whether the projection has what an outcome changed.

        Raises CommandRefused, NoAnswer, NoService, BrokerAway, BrokerRefused.
        """
        try:
            with kafka_problems():
                outcome = send(self._client.issued_as(issued_by, command_id))
        except ApiError as error:
            self._on_outcome(error.code)
            raise
        self._on_outcome("accepted" if outcome.accepted else "refused")
        if not outcome.accepted:
            raise CommandRefused(outcome)
        wait_until_shown(lambda: shown(outcome))
        return outcome


@contextmanager
def kafka_problems() -> Iterator[None]:
    """Around what sends something to a service. Raises NoAnswer, NoService, BrokerAway, BrokerRefused."""
    with broker_problems():
        try:
            yield
        except CommandUnanswered as error:
            raise NoAnswer from error
        except TopicMissing as error:
            raise NoService from error


@contextmanager
def broker_problems() -> Iterator[None]:
    """Around what sends something to Kafka. Raises BrokerAway, BrokerRefused."""
    try:
        yield
    except NotAllowed as error:
        raise BrokerRefused from error
    except (KafkaException, KafkaClientError) as error:
        raise BrokerAway from error


def wait_until_shown(shown: Callable[[], bool]) -> None:
    """Wait a few seconds until the projection has what was carried out."""
    until = time.monotonic() + _SHOWN_SECONDS
    with suppress(SQLAlchemyError):  # it was carried out all the same
        while not shown() and time.monotonic() < until:
            time.sleep(0.05)
