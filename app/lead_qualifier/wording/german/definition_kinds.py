"""What is wrong in the definition of one kind beyond its form: the German sentences."""

SENTENCES: dict[str, str] = {
    # What is wrong in the definition of a qualification model
    "empty": "darf nicht leer sein",
    "no_criteria": "Nennen Sie mindestens ein Bewertungsmodell mit Schwellenwert oder Noten",
    "repeated_scoring_model": (
        "{scoring_model} steht schon in Kriterium {criterion}: Behalten Sie einen Schwellenwert je Bewertungsmodell"
    ),
    "not_finite": "muss eine endliche Zahl sein",
    "no_threshold_or_grades": "Sagen Sie, was verlangt ist: threshold: 70 oder grades: [A, B]",
    "threshold_and_grades": "passt nicht zu grades: Behalten Sie eines von beiden",
    "repeated_grade": "{grade} steht schon in der Liste: Nennen Sie jede Note einmal",
    "drop_below_grades": "wirkt bei Noten nicht, dort ist jede andere Note ein Abfall: Lassen Sie es weg",
    "drop_above_threshold": (
        "darf nicht über dem Schwellenwert {threshold} liegen: Darunter gilt eine Bewertung als abgefallen"
    ),
    "drop_without_recross": "wirkt nicht: Lassen Sie es weg, oder wählen Sie requalification: {{policy: on_recross}}",
    "nested_too_deep": (
        "Gruppen dürfen höchstens {most} tief verschachtelt sein: Machen Sie daraus ein eigenes Modell"
    ),
    "empty_group": "Nennen Sie mindestens ein Kriterium der Gruppe",
    "criteria_out_of_order": "muss jedes Kriterium einmal und in dieser Reihenfolge nennen",
    "at_least_out_of_range": "muss zwischen 1 und der Zahl der Kriterien liegen, {criteria}",
    "unknown_match": "muss all, any oder {{at_least: k}} sein",
    "no_action": "Nennen Sie mindestens eine Maßnahme: {actions:joined by oder }",
    "not_one_of": "muss eines von {known:listed} sein",
    "negative": "darf nicht negativ sein",
    "length_out_of_range": "muss länger als null und höchstens {days}d sein",
    "cool_down_without_requalify": "wirkt nicht: Lassen Sie es weg, oder wählen Sie requalify: true",
    "cool_down_without_requalification": (
        "wirkt nicht: Lassen Sie es weg, oder wählen Sie für requalification eine andere policy als never"
    ),
    # What keeps a qualification model from being published, and what to know before
    "lead_management_off": "Die Leadverwaltung ist ausgeschaltet: Ein Administrator muss sie einschalten",
    "scoring_model_unknown": "Das Bewertungsmodell {id} ist unbekannt: Setzen Sie es zuerst live",
    "scoring_model_not_live": (
        "Das Bewertungsmodell {id} ist nicht live (Status {status:term}): Setzen Sie es zuerst live"
    ),
    "threshold_above_maximum": (
        "{field}.threshold: {threshold} liegt über {maximum}, dem Höchstwert des Bewertungsmodells {scoring_model},"
        " keine Bewertung kann das erfüllen: Senken Sie es auf höchstens {maximum}, oder berichtigen Sie den Höchstwert"
    ),
    "consumers_before_grades": (
        "{id} verlangt Noten: lead-qualified führt ein solches Kriterium mit grades statt threshold auf. Aktualisieren"
        " Sie vor dem Veröffentlichen die Worker und alle, die threshold lesen"
    ),
    # What is wrong in the definition of an assignment
    "taken_already": "{value} ist schon {field} von {by}: Geben Sie {id} etwas anderes",
    "not_one_target": "muss genau eines von sellers, team und queue zuweisen",
    "not_one_way_to_say_who": "muss sagen, wer gemeint ist: entweder mit when oder mit {exact}",
    "unknown_team_or_queue": "In {target}s gibt es {target} {id} nicht: {advice}",
    "only_for_sellers": "ist nur für Regeln, die Vertriebsmitarbeitern zuweisen: Entfernen Sie es",
    "impossible_in_segment": "kann im Segment {segment} nie erfüllt sein: {reason}; ändern Sie eines von beiden",
    "segment_never_matches": (
        "kann nie zutreffen: Das Segment {before} davor nimmt alle seine Leads; ändern Sie Reihenfolge oder Bedingung"
    ),
    "rule_never_matches": (
        "kann nie zutreffen: Die Regel {before} davor nimmt alle ihre Leads; ändern Sie Reihenfolge oder Bedingung"
    ),
    "models_taken_already": (
        "{by} ist live und nimmt auch Leads von {models:listed}: Halten Sie es an, oder nennen Sie andere Modelle"
    ),
    "unknown_seller": "Es gibt keinen Vertriebsmitarbeiter {id}: {advice}",
    "seller_inactive": (
        "Vertriebsmitarbeiter {id} ist inaktiv und erhält keine Leads: Entfernen Sie die ID, falls das so bleibt"
    ),
    "seller_left": (
        "Vertriebsmitarbeiter {id} ist ausgeschieden und erhält keine Leads: Entfernen Sie die ID, falls das so bleibt"
    ),
    # What is wrong in the definition of a sequence
    "repeated_step_id": "ist {id} wie bei einem anderen Schritt: Geben Sie jedem Schritt eine eigene ID",
    "models_of_an_assignment": "ist nur für on: lead-qualified; eine Zuweisung nennt kein Qualifizierungsmodell",
    "nobody_connected": "gilt für jeden Lead, den connect einlässt, niemand würde je verbunden",
    "branches_too_deep": "ist eine Verzweigung mehr als {most} tief: Gehen Sie zu einer anderen Sequenz über",
    "branch_without_steps": "führt nirgendwohin: Geben Sie Schritte unter yes, no oder beiden an",
    "not_one_test": "muss genau eine Prüfung haben: when, replied oder result_of mit equals",
    "result_of_without_equals": "braucht result_of (ein früherer Schritt) und equals (das Ergebnis) zusammen",
    "reply_ends_sequence": "gilt nie, denn eine Antwort beendet die Sequenz: Setzen Sie exit: {{on_reply: false}}",
    "not_one_value_to_set": "muss nennen, was gesetzt wird: entweder field oder attribute",
    "unknown_field_to_set": "ist unbekannt: Felder sind {known:listed}; Attribute nennt man mit attribute",
    "advance_to_itself": "ist diese Sequenz selbst, Leads kämen nie heraus: Nennen Sie eine andere",
    "unknown_sequence": "nennt {id}, das ist keine Sequenz: {advice}",
    "advances_in_a_circle": "führt hierher zurück ({way}): Leads kämen nie heraus",
    "step_never_reached": "wird nie erreicht: Jeder Weg davor geht zu einer anderen Sequenz über; entfernen Sie es",
    "advance_first": "darf nicht der erste Schritt sein: Verbinden Sie Leads stattdessen mit jener Sequenz",
    "wait_last": "darf nicht der letzte Schritt sein: Auf das Warten folgt nichts",
    "no_earlier_result": "nennt {id}, das ist kein früherer Schritt mit Ergebnis: {advice}",
    "due_within_such_as": "4h; ohne es ist der Schritt sofort fällig",
    "wait_too_long": "darf höchstens {most}d sein",
    "wait_of_zero": "muss länger als null sein: Entfernen Sie es, oder sagen Sie, wie lange",
    # Journeys and follow-ups
    "no_such_value": "muss {known:joined by oder } sein: {field} hat keinen anderen Wert",
    "after_without_policy": "after gehört nur zu policy: after, zum Beispiel {{policy: after, after: 7d}}",
    "reentry_after_such_as": "7d; um jeden Eintritt zu erlauben, wählen Sie policy: always",
    "repeated_payload": "hat {count} Werte namens {name}: Geben Sie jedem mit as einen eigenen Namen",
    "window_ends_early": "muss später als start sein",
    "window_has_passed": (
        "ist vorbei, niemand würde je eintreten: Wählen Sie ein späteres Ende, oder lassen Sie es weg"
    ),
    "never_met_with_trigger": "kann zusammen mit trigger und contact nie erfüllt sein: {reason}",
    "excludes_everybody": (
        "schließt jeden Lead aus, den trigger, when und contact einlassen: Niemand würde je eintreten"
    ),
    "repeated_stage": "{on} hat schon eine Stufe: Behalten Sie eine davon",
}
