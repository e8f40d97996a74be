"""A preview of a qualification model for programs."""

from __future__ import annotations

from typing import Any

import msgspec

from lead_qualifier.client.preview import CriterionCount
from lead_qualifier.client.preview_reader import Previewed
from lead_qualifier.client.score_bands import band_as_json
from lead_qualifier.messages.fields import plain
from lead_qualifier.messages.lead_flags import changes_of
from lead_qualifier.messages.lead_qualified import evidence_of


def preview_as_json(previewed: Previewed) -> dict[str, Any]:
    """All of a preview."""
    preview, days, model = previewed.preview, previewed.days, previewed.model
    shown: dict[str, Any] = {
        "qualification_model_id": model.id,
        "version": model.version,
        "at": previewed.at,
        "lead_management": previewed.lead_management,
        "scoring_models_not_live": previewed.not_live,
        "existing_leads": model.definition.existing_leads,
        "leads": preview.leads,
        "unreadable_leads": previewed.unreadable,
        "undecided_records": previewed.unprocessed,
        "would_qualify": {"count": preview.qualifying, "share": preview.share},
        "outcomes": {outcome.value: count for outcome, count in preview.outcomes.items()},
        "eligible_leads": preview.asked,
        "outside_audience": preview.outside,
        "set_already": [
            {"leads": count} | ({"qualification_model_id": name} if name else {})
            for name, count in preview.set_already.items()
        ],
        "near_points": plain(previewed.near),
        "criteria": [_criterion_as_json(one) for one in preview.criteria],
        "sample": [
            {
                "lead_id": lead_id,
                "qualification_number": found.number,
                "criteria": [evidence_of(criterion) for criterion in found.criteria],
                "changes": changes_of(found.changes),
            }
            for lead_id, found in preview.sample
        ],
    }
    if preview.what_if:
        shown["what_if"] = [
            {
                "scoring_model_id": one.scoring_model_id,
                "thresholds": [
                    {"threshold": plain(threshold), "would_qualify": count} for threshold, count in one.qualifying
                ],
            }
            for one in preview.what_if
        ]
    if preview.compared is not None:
        shown["live"] = msgspec.to_builtins(preview.compared)
    if days is not None:
        shown["days"] = [{"day": day, "would_have_qualified": count} for day, count in days.each if count is not None]
        if days.since is not None:
            shown["history_since"] = days.since
    return shown


def _criterion_as_json(one: CriterionCount) -> dict[str, Any]:
    criterion = one.criterion
    counts = {"live": one.live, "reached": one.reached, "no_score": one.no_score, "met": one.met}
    if criterion.max_age is not None:
        counts["expired"] = one.expired
    if criterion.threshold is None:
        by_grade = [
            {"leads": count} if grade is None else {"grade": grade, "leads": count}
            for grade, count in one.by_grade.most_common()
        ]
        asked: dict[str, Any] = {"grades": criterion.grades, "by_grade": by_grade}
    else:
        bands = [{**band_as_json(band), "leads": count} for band, count in one.bands]
        asked = {"threshold": plain(criterion.threshold), "near": one.near, "bands": bands}
    return {"scoring_model_id": criterion.scoring_model, **counts, **asked}
