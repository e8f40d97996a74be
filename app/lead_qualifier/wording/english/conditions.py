"""What is wrong with a condition, a condition in words, and what keeps a lead from meeting one."""

SENTENCES: dict[str, str] = {
    "condition_too_deep": "is nested more than {most} deep: flatten it",
    "nothing_tested": "must name what it tests: a field or an attribute",
    "field_of_seller": ("{field!r} is unknown: a seller has attributes only; attributes are named with attribute"),
    "unknown_lead_field": "{field!r} is unknown: fields are {known:listed}; attributes are named with attribute",
    "no_test": "needs a test, one of {tests:listed}",
    "same_as_without_seller": "compares a seller's attribute with the lead's: it has no meaning here",
    "never_met": "can never be met: {reason}; change or remove part of it",
    "never_met_by_open_lead": (
        "can never be met by an open lead, and only open leads count: change or remove part of it"
    ),
    "negates_truth": "it excludes a condition that is always met",
    "no_value_meets": "no value of {name} meets all its conditions",
    "no_known_value_meets": "no value of {name} meets all its conditions; its values are {known:listed}",
    # Of a qualification model
    "audience_of_all": "is met by every lead that can qualify: leave it out, or change it",
    "met_by_marked_leads": (
        "is met only by leads that have what the actions set already, so it would never qualify anyone: change it"
    ),
    "fast_track_outside_audience": (
        "can never be met by a lead in the audience, and only the audience can qualify: change one of the two"
    ),
    "fast_track_never_becomes_true": (
        "is met by every open lead, so it never becomes true for one: name what makes a lead qualify at once"
    ),
    # A condition in words
    "has_value": "{name} has a value",
    "has_no_value": "{name} has no value",
    "value_is": "{name} is {wanted}",
    "condition_negated": "not ({condition})",
    "condition_nested": "({condition})",
    "condition_all": "{members:joined by and }",
    "condition_any": "{members:joined by or }",
    # What keeps a lead from meeting one
    "unmet_value": "{name} is {held}, wanted {wanted}",
    "unmet_value_of_kind": "{name} is {held} ({kind}), wanted {wanted}",
    "unmet_without_value": "{name} has no value, wanted {wanted}",
    "unmet_all": "{tests:joined by; }",
    "unmet_any": "({tests:joined by; or })",
    "wanted_not": "not {wanted}",
    "wanted_one_of": "{values:joined by, } or {last}",
    "one_of_more": "one of {count:,} more",
    "wanted_at_least": "at least {least}",
    "wanted_at_most": "at most {most}",
    "wanted_above": "more than {bound}",
    "wanted_below": "less than {bound}",
    "wanted_text_with": "text with {part!r}",
    "wanted_start": "text that starts with {start!r}",
    "wanted_value": "any value",
    "wanted_no_value": "no value",
}
