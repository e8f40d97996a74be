"""Wovor die Übersicht der Konsole warnt: the German sentences."""

SENTENCES: dict[str, str] = {
    "lead_management_is_off": (
        "Die Leadverwaltung ist aus: Bis ein Administrator sie einschaltet, wird nichts qualifiziert"
    ),
    "no_live_model": ("Kein Qualifizierungsmodell ist live: Bis eines veröffentlicht wird, wird nichts qualifiziert"),
    "model_degraded": (
        "{model} ist eingeschränkt. Nicht live: {scoring_models:listed}; Kriterien mit diesen Bewertungen gelten als"
        " nicht erfüllt"
    ),
    "new_dead_letters": "Datensätze der letzten 24 Stunden, die nicht verarbeitet werden konnten: {count}",
    "many_dead_letters": "Datensätze der letzten 24 Stunden, die nicht verarbeitet werden konnten: mindestens {count}",
}
