"""The lifecycle of qualification models, the feature switch, and which scoring models are live (README.md)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.oracle.conditions import is_so
from tests.oracle.lengths import milliseconds
from tests.oracle.reading import moment


def _members(group: dict[str, Any]) -> list[dict[str, Any]]:
    return next(group[name] for name in ("all", "any", "of") if name in group)


def _leaves(one: dict[str, Any]) -> list[dict[str, Any]]:
    return [one] if "scoring_model" in one else [leaf for member in _members(one) for leaf in _leaves(member)]


def leaves_of(definition: dict[str, Any]) -> list[dict[str, Any]]:
    return [leaf for one in definition["criteria"] for leaf in _leaves(one)]


def _stands(match: Any, members: list[dict[str, Any]], left: list[tuple[int, bool]]) -> dict[str, Any]:
    found: list[Any] = []
    met = 0
    for one in members:
        if "scoring_model" in one:
            index, stands = left.pop(0)
            found.append(index)
            met += stands
            continue
        how = {"at_least": one["at_least"]} if "at_least" in one else "all" if "all" in one else "any"
        group = _stands(how, _members(one), left)
        found.append(group)
        met += group["met"]
    needed = len(members) if match == "all" else 1 if match == "any" else match["at_least"]
    return {"match": match, "met": met >= needed, "members": found}


@dataclass
class Model:
    """A qualification model: its definitions are as people write them."""

    draft: dict[str, Any] | None = None
    published: dict[str, Any] | None = None
    version: int = 0
    live: bool = False
    shadow: bool = False

    @property
    def definition(self) -> dict[str, Any]:
        """What runs, or would be published next."""
        definition = self.published if self.live else self.draft or self.published
        assert definition is not None
        return definition

    def leaves(self) -> list[dict[str, Any]]:
        """Every criterion, in whatever group it stands, in the order in which they are written."""
        return leaves_of(self.definition)

    @property
    def in_shadow(self) -> Model | None:
        """What runs in its shadow, as a model of its own."""
        return Model(draft=self.draft) if self.shadow else None

    def names(self, scoring_model: str) -> bool:
        return any(one["scoring_model"] == scoring_model for one in self.leaves())

    def tree(self, met: list[bool]) -> dict[str, Any]:
        """How the criteria stand together, where `met` says of each leaf whether it is met."""
        left = list(enumerate(met))
        return _stands(self.definition["match"], self.definition["criteria"], left)

    @property
    def grouped(self) -> bool:
        return any("scoring_model" not in one for one in self.definition["criteria"])

    @property
    def hold(self) -> timedelta | None:
        return duration(self.definition.get("hold"))

    @property
    def policy(self) -> str:
        return str(self.definition.get("requalification", {}).get("policy", "when_reset"))

    def means(self, own: dict[str, Any], attributes: dict[str, Any]) -> bool:
        """Is a lead of these fields and attributes in the audience?"""
        return is_so(self.definition.get("audience"), own, attributes)

    def hears(self, own: dict[str, Any], attributes: dict[str, Any]) -> bool:
        """Does such a lead meet the condition of the fast track?"""
        wanted = self.definition.get("fast_track")
        return wanted is not None and is_so(wanted, own, attributes)

    @property
    def cool_down(self) -> timedelta:
        return duration(self.definition.get("requalification", {}).get("cool_down")) or timedelta()


@dataclass
class Registry:
    """What commands and scoring engines have brought about."""

    lead_management: bool = False
    scoring_models: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    maxima: dict[str, float | None] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)
    deleted: dict[str, int] = field(default_factory=dict)
    """Versions of deleted models: they are not given out again."""
    replacements: int = 0
    """How often a draft took the place of the live version."""

    def is_live(self, scoring_model: str) -> bool:
        return self.scoring_models.get(scoring_model, ("", None))[0] == "live"

    def announced(self, told: dict[str, Any]) -> None:
        at = moment(told["occurred_at"])
        held = self.scoring_models.get(told["scoring_model_id"])
        if held is None or at >= held[1]:
            self.scoring_models[told["scoring_model_id"]] = (told["status"], at)
            self.maxima[told["scoring_model_id"]] = told.get("maximum")

    def feature(self, command: dict[str, Any]) -> bool:
        """Is the command accepted?"""
        if command["feature"] != "lead-management":
            return False
        self.lead_management = command["command"] == "enable"
        return True

    def command(self, command: dict[str, Any]) -> bool:
        """Is the command accepted?"""
        name = command["qualification_model_id"]
        model = self.models.get(name)
        match command["command"]:
            case "apply":
                if model is not None and model.live and not command.get("draft", False):
                    return False
                if not self._in_reach(command["definition"]):
                    return False
                if model is None:
                    model = self.models[name] = Model(version=self.deleted.pop(name, 0))
                model.draft = command["definition"]
                if model.live and model.draft == model.published:
                    model.draft, model.shadow = None, False
            case "publish":
                replacing = command.get("replace", False)
                if model is None or model.live != replacing or (replacing and not model.draft):
                    return False
                following = model.draft or model.definition
                if not self.lead_management or not self._in_reach(following):
                    return False
                if not all(self.is_live(one["scoring_model"]) for one in leaves_of(following)):
                    return False
                model.published, model.draft, model.shadow = following, None, False
                model.live, model.version = True, model.version + 1
                self.replacements += replacing
            case "shadow":
                if model is None or (command["enabled"] and not (model.live and model.draft)):
                    return False
                model.shadow = command["enabled"]
            case "stop":
                if model is None or not model.live:
                    return False
                model.live = model.shadow = False
            case "delete":
                if model is None or model.live:
                    return False
                self.deleted[name] = self.models.pop(name).version
        return True

    def _in_reach(self, definition: dict[str, Any]) -> bool:
        highest = {name: maximum for name, maximum in self.maxima.items() if maximum is not None}
        leaves = [one for one in leaves_of(definition) if "threshold" in one]
        return all(one["threshold"] <= highest.get(one["scoring_model"], one["threshold"]) for one in leaves)


def duration(text: str | None) -> timedelta | None:
    """Of what a definition says, such as 30d."""
    return None if text is None else timedelta(milliseconds=milliseconds(text))
