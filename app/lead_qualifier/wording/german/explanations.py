"""Warum ein Lead qualifiziert ist oder nicht: the German sentences."""

SENTENCES: dict[str, str] = {
    "yes": "Ja",
    "no": "Nein",
    "and_more": "und {count:,} weitere",
    # A model in words
    "all_of": "alle von {members:joined by, }",
    "any_of": "mindestens eines von {members:joined by, }",
    "at_least_of": "mindestens {count} von {members:joined by, }",
    "group": "({formula})",
    "criterion": "{scoring_model} >= {threshold:.10g}",
    "criterion_with_grades": "{scoring_model} mit Note {grades:joined by oder }",
    "criterion_with_terms": "{criterion} ({terms:joined by, })",
    "fallen_below": "abgefallen unter {drop_below:.10g}",
    "with_max_age": "höchstens {max_age:duration} alt",
    "terms": "{terms:joined by; }",
    "only_leads_where": "nur Leads mit {condition}",
    "fast_track_when": "Sofortqualifizierung bei {condition}",
    "held_for": "{hold:duration} lang erfüllt",
    "only_once": "nur einmal",
    "again_on_recross": "erneut, wenn die Bewertungen abfallen und wieder steigen",
    "again_after_cool_down": "frühestens {cool_down:duration} später erneut",
    "on_rejection": "bei Ablehnung durch den Vertrieb: {rules:joined by, }",
    "rejected_for": "bei Grund {reason} {rule}",
    "not_again": "nicht erneut",
    "again_immediately": "sofort erneut",
    "again_after": "{cool_down:duration} später erneut",
    # A qualification in words
    "criteria": "{criteria:joined by, }",
    "score_met": "{scoring_model} {score:.10g} >= {threshold:.10g}: erfüllt",
    "score_below": "{scoring_model} {score:.10g} < {threshold:.10g}: nicht erfüllt",
    "score_missing": "{scoring_model} hat keine Bewertung, nötig sind {threshold:.10g}: nicht erfüllt",
    "score_not_counted": (
        "{scoring_model} {score:.10g} zählt nicht, weil das Bewertungsmodell nicht live ist: nicht erfüllt"
    ),
    "score_expired": "{scoring_model} {score:.10g} vom {day} ist abgelaufen: nicht erfüllt",
    "grade_met": "{scoring_model} Note {grade}: erfüllt",
    "grade_other": "{scoring_model} Note {grade}, verlangt ist {grades:joined by oder }: nicht erfüllt",
    "grade_missing": "{scoring_model} hat keine Note, verlangt ist {grades:joined by oder }: nicht erfüllt",
    "grade_not_counted": (
        "{scoring_model} Note {grade} zählt nicht, weil das Bewertungsmodell nicht live ist: nicht erfüllt"
    ),
    "grade_expired": "{scoring_model} Note {grade} vom {day} ist abgelaufen: nicht erfüllt",
    "changes": "{changes:joined by, }",
    "change": "{field:term}: {before:term} -> {after:term}",
    "no_changes": "keine Änderung: erneut qualifiziert, nachdem die Bewertungen abgefallen waren",
    "model_version": "{id} v{version}",
    "model_version_again": "{id} v{version} (Qualifizierung {number})",
    # What each criterion lacks
    "lacks_live_scoring_model": (
        "{scoring_model}: Das Bewertungsmodell ist nicht live, deshalb zählt keine Bewertung"
        " (lead-qualifier scoring-model set)"
    ),
    "lacks_score": "{scoring_model}: noch keine Bewertung, nötig sind {threshold:.10g}",
    "lacks_points": "{scoring_model}: Es fehlen {points:.10g}",
    "lacks_fresh_score": (
        "{scoring_model}: Bewertung {score:.10g} ist am {day} abgelaufen (höchstens {max_age:duration} alt)"
    ),
    "lacks_grade": "{scoring_model}: noch keine Note, verlangt ist {grades:joined by oder }",
    "lacks_other_grade": "{scoring_model}: Note ist {grade}, verlangt ist {grades:joined by oder }",
    "lacks_fresh_grade": ("{scoring_model}: Note {grade} ist am {day} abgelaufen (höchstens {max_age:duration} alt)"),
    # Why the lead has the outcome
    "nothing_qualifies": (
        "Die Leadverwaltung ist ausgeschaltet: Nichts wird qualifiziert (lead-qualifier feature enable lead-management)"
    ),
    "model_not_live": "Das Modell ist nicht veröffentlicht (lead-qualifier model publish {id})",
    "unknown_lead": (
        "Das CRM hat zu diesem Lead noch nichts gesendet, und LEAD_QUALIFIER_UNKNOWN_LEADS steht auf ineligible"
    ),
    "lead_merged": "Der Lead wurde mit {survivor} zusammengeführt: Nur dieser kann qualifiziert werden",
    "lead_closed": "Der Lead ist geschlossen: Status {status:term}, Statusgrund {status_reason:term}",
    "outside_audience": "Nicht in der Zielgruppe: {unmet}",
    "fast_track_met": "Bedingung der Sofortqualifizierung erfüllt; sie qualifiziert einen Lead, sobald sie wahr wird",
    "fast_track_not_met": "Bedingung der Sofortqualifizierung nicht erfüllt: {unmet}",
    "criteria_not_met": "{met} von {count} Kriterien erfüllt, nötig: {needed}. {missing:joined by; }",
    "formula_not_met": "Nicht erfüllt: {formula}; was je Kriterium fehlt: {missing:joined by; }",
    "everything_met": "Alles ist erfüllt: Mit der nächsten Bewertung wird der Lead qualifiziert",
    "cooling_down_after_rejection": (
        "Vom Vertrieb am {rejected_at} abgelehnt; kann ab {not_before} wieder qualifiziert werden"
    ),
    "cooling_down": "Am {qualified_at} qualifiziert; kann {cool_down:duration} später wieder qualifiziert werden",
    "nothing_would_change": "Nichts würde sich ändern: Der Lead hat schon, was die Maßnahmen des Modells setzen",
    "qualified_for_good": "Durch Version {version} qualifiziert, und dieses Modell qualifiziert einen Lead nur einmal",
    "rejected_for_good": (
        "Vom Vertrieb am {rejected_at} endgültig abgelehnt, bis das CRM ein Kennzeichen zurücksetzt oder den Lead"
        " wieder öffnet"
    ),
    "set_again_since_reset": (
        "Durch Version {version} qualifiziert und seitdem zurückgesetzt; der Lead hat aber schon, was die Maßnahmen des"
        " Modells setzen"
    ),
    "set_again_since_rejection": (
        "Durch Version {version} qualifiziert und seitdem vom Vertrieb abgelehnt; der Lead hat aber schon, was die"
        " Maßnahmen des Modells setzen"
    ),
    "qualified_until_reset": (
        "Durch Version {version} qualifiziert; kann wieder qualifiziert werden, sobald das CRM ein Kennzeichen"
        " zurücksetzt oder den Lead wieder öffnet"
    ),
    "qualified_until_recross": (
        "Durch Version {version} qualifiziert; kann wieder qualifiziert werden, sobald das CRM ein Kennzeichen"
        " zurücksetzt oder den Lead wieder öffnet, oder sobald die Bewertungen unter die Kriterien fallen und wieder"
        " steigen"
    ),
    "hold_not_started": (
        "Die Kriterien sind erfüllt; mit der nächsten Bewertung beginnt die Haltezeit: {hold:duration}"
    ),
    "hold_runs": "Die Kriterien sind erfüllt; der Lead wird am {due} qualifiziert, wenn sie erfüllt bleiben",
    # What has happened to a qualification since
    "reset": "Seitdem vom CRM zurückgesetzt: {model} kann den Lead wieder qualifizieren",
    "rejected": "Vom Vertrieb am {rejected_at} abgelehnt: {model} kann den Lead wieder qualifizieren",
    "rejected_until": (
        "Vom Vertrieb am {rejected_at} abgelehnt: {model} kann den Lead ab {not_before} wieder qualifizieren"
    ),
    "barred": "Vom Vertrieb am {rejected_at} abgelehnt: {model} qualifiziert den Lead nicht wieder",
}
