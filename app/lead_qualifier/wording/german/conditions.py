"""A condition in words, and what keeps a lead from meeting one: the German sentences."""

SENTENCES: dict[str, str] = {
    # A condition in words
    "has_value": "{name} hat einen Wert",
    "has_no_value": "{name} hat keinen Wert",
    "value_is": "{name} ist {wanted}",
    "condition_negated": "nicht ({condition})",
    "condition_nested": "({condition})",
    "condition_all": "{members:joined by und }",
    "condition_any": "{members:joined by oder }",
    # What keeps a lead from meeting one
    "unmet_value": "{name} ist {held}, verlangt ist {wanted}",
    "unmet_value_of_kind": "{name} ist {held} ({kind}), verlangt ist {wanted}",
    "unmet_without_value": "{name} hat keinen Wert, verlangt ist {wanted}",
    "unmet_all": "{tests:joined by; }",
    "unmet_any": "({tests:joined by; oder })",
    "wanted_not": "nicht {wanted}",
    "wanted_one_of": "{values:joined by, } oder {last}",
    "one_of_more": "einer von {count:,} weiteren",
    "wanted_at_least": "mindestens {least}",
    "wanted_at_most": "höchstens {most}",
    "wanted_above": "mehr als {bound}",
    "wanted_below": "weniger als {bound}",
    "wanted_text_with": "Text mit {part!r}",
    "wanted_start": "Text, der mit {start!r} beginnt",
    "wanted_value": "ein beliebiger Wert",
    "wanted_no_value": "kein Wert",
    # Of which kind a value is
    "kind_number": "eine Zahl",
    "kind_text": "ein Text",
    "kind_boolean": "ein Wahrheitswert",
}
