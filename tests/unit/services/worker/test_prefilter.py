"""The prefilter of a sweep decides most leads, with the same outcomes as the sweep itself, and leaves none out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from lead_qualifier.engine.context import ProcessorContext
from lead_qualifier.qualification.criteria import Criterion
from lead_qualifier.qualification.flags import Actions
from lead_qualifier.qualification.leads import Lead, Mark, Score
from lead_qualifier.qualification.models import QualificationModel
from lead_qualifier.qualification.rules import RuledModel, Rules, UnknownLeads
from lead_qualifier.services.worker.lead_processor import LeadProcessor, encode_lead
from tests.support.lead_application import lead_application

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
LIVE = frozenset({"engagement", "demographic"})


def _model(name: str, *criteria: tuple[str, float] | Criterion, match: Any = "all", **fields: Any) -> RuledModel:
    definition = QualificationModel(
        id=name,
        name=name,
        match=match,
        criteria=tuple(one if isinstance(one, Criterion) else Criterion(*one) for one in criteria),
        actions=Actions(marketing_qualified=True, sales_ready=True),
        **fields,
    )
    return RuledModel(
        definition=definition,
        version=1,
        live=True,
        published_revision=5,
        published_at=NOW,
        publish_command_id=f"publish-{name}",
    )


MODELS = {
    "both": _model("both", ("engagement", 60), ("demographic", 60)),
    "either": _model("either", ("engagement", 80), ("demographic", 80), match="any"),
    "held": _model("held", ("engagement", 70), hold=timedelta(hours=1)),
    "stopped": _model("stopped", ("attendance", 1)),
    "elsewhere": _model("elsewhere", ("engagement", 50), audience={"attribute": "country", "equals": "FR"}),
    "unready": _model(
        "unready",
        ("engagement", 50),
        audience={"all": [{"attribute": "country", "exists": True}, {"field": "sales_ready", "equals": False}]},
    ),
}
ASKING_MORE = {
    **MODELS,
    "fresh": _model("fresh", Criterion("engagement", 40.0, max_age=timedelta(minutes=500)), ("demographic", 20)),
    "graded": _model("graded", Criterion("engagement", grades=("A", "B")), ("demographic", 50), match="any"),
}


def _lead(random: Random) -> Lead:
    at = NOW - timedelta(minutes=random.randrange(1000))
    scores = {
        name: Score(random.randrange(100), at, random.choice((None, "A", "C")))
        for name in (*LIVE, "attendance")
        if random.random() < 0.8
    }
    return Lead(
        status=random.choice(("open", "open", "open", "qualified")),
        status_reason=random.choice(("new", "contacted", "marketing_qualified")),
        sales_ready=random.random() < 0.3,
        known=random.random() < 0.8 or not scores,
        attributes={"country": random.choice(("DE", "FR")), "status": "open", "scores": "none"},
        scores=scores,
        marks={"both": Mark(1, 1, at, "t")} if random.random() < 0.2 else {},
        merged_into="L-0" if random.random() < 0.05 else None,
    )


def _context(processor: LeadProcessor, entries: dict[bytes, bytes]) -> ProcessorContext:
    application = lead_application(processor)
    return ProcessorContext(application, 0, entries, revision=5, now_ms=int(NOW.timestamp() * 1000))


@pytest.mark.parametrize("unknown", ["open", "ineligible"])
@pytest.mark.parametrize("lead_management", [True, False])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("models", [MODELS, ASKING_MORE], ids=["thresholds only", "ages and grades"])
def test_prefilter_and_sweep_decide_as_sweeping_all_does(
    unknown: UnknownLeads, lead_management: bool, seed: int, models: dict[str, RuledModel]
) -> None:
    rules = Rules(
        revision=5,
        lead_management=lead_management,
        live_scoring_models=LIVE,
        models=models,
        unknown_leads=unknown,
    )
    processor = LeadProcessor(topic_prefix="", source="/x", rules=lambda: rules)
    processor.begin()
    random = Random(seed)
    entries = {f"L-{number}".encode(): encode_lead(_lead(random)) for number in range(300)}
    entries[b"L-erased"] = encode_lead(Lead(erasure=7))
    whole, quick = _context(processor, entries), _context(processor, entries)
    for key in entries:
        processor.sweep(key, whole, 1)
    closer = processor.prefilter(list(entries), quick, 1)
    for key in closer:
        processor.sweep(key, quick, 1)
    assert quick.counts == whole.counts
    assert quick.outputs == whole.outputs
    assert quick.changes() == whole.changes()
    assert b"L-erased" in closer
    assert len(closer) < len(entries)


def test_touched_and_unreadable_leads_are_swept() -> None:
    rules = Rules(revision=5, lead_management=True, live_scoring_models=LIVE, models=MODELS)
    processor = LeadProcessor(topic_prefix="", source="/x", rules=lambda: rules)
    processor.begin()
    cold = encode_lead(Lead(known=True))
    context = _context(processor, {b"cold": cold, b"touched": cold, b"broken": b"{"})
    context.put(b"touched", Lead(known=True))
    assert processor.prefilter([b"cold", b"touched", b"broken"], context, 1) == [b"touched", b"broken"]
    assert processor.prefilter([b"cold"], context, 5) == []  # nothing was published since
