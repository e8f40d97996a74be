"""Where the tests administer models: a registry that takes one command after the other."""

from collections.abc import Iterable
from typing import Any, cast

from lead_qualifier.qualification.commands import Issued, ScoringModelChange, Verdict
from lead_qualifier.qualification.entries import LEAD_MANAGEMENT, ScoringModelStatus
from lead_qualifier.qualification.models import QualificationModel
from lead_qualifier.qualification.registry import Registry
from lead_qualifier.qualification.rules import Rules
from lead_qualifier.qualification.snapshot import rules_from
from tests.unit.qualification.given import minute


class Office:
    """Issues commands of new ids, a minute apart, unless told otherwise."""

    def __init__(self, live: Iterable[str] = (), *, enabled: bool = False) -> None:
        self.registry = Registry()
        self._clock = 0
        for name in live:
            self.scoring(name, "live")
        if enabled:
            self.enable()

    def issued(self, **fields: Any) -> Issued:
        self._clock += 1
        defaults: dict[str, Any] = {
            "command_id": f"c-{self._clock}",
            "issued_by": "anna",
            "issued_at": minute(self._clock),
        }
        return Issued(**defaults | fields)

    def take(self, verdict: Verdict) -> Verdict:
        self.registry = self.registry.after(verdict)
        return verdict

    def apply(self, definition: QualificationModel, *, beside: bool = False, **fields: Any) -> Verdict:
        return self.take(self.registry.apply_model(definition, self.issued(**fields), beside=beside))

    def publish(self, model_id: str, *, replacing: bool = False, **fields: Any) -> Verdict:
        return self.take(self.registry.publish(model_id, self.issued(**fields), replacing=replacing))

    def shadow(self, model_id: str, enabled: bool, **fields: Any) -> Verdict:
        return self.take(self.registry.shadow(model_id, enabled, self.issued(**fields)))

    def stop(self, model_id: str, **fields: Any) -> Verdict:
        return self.take(self.registry.stop(model_id, self.issued(**fields)))

    def delete(self, model_id: str, **fields: Any) -> Verdict:
        return self.take(self.registry.delete(model_id, self.issued(**fields)))

    def enable(self, **fields: Any) -> Verdict:
        return self.take(self.registry.set_feature(LEAD_MANAGEMENT, enabled=True, issued=self.issued(**fields)))

    def disable(self, **fields: Any) -> Verdict:
        return self.take(self.registry.set_feature(LEAD_MANAGEMENT, enabled=False, issued=self.issued(**fields)))

    def scoring(
        self,
        name: str,
        status: str,
        *,
        at: float | None = None,
        title: str | None = None,
        maximum: float | None = None,
    ) -> Verdict:
        self._clock += 1
        change = ScoringModelChange(
            id=name,
            status=cast(ScoringModelStatus, status),
            occurred_at=minute(self._clock if at is None else at),
            name=title,
            maximum=maximum,
        )
        return self.take(self.registry.observe_scoring_model(change))

    def rules(self) -> Rules:
        return rules_from(self.registry.entries)
