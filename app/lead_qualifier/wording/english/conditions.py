"""What is wrong with a condition."""

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
}
