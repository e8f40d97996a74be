"""The owner that each lead gets (docs/how-to/assignment.md), one queue record after the other, without an index.

Each record considers everybody who waits, the longest wait first, at the time when the record is decided. So a change
that only time brings is decided no later than the next record.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle.conditions import is_so
from tests.oracle.reading import moment

_AT_ONCE = 100
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _works(seller: dict[str, Any], at: datetime) -> bool:
    if "work_hours" not in seller:
        return True
    local = at.astimezone(ZoneInfo(seller["time_zone"]))
    clock = f"{local:%H:%M}"
    for begun in (local.date(), local.date() - timedelta(days=1)):
        if str(begun) in seller.get("days_off", ()):
            continue
        for start, end in seller["work_hours"].get(_DAYS[begun.weekday()], ()):
            over = end <= start
            if begun == local.date() and start <= clock and (over or clock < end):
                return True
            if begun != local.date() and over and clock < end:
                return True
    return False


class AssignmentOracle:
    """`told`: what lead-assigned must say, in order: lead, code, owner, segment, rule, definition and version."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.ticks = 0
        self._leads: dict[str, dict[str, Any]] = {}
        self._sellers: dict[str, dict[str, Any]] = {}
        self._drafts: dict[str, dict[str, Any]] = {}
        self._live: dict[str, tuple[int, dict[str, Any]]] = {}
        self._versions: dict[str, int] = {}
        self._places = 0
        self._behind = False
        self._looked: Any = None
        self._works: dict[tuple[Any, ...], bool] = {}

    def replay(self, queued: dict[str, Any], now: datetime) -> None:
        """One record of the queue, decided at this time."""
        newcomer = None
        match queued["type"]:
            case "tick":
                self.ticks += 1
            case "seller":
                self._seller(queued)
            case "command":
                self._command(queued["command"])
            case "closed":
                lead = self._leads.pop(queued["lead_id"], None)
                if lead is not None:
                    self._gives_back(lead)
            case "qualified":
                newcomer = self._qualified(queued, now)
            case "changed":
                self._changed(queued)
        if newcomer is not None and self._behind and newcomer["told"] is None:
            self._tell(newcomer, 1)
        self._everybody(now)
        if newcomer is not None and newcomer["told"] is None:
            self._tell(newcomer, 1)

    def _everybody(self, now: datetime) -> None:
        for lead in self._left_behind()[:_AT_ONCE]:
            lead["former"] = lead["counts"]
            if self._reassigns(lead):
                self._takes_back(lead, now)
            else:
                self.told.append((lead["id"], lead["told"][0], lead["owner"], *lead["told"][1:], "departed"))
                lead["number"] = len(self.told)
        budget = _AT_ONCE
        # to try one again for whom nothing can have changed would only take time
        world = self._world(now)
        same = world == self._looked and not self._behind
        waiting = sorted((lead for lead in self._leads.values() if lead["place"]), key=lambda lead: lead["place"])
        for lead in waiting:
            new = lead["new"]
            if same and not new and not self._too_old(lead, now):
                continue
            if self._try(lead, now) or new:
                budget -= 1
            if not budget:
                break
        self._behind = not budget or bool(self._left_behind())
        self._looked = self._world(now)

    def _world(self, now: datetime) -> Any:
        """All that decides besides the lead itself: definitions, and what each seller is like at this time."""
        rules = [
            rule for _, one in self._live.values() for segment in one["segments"] for rule in segment.get("rules", ())
        ]
        windows = sorted({0, *(_window(rule) for rule in rules)})
        sellers = [
            [one["id"], one["changes"], _there(one) and _left(one) > 0]
            + [_there(one) and self._available(one, now, minutes) for minutes in windows]
            for one in self._sellers.values()
        ]
        return sorted(self._versions.items()), sorted(self._live), sellers

    def _available(self, seller: dict[str, Any], now: datetime, minutes: int) -> bool:
        """At work now, or within so many minutes."""
        if not seller["now"].get("available", True):
            return False
        minute = now.replace(second=0, microsecond=0)
        for later in range(minutes + 1):
            key = (seller["id"], seller["changes"], minute + timedelta(minutes=later))
            if key not in self._works:
                self._works[key] = _works(seller["now"], key[2])
            if self._works[key]:
                return True
        return False

    def _left_behind(self) -> list[dict[str, Any]]:
        """Leads whose seller departed, and about which something is to be done still; in the order of decisions."""
        found = []
        for lead in self._leads.values():
            if not self._abandoned(lead):
                continue
            seller = self._sellers[lead["counts"]]
            kept = lead["former"] == seller["id"]
            if lead["number"] <= seller["departed"] or (kept and self._reassigns(lead)):
                found.append(lead)
        return sorted(found, key=lambda lead: int(lead["number"]))

    def _abandoned(self, lead: dict[str, Any]) -> bool:
        return lead["counts"] is not None and not _there(self._sellers[lead["counts"]])

    def _reassigns(self, lead: dict[str, Any]) -> bool:
        taking = self._taking(lead)
        return bool(taking) and taking[0][2].get("departed") == "reassign"

    def _takes_back(self, lead: dict[str, Any], now: datetime) -> None:
        lead["former"], lead["back"] = lead["counts"], now
        self._gives_back(lead)
        self._places += 1
        lead |= {"owner": None, "new": True, "place": self._places}

    def _seller(self, queued: dict[str, Any]) -> None:
        seller_id, seller = queued["seller_id"], queued.get("seller")
        held = self._sellers.get(seller_id)
        if seller is None and held is None:
            return
        if held is None:
            held = self._sellers[seller_id] = {"id": seller_id, "at": None, "now": None, "leads": 0, "last": 0}
            held["departed"] = held["changes"] = 0
        if seller is not None and held["at"] is not None and moment(seller["occurred_at"]) < held["at"]:
            return
        held["now"] = seller
        held["changes"] += 1
        if seller is not None:
            held["at"] = moment(seller["occurred_at"])
        if _there(held):
            held["departed"] = 0
        elif not held["departed"]:
            held["departed"] = len(self.told)

    def _command(self, command: dict[str, Any]) -> None:
        name = command["definition_id"]
        match command["command"]:
            case "apply":
                self._drafts[name] = command["definition"]
                return
            case "publish":
                self._versions[name] = self._versions.get(name, 0) + 1
                self._live[name] = (self._versions[name], self._drafts[name])
            case "stop":
                del self._live[name]
        for lead in self._leads.values():
            lead["new"] = True

    def _qualified(self, queued: dict[str, Any], now: datetime) -> dict[str, Any] | None:
        lead = self._leads.get(queued["lead_id"])
        if lead is not None and lead["owner"] and self._abandoned(lead) and self._reassigns(lead):
            self._takes_back(lead, now)
        if lead is not None and lead["owner"]:
            return None
        if lead is None:
            lead = self._leads[queued["lead_id"]] = {"id": queued["lead_id"], "place": 0, "owner": None, "told": None}
            lead |= {"number": 0, "former": None, "back": None}
        lead |= {"model": queued["model_id"], "at": moment(queued["cause"]["occurred_at"]), "new": True}
        lead |= {"own": queued["own"], "attributes": queued["attributes"], "counts": None}
        if not lead["place"]:
            self._places += 1
            lead["place"] = self._places
        return lead

    def _changed(self, queued: dict[str, Any]) -> None:
        lead = self._leads.get(queued["lead_id"])
        if lead is None:
            return
        expected = [lead["owner"] or lead["own"].get("owner_id")]
        if lead["former"] and not _there(self._sellers[lead["former"]]):
            expected.append(lead["former"])
        lead["own"], lead["attributes"] = queued["own"], queued["attributes"]
        owner = lead["own"].get("owner_id")
        by_hand = queued["owner_changed"] and moment(queued["cause"]["occurred_at"]) >= lead["at"]
        if by_hand and owner not in expected:
            self._gives_back(lead)
            lead |= {"place": 0, "owner": owner, "former": None, "back": None}
            if owner in self._sellers:
                lead["counts"] = owner
                self._sellers[owner]["leads"] += 1
            self._tell(lead, 9)
        elif lead["place"]:
            lead["new"] = True

    def _gives_back(self, lead: dict[str, Any]) -> None:
        seller = lead["counts"]
        lead["counts"] = None
        if seller is not None:
            self._sellers[seller]["leads"] -= 1

    def _tell(self, lead: dict[str, Any], code: int, *path: Any) -> None:
        lead["told"] = (code, *path)
        self.told.append((lead["id"], code, lead["owner"], *path))
        lead["number"] = len(self.told)

    def _try(self, lead: dict[str, Any], now: datetime) -> bool:
        code, owner, path = self._find(lead, now)
        if owner or code == 11:
            lead["place"], lead["owner"] = 0, owner
            self._tell(lead, code, *path)
            if owner in self._sellers:
                self._sellers[owner]["leads"] += 1
                self._sellers[owner]["last"] = len(self.told)
                lead["counts"] = owner
            return True
        if lead["new"]:
            lead["new"] = False
            if lead["told"] != (code, *path):
                self._tell(lead, code, *path)
        return False

    def _taking(self, lead: dict[str, Any]) -> list[tuple[str, int, dict[str, Any]]]:
        return [
            (name, version, definition)
            for name, (version, definition) in sorted(self._live.items())
            if lead["model"] in definition.get("models", [lead["model"]])
        ]

    def _too_old(self, lead: dict[str, Any], now: datetime) -> bool:
        taking = self._taking(lead)
        hours = taking[0][2].get("max_age") if taking else None
        since = lead["at"] if lead["back"] is None else max(lead["at"], lead["back"])
        return hours is not None and now - since > timedelta(hours=int(hours[:-1]))

    def _find(self, lead: dict[str, Any], now: datetime) -> tuple[int, str | None, tuple[Any, ...]]:
        taking = self._taking(lead)
        if not taking:
            return 1, None, ()
        name, version, definition = taking[0]
        path: tuple[Any, ...] = (name, version)
        if self._too_old(lead, now):
            return 11, None, path
        for segment in sorted(definition["segments"], key=lambda one: -one["priority"]):
            if is_so(segment.get("when"), lead["own"], lead["attributes"], {}):
                break
        else:
            return 4, None, path
        path += (segment["id"],)
        for rule in segment["rules"]:
            if is_so(rule.get("when"), lead["own"], lead["attributes"], {}):
                break
        else:
            return 8, None, path
        path += (rule["id"],)
        for kind, several in (("team", 12), ("queue", 14)):
            if kind in rule:
                fit = [one["id"] for one in definition.get(f"{kind}s", ()) if self._fits(rule[kind], one, lead)]
                return (2, fit[0], path) if len(fit) == 1 else (several if fit else several + 1, None, path)
        return (*self._of_sellers(definition, rule, lead, now), path)

    @staticmethod
    def _fits(whom: dict[str, Any], one: dict[str, Any], lead: dict[str, Any]) -> bool:
        ids = whom.get("ids") or ([whom["id"]] if "id" in whom else None)
        if ids is not None:
            return one["id"] in ids
        return is_so(whom.get("when"), {}, one.get("attributes", {}), lead["attributes"])

    def _of_sellers(
        self, definition: dict[str, Any], rule: dict[str, Any], lead: dict[str, Any], now: datetime
    ) -> tuple[int, str | None]:
        there = [one for one in self._sellers.values() if _there(one)]
        fit = [one for one in there if self._fits(rule["sellers"], {"id": one["id"], **_facts(one)}, lead)]
        if not fit:
            return 5, None
        at_work = [one for one in fit if self._available(one, now, 0)]
        soon = [one for one in fit if one not in at_work and self._available(one, now, _window(rule))]
        if not at_work + soon:
            return 6, None
        if definition.get("check_capacity", True):
            at_work, soon = ([one for one in some if _left(one) > 0] for some in (at_work, soon))
        if not at_work + soon:
            return 7, None
        if rule.get("distribute") == "load_balancing" and at_work:
            most = max(_left(one) for one in at_work)
            return 2, _longest([one for one in at_work if _left(one) == most])
        balanced = rule.get("distribute") == "load_balancing"
        return 2, _longest(soon if balanced else at_work + soon)


def _window(rule: dict[str, Any]) -> int:
    return 60 * int(rule.get("available_within", "0h")[:-1])


def _there(seller: dict[str, Any]) -> bool:
    return bool(seller["now"]) and seller["now"].get("status", "active") == "active"


def _facts(seller: dict[str, Any]) -> dict[str, Any]:
    return {"attributes": seller["now"].get("attributes", {})}


def _left(seller: dict[str, Any]) -> float:
    capacity = seller["now"].get("capacity")
    return float("inf") if capacity is None else capacity["max"] - seller["leads"]


def _longest(sellers: list[dict[str, Any]]) -> str:
    return str(min(sellers, key=lambda one: (one["last"], one["id"]))["id"])


def as_told(event: dict[str, Any]) -> tuple[Any, ...]:
    """A lead-assigned event, as `AssignmentOracle.told` has it."""
    names = ("assignment_id", "assignment_version", "segment", "rule")
    owner = event.get("owner", {}).get("id")
    notice = ("departed",) if "owner_departed" in event else ()
    path = (event[name] for name in names if name in event)
    return event["lead_id"], event["result"]["code"], owner, *path, *notice
