"""Warum ein Lead qualifiziert ist oder nicht: the German sentences."""

SENTENCES: dict[str, str] = {
    "yes": "Ja",
    "no": "Nein",
    "and_more": "und {count:,} weitere",
    # A model in words
    "all_of": "{members:joined by und }",
    "any_of": "{members:joined by oder }",
    "at_least_of": "mindestens {count} von: {members:joined by, }",
    "group": "({formula})",
    "criterion": "{scoring_model} ≥ {threshold:.10g}",
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
    "score_met": "{scoring_model} {score:.10g} ≥ {threshold:.10g}: erfüllt",
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
    "change": "{field:term}: {before:term} → {after:term}",
    "no_changes": "keine Änderung: erneut qualifiziert, nachdem die Bewertungen abgefallen waren",
    "model_version": "{id} v{version}",
    "model_version_again": "{id} v{version} (Qualifizierung {number})",
    # What each criterion lacks
    "lacks_live_scoring_model": ("{scoring_model}: Das Bewertungsmodell ist nicht live, deshalb zählt keine Bewertung"),
    "lacks_score": "{scoring_model}: noch keine Bewertung, nötig sind {threshold:.10g}",
    "lacks_points": "{scoring_model}: Es fehlen {points:.10g}",
    "lacks_fresh_score": (
        "{scoring_model}: Bewertung {score:.10g} ist am {day} abgelaufen (höchstens {max_age:duration} alt)"
    ),
    "lacks_grade": "{scoring_model}: noch keine Note, verlangt ist {grades:joined by oder }",
    "lacks_other_grade": "{scoring_model}: Note ist {grade}, verlangt ist {grades:joined by oder }",
    "lacks_fresh_grade": ("{scoring_model}: Note {grade} ist am {day} abgelaufen (höchstens {max_age:duration} alt)"),
    # Why the lead has the outcome
    "nothing_qualifies": "Die Leadverwaltung ist ausgeschaltet: Nichts wird qualifiziert",
    "model_not_live": "Das Modell ist nicht live",
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
    # Why a lead has its owner, or waits
    "turn_not_come": "Er ist noch nicht an der Reihe: Über wartende Leads wird gruppenweise entschieden",
    "no_assignment_takes": "Keine Zuweisung, die live ist, nimmt Leads des Modells {model}",
    "only_team_or_queue": "Nach der Regel kommt nur eines in Frage: {kind:term}",
    "seller_chosen": "Die Verteilung der Regel hat unter den Verfügbaren diese Person gewählt",
    "seller_with_most_capacity": (
        "Diese Person hatte von denen, die arbeiten, die meiste freie Kapazität; bei Gleichstand am längsten keinen"
        " neuen Lead"
    ),
    "seller_longest_without_lead": "Diese Person hatte von den Verfügbaren am längsten keinen neuen Lead",
    "owner_removed": (
        "Das CRM hat den Besitzer entfernt, und das gilt: Zugewiesen wird erst nach einer neuen Qualifizierung"
    ),
    "other_owner_named": "Das CRM nennt einen anderen Besitzer, und das gilt",
    "crm_failed": "Das CRM konnte es nicht ausführen",
    "lacks_privileges": "Dem Besitzer fehlen dafür im CRM die Berechtigungen",
    "meets_no_segment": "Der Lead erfüllt die Bedingung keines Segments",
    "no_rule_for_segment": "Keine Regel des Segments trifft auf den Lead zu",
    "no_seller_meets_conditions": "Kein aktiver Vertriebsmitarbeiter erfüllt die Bedingungen der Regel",
    "no_availability": (
        "Kein geeigneter Vertriebsmitarbeiter arbeitet gerade oder innerhalb der Zeit, die die Regel zulässt"
    ),
    "no_capacity": "Die geeigneten Vertriebsmitarbeiter, die verfügbar sind, haben keine freie Kapazität",
    "older_than_timeframe": (
        "Der Lead wurde vor längerer Zeit qualifiziert, als max_age der Zuweisung zulässt: Das bleibt so bis zu einer"
        " neuen Qualifizierung"
    ),
    "multiple_eligible_teams": "Die Regel trifft auf mehrere Teams zu; sie muss eines nennen",
    "no_eligible_team": "Kein Team der Zuweisung erfüllt die Bedingungen der Regel",
    "multiple_eligible_queues": "Die Regel trifft auf mehrere Warteschlangen zu; sie muss eine nennen",
    "no_eligible_queue": "Keine Warteschlange der Zuweisung erfüllt die Bedingungen der Regel",
    # Another attempt to assign it follows when ...
    "when_seller_changes": "ein Vertriebsmitarbeiter hinzukommt oder sich so ändert, dass die Regel ihn wählen kann",
    "when_work_hours_begin": "Arbeitszeiten beginnen",
    "when_capacity_given_back": (
        "Kapazität frei wird: Ein Lead eines geeigneten Vertriebsmitarbeiters wird geschlossen, zusammengeführt oder"
        " gelöscht, oder erhält von Hand einen anderen Besitzer"
    ),
    "when_rules_change": "eine Zuweisung veröffentlicht oder angehalten wird",
    "when_lead_changes": "das CRM den Lead ändert, oder er erneut qualifiziert wird",
    # Why assignment holds nothing about a lead: the lead ...
    "erased": "wurde gelöscht: {decisions}; das nächste Ereignis beginnt von vorn",
    "never_seen": (
        "ist nie eingegangen: Die Zuweisung hat weder eine Änderung noch eine Qualifizierung gelesen, oder er wurde vor"
        " zu langer Zeit gelöscht (durchsucht: Partition {partition}; Groß- und Kleinschreibung von IDs zählt)"
    ),
    "on_its_way": "ist qualifiziert, aber noch nicht zugewiesen: Der Datensatz ist unterwegs",
    "merged_and_closed": "wurde mit einem anderen Lead zusammengeführt und geschlossen: {decisions}",
    "closed": "ist geschlossen (Status {status:term}, Statusgrund {status_reason:term}): {decisions}",
    "not_qualified_since": "ist wieder offen, wurde seit dem Schließen aber nicht qualifiziert: {decisions}",
    "not_qualified": "ist nicht qualifiziert, und nur qualifizierte Leads werden zugewiesen",
    "nothing_decided": "es wurde nie etwas entschieden",
    "decisions_not_shown": (
        "Frühere Entscheidungen werden nicht gezeigt, denn über geschlossene, zusammengeführte und gelöschte Leads wird"
        " nichts aufbewahrt; die Kapazität ist frei"
    ),
}
