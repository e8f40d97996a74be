"""A published journey definition in the form that decisions need."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from lead_qualifier.downstream.lead_snapshot import Changed
from lead_qualifier.messages.durations import parse_milliseconds
from lead_qualifier.qualification.conditions import Condition, Value, Values, condition_of

CARRIED_BY_DEFAULT = ("status", "status_reason", "sales_ready", "owner_id")


class Carried(Struct, frozen=True):
    """A value that an entry carries, and its name there. `own`: a field of the lead; otherwise an attribute."""

    source: str
    own: bool
    name: str


class Journey(Struct, frozen=True, kw_only=True):
    """`models` (None: any) for a journey on qualifications, `changed` and `to` for one on what a field becomes.

    `exclude` None: nobody. `after_ms`: how long after an entry the next may follow. `start_ms` and `end_ms`: the
    window, in milliseconds since 1970.
    """

    id: str
    version: int
    on_event: bool
    models: frozenset[str] | None = None
    changed: str = ""
    to: Value = ""
    when: Condition
    exclude: Condition | None = None
    policy: str = "always"
    after_ms: int = 0
    start_ms: int | None = None
    end_ms: int | None = None
    contact_required: bool = False
    payload: tuple[Carried, ...] = ()

    def triggered_by(self, changed: Changed, model_id: str | None) -> bool:
        """Is it meant by what just changed on a lead? `model_id`: of the qualification that changed it, if one did."""
        if self.on_event:
            return model_id is not None and (self.models is None or model_id in self.models)
        return self.changed in changed.fields and self._is_meant(changed.fields[self.changed][1])

    def still_so(self, values: Values) -> bool:
        """Is the field what it became, when it triggered this?"""
        return self.on_event or self._is_meant(values.own.get(self.changed))

    def _is_meant(self, value: object) -> bool:
        # 1 is not True here, as it is in Python
        return isinstance(value, bool) == isinstance(self.to, bool) and value == self.to


def journey_of(definition: Mapping[str, Any], version: int) -> Journey:
    """The journey that a definition describes, which has no problems."""
    trigger = definition["trigger"]
    models = trigger.get("models")
    reentry = definition.get("reentry", {"policy": "never"})
    start_ms, end_ms = window_of(definition)
    carried = definition.get("payload")
    return Journey(
        id=definition["id"],
        version=version,
        on_event="event" in trigger,
        models=None if models is None else frozenset(models),
        changed=trigger.get("changed", ""),
        to=trigger.get("to", ""),
        when=condition_of(definition.get("when")),
        exclude=condition_of(definition["exclude"]) if "exclude" in definition else None,
        policy=reentry["policy"],
        after_ms=parse_milliseconds(reentry["after"]) if "after" in reentry else 0,
        start_ms=start_ms,
        end_ms=end_ms,
        contact_required=definition.get("contact") == "required",
        payload=tuple(map(_carried, carried))
        if carried is not None
        else tuple(Carried(name, True, name) for name in CARRIED_BY_DEFAULT),
    )


def window_of(definition: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """When leads may enter, from and until (milliseconds since 1970); None: without such a limit."""
    window = definition.get("window", {})
    return _moment(window.get("start")), _moment(window.get("end"))


def _carried(one: Mapping[str, str]) -> Carried:
    own = "field" in one
    source = one["field"] if own else one["attribute"]
    return Carried(source, own, one.get("as", source))


def _moment(text: str | None) -> int | None:
    return None if text is None else round(datetime.fromisoformat(text.upper()).timestamp() * 1000)
