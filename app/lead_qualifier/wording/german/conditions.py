"""Conditions: what is wrong with one, one in words, what keeps a lead from meeting one. The German sentences."""

SENTENCES: dict[str, str] = {
    "condition_too_deep": "ist mehr als {most} tief verschachtelt: Vereinfachen Sie es",
    "nothing_tested": "muss nennen, was geprüft wird: ein Feld oder ein Attribut",
    "field_of_seller": (
        "{field!r} ist unbekannt: Ein Vertriebsmitarbeiter hat nur Attribute; Attribute nennt man mit attribute"
    ),
    "unknown_lead_field": "{field!r} ist unbekannt: Felder sind {known:listed}; Attribute nennt man mit attribute",
    "no_test": "braucht eine Prüfung, eine von {tests:listed}",
    "same_as_without_seller": (
        "vergleicht ein Attribut eines Vertriebsmitarbeiters mit dem des Leads: Das hat hier keinen Sinn"
    ),
    "never_met": "kann nie erfüllt sein: {reason}; ändern oder entfernen Sie einen Teil",
    "never_met_by_open_lead": (
        "kann von einem offenen Lead nie erfüllt werden, und nur offene Leads zählen: Ändern oder entfernen Sie einen"
        " Teil"
    ),
    "negates_truth": "sie schließt eine Bedingung aus, die immer erfüllt ist",
    "no_value_meets": "kein Wert von {name} erfüllt alle seine Bedingungen",
    "no_known_value_meets": "kein Wert von {name} erfüllt alle seine Bedingungen; seine Werte sind {known:listed}",
    # Of a qualification model
    "audience_of_all": "erfüllt jeder Lead, der sich qualifizieren kann: Lassen Sie es weg, oder ändern Sie es",
    "met_by_marked_leads": (
        "wird nur von Leads erfüllt, die schon haben, was die Maßnahmen setzen, niemand würde sich je qualifizieren:"
        " Ändern Sie es"
    ),
    "fast_track_outside_audience": (
        "kann von keinem Lead der Zielgruppe erfüllt werden, und nur sie kann sich qualifizieren: Ändern Sie eines von"
        " beiden"
    ),
    "fast_track_never_becomes_true": (
        "wird von jedem offenen Lead erfüllt, es wird also nie wahr: Nennen Sie, was einen Lead sofort qualifiziert"
    ),
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
