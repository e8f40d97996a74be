"""Why a lead is qualified or not, why it has its owner or none, and a model in words."""

SENTENCES: dict[str, str] = {
    "yes": "yes",
    "no": "no",
    # A model in words
    "all_of": "all of {members:joined by, }",
    "any_of": "any of {members:joined by, }",
    "at_least_of": "at least {count} of {members:joined by, }",
    "group": "({formula})",
    "criterion": "{scoring_model} >= {threshold:.10g}",
    "criterion_with_grades": "{scoring_model} grade {grades:joined by or }",
    "criterion_with_terms": "{criterion} ({terms:joined by, })",
    "fallen_below": "fallen below {drop_below:.10g}",
    "with_max_age": "max_age {max_age:duration}",
    "terms": "{terms:joined by; }",
    "only_leads_where": "only leads where {condition}",
    "fast_track_when": "fast track when {condition}",
    "held_for": "held for {hold:duration}",
    "only_once": "only once",
    "again_on_recross": "again on recross",
    "again_after_cool_down": "again after at least {cool_down:duration}",
    "on_rejection": "rejected by sales: {rules:joined by, }",
    "rejected_for": "for {reason} {rule}",
    "not_again": "not again",
    "again_immediately": "again immediately",
    "again_after": "again after {cool_down:duration}",
    # A qualification in words
    "criteria": "{criteria:joined by, }",
    "score_met": "{scoring_model} {score:.10g} >= {threshold:.10g} met",
    "score_below": "{scoring_model} {score:.10g} < {threshold:.10g} not met",
    "score_missing": "{scoring_model} has no score, needs {threshold:.10g}: not met",
    "score_not_counted": (
        "{scoring_model} {score:.10g} does not count, because the scoring model is not live: not met"
    ),
    "score_expired": "{scoring_model} {score:.10g} of {day} has expired: not met",
    "grade_met": "{scoring_model} grade {grade} met",
    "grade_other": "{scoring_model} grade {grade}, wanted {grades:joined by or }: not met",
    "grade_missing": "{scoring_model} has no grade, wanted {grades:joined by or }: not met",
    "grade_not_counted": (
        "{scoring_model} grade {grade} does not count, because the scoring model is not live: not met"
    ),
    "grade_expired": "{scoring_model} grade {grade} of {day} has expired: not met",
    "changes": "{changes:joined by, }",
    "change": "{field:term} {before:term} -> {after:term}",
    "no_changes": "no changes: it qualified again after its scores had fallen",
    "model_version": "{id} v{version}",
    "model_version_again": "{id} v{version} (qualification {number})",
    # What each criterion lacks
    "lacks_live_scoring_model": (
        "{scoring_model}: the scoring model is not live, so no score counts (lead-qualifier scoring-model set)"
    ),
    "lacks_score": "{scoring_model}: no score yet, needs {threshold:.10g}",
    "lacks_points": "{scoring_model}: {points:.10g} more",
    "lacks_fresh_score": "{scoring_model}: score {score:.10g} expired on {day} (max_age {max_age:duration})",
    "lacks_grade": "{scoring_model}: no grade yet, wanted {grades:joined by or }",
    "lacks_other_grade": "{scoring_model}: grade is {grade}, wanted {grades:joined by or }",
    "lacks_fresh_grade": "{scoring_model}: grade {grade} expired on {day} (max_age {max_age:duration})",
    # Why the lead has the outcome
    "nothing_qualifies": ("lead management is off: nothing qualifies (lead-qualifier feature enable lead-management)"),
    "model_not_live": "the model is not live (lead-qualifier model publish {id})",
    "unknown_lead": "the CRM has sent nothing about this lead yet, and LEAD_QUALIFIER_UNKNOWN_LEADS is ineligible",
    "lead_merged": "the lead was merged into {survivor}: only that one can qualify",
    "lead_closed": "the lead is closed: status {status:term}, reason {status_reason:term}",
    "outside_audience": "outside the audience: {unmet}",
    "fast_track_met": "fast track met; it qualifies a lead when it becomes true",
    "fast_track_not_met": "fast track not met: {unmet}",
    "criteria_not_met": "{met} of {count} criteria met, {needed} needed: {missing:joined by; }",
    "formula_not_met": "not met: {formula}; missing per criterion: {missing:joined by; }",
    "everything_met": "everything is met: it qualifies with its next score",
    "cooling_down_after_rejection": ("rejected by sales at {rejected_at}; may qualify again from {not_before}"),
    "cooling_down": "qualified at {qualified_at}; may qualify again {cool_down:duration} later",
    "nothing_would_change": "nothing would change: the lead already has what the model's actions set",
    "qualified_for_good": "qualified by version {version}, and this model qualifies a lead only once",
    "rejected_for_good": (
        "permanently rejected by sales at {rejected_at}, until the CRM resets a flag or reopens the lead"
    ),
    "set_again_since_reset": (
        "qualified by version {version}, reset since; but the lead already has what the model's actions set"
    ),
    "set_again_since_rejection": (
        "qualified by version {version}, rejected by sales since; but the lead already has what the model's actions set"
    ),
    "qualified_until_reset": (
        "qualified by version {version}; it can qualify again once the CRM resets a flag or reopens the lead"
    ),
    "qualified_until_recross": (
        "qualified by version {version}; it can qualify again once the CRM resets a flag or reopens the lead, "
        "or its scores fall below the criteria and rise again"
    ),
    "hold_not_started": "the criteria are met; its next score starts the hold of {hold:duration}",
    "hold_runs": "the criteria are met; it qualifies at {due} if they stay met",
    # What has happened to a qualification since
    "reset": "reset by the CRM since: {model} may qualify it again",
    "rejected": "rejected by sales at {rejected_at}: {model} may qualify it again",
    "rejected_until": "rejected by sales at {rejected_at}: {model} may qualify it again from {not_before}",
    "barred": "rejected by sales at {rejected_at}: {model} does not qualify it again",
    # Why a lead has its owner, or waits
    "turn_not_come": "its turn has not come yet: waiting leads are decided in batches",
    "no_assignment_takes": "no live assignment takes leads of model {model} (lead-qualifier assignment list)",
    "only_team_or_queue": "it is the only {kind} that the rule may assign this lead to",
    "seller_chosen": "the rule's distribution chose this seller among those available",
    "seller_with_most_capacity": (
        "this seller had the most capacity left of those at work; among equals, was the longest without a new lead"
    ),
    "seller_longest_without_lead": "this seller was the longest without a new lead of those available",
    "owner_removed": "the CRM removed its owner, and that counts: it is not assigned until it qualifies again",
    "other_owner_named": "the CRM named another owner, and that counts",
    "crm_failed": "the CRM failed to carry it out",
    "lacks_privileges": "the owner lacks the privileges for it in the CRM",
    "meets_no_segment": "it meets the condition of no segment",
    "no_rule_for_segment": "no rule of its segment matches it",
    "no_seller_meets_conditions": "no active seller meets the rule's conditions",
    "no_availability": "no eligible seller is at work, or will be within the rule's time",
    "no_capacity": "the eligible sellers who are available have no capacity left",
    "older_than_timeframe": (
        "it qualified longer ago than the assignment's max_age: that is final until it qualifies again"
    ),
    "multiple_eligible_teams": "the rule matches several teams; it must name one",
    "no_eligible_team": "no team of the assignment meets the rule's conditions",
    "multiple_eligible_queues": "the rule matches several queues; it must name one",
    "no_eligible_queue": "no queue of the assignment meets the rule's conditions",
    # Another attempt to assign it follows when ...
    "when_seller_changes": "a seller is added or changes, so that the rule can choose them",
    "when_work_hours_begin": "work hours start",
    "when_capacity_given_back": (
        "capacity is freed: a lead of an eligible seller is closed, merged or erased, or gets another owner by hand"
    ),
    "when_rules_change": "an assignment is published or stopped",
    "when_lead_changes": "the CRM changes the lead, or it qualifies again",
    # Why assignment holds nothing about a lead: the lead ...
    "erased": "was erased: {decisions}; the next event starts afresh",
    "never_seen": (
        "was never seen: assignment has read neither a change nor a qualification of it, or it was erased too long ago "
        "to tell (searched partition {partition}; ids are case-sensitive)"
    ),
    "on_its_way": "has qualified, but is not assigned yet: its record is still on its way",
    "merged_and_closed": "was merged into another lead and closed: {decisions}",
    "closed": "is closed (status {status}, reason {status_reason}): {decisions}",
    "not_qualified_since": "is open again, but has not qualified since it was closed: {decisions}",
    "not_qualified": (
        "has not qualified, and only qualified leads are assigned: `lead-qualifier lead show` shows what is missing"
    ),
    "nothing_decided": "assignment never decided anything about it",
    "decisions_not_shown": (
        "earlier decisions are not shown, because nothing is kept about a lead that is closed, merged or erased; its "
        "seller's capacity is freed"
    ),
}
