"""Was aus einer Definition wurde, or why a command about it was refused: the German sentences."""

SENTENCES: dict[str, str] = {
    # What became of a definition
    "draft_saved": "{id}: Entwurf gespeichert; er gilt, sobald er veröffentlicht ist",
    "draft_saved_while_live": (
        "{id}: Entwurf gespeichert; Version {version} bleibt live, bis sie durch den Entwurf ersetzt wird"
    ),
    "draft_saved_for_shadow": (
        "{id}: Entwurf gespeichert; Version {version} bleibt live, bis sie durch den Entwurf ersetzt wird (was er täte,"
        " zeigt der Schattenlauf)"
    ),
    "draft_dropped": "{id}: Entwurf verworfen, denn er gleicht der Version {version}, die live ist",
    "draft_unchanged": "{id}: Der Entwurf ist unverändert",
    "live_version_unchanged": "{id}: Die Version, die live ist, ist unverändert",
    "published": "{id} ist live mit Version {version}",
    "replaced": "{id} ist live mit Version {version}, die Version {before} ersetzt",
    "stopped": "{id} ist angehalten; bearbeiten und veröffentlichen, um fortzufahren",
    "stopped_with_draft": "{id} ist angehalten; veröffentlichen, damit der Entwurf gilt",
    "deleted": "{id} ist gelöscht; die Versionen bleiben im Verlauf",
    # What was refused
    "invalid_definition": "{faults:lines}",
    "id_differs": "muss {id} sein, wie im Befehl",
    "unknown_definition": "{kind:term} {id} gibt es nicht",
    "stale_revision": (
        "{id} hat Revision {held}, der Befehl erwartet aber Revision {expected}: Prüfen Sie, was sich geändert hat, und"
        " wiederholen Sie ihn"
    ),
    "live_refuses_apply": "{id} ist live: zuerst anhalten, oder die Änderung als Entwurf speichern",
    "live_refuses_delete": "{id} ist live: zuerst anhalten",
    "already_live": "{id} ist bereits live, mit Version {version}: zuerst anhalten",
    "already_live_with_draft": (
        "{id} ist bereits live, mit Version {version}: zuerst anhalten, oder durch den Entwurf ersetzen"
    ),
    "nothing_to_stop": "{id} ist nicht live, es gibt also nichts anzuhalten",
    "nothing_to_replace": "{id} ist nicht live, es gibt also nichts zu ersetzen: veröffentlichen",
    "no_draft": "{id} hat keinen Entwurf, der Version {version} ersetzen könnte: zuerst einen speichern",
    "decided_otherwise": (
        "{id} wurde inzwischen geändert, die Antwort weicht deshalb vom Erwarteten ab ({code}): Sehen Sie es sich noch"
        " einmal an"
    ),
    "cannot_apply": "{id}: {reasons}",
    "cannot_publish": "{id} lässt sich nicht veröffentlichen: {reasons}",
    "too_large": (
        "{id} und die Version, die live ist, sind zusammen größer, als ein Datensatz sein darf: verkleinern oder in"
        " mehrere aufteilen"
    ),
    "unreadable": (
        "Was unter {key} gespeichert ist, lässt sich nicht lesen: {reason}. Stellen Sie den früheren Datensatz wieder"
        " her, oder schreiben Sie einen ohne Wert, um ihn zu vergessen; wiederholen Sie dann den Befehl"
    ),
    # Qualification models: the shadow, the feature switch, scoring models
    "shadow_on": (
        "{id}: Der Entwurf läuft im Schatten von Version {version}; gezählt wird, was er anders entscheiden würde"
    ),
    "shadow_off": "{id}: Der Entwurf läuft nicht mehr im Schatten",
    "shadow_on_already": "{id}: Der Entwurf läuft bereits im Schatten",
    "shadow_off_already": "{id}: Der Entwurf läuft nicht im Schatten",
    "nothing_to_compare": "{id} ist nicht live, der Entwurf hat also nichts, womit er zu vergleichen wäre",
    "feature_on": "{name:term} ist eingeschaltet",
    "feature_off": (
        "{name:term} ist ausgeschaltet: Nichts wird qualifiziert, bis sie wieder eingeschaltet ist; Bewertungen und"
        " Änderungen an Leads werden weiterhin erfasst"
    ),
    "feature_on_already": "{name:term} ist bereits eingeschaltet",
    "feature_off_already": "{name:term} ist bereits ausgeschaltet",
    "unknown_feature": "Eine Funktion {name} gibt es nicht: Die einzige ist {known}",
    "scoring_model_observed": "Bewertungsmodell {id}: Status {status:term}",
    "scoring_model_unchanged": "Bewertungsmodell {id}: Status ist bereits {status:term}",
    "scoring_model_stale": "Bewertungsmodell {id}: nicht beachtet, denn eine neuere Meldung ist bereits gespeichert",
}
