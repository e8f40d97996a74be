"""Was die Antworten des Vertriebs über die Schwellenwerte sagen: the German sentences."""

SENTENCES: dict[str, str] = {
    "too_few_answers": (
        "Zu wenige Antworten, um die Schwellenwerte zu beurteilen: Der Vertrieb hat {answered:,} gegeben, nötig sind"
        " {needed}"
    ),
    "too_few_answers_to_compare": (
        "{scoring_model}: zu wenige Antworten, um niedrige mit hohen Bewertungen zu vergleichen; jede Seite braucht"
        " {needed}"
    ),
    "no_clear_difference": (
        "{scoring_model}: Die Annahme steigt nicht deutlich mit der Bewertung. Ein höherer Schwellenwert gäbe dem"
        " Vertrieb eher weniger als bessere Leads"
    ),
    "accepted_less_below": (
        "{scoring_model}: Unter {score} hat der Vertrieb {below_percent} % angenommen ({below_accepted:,} von"
        " {below_answered:,}), ab {score} {percent} % ({accepted:,} von {answered:,}); ein Schwellenwert von {score}"
        " hätte {qualified:,} dieser Qualifizierungen verhindert"
    ),
}
