"""What the console's overview warns of."""

SENTENCES: dict[str, str] = {
    "lead_management_is_off": "lead management is off: nothing is qualified until an administrator turns it on",
    "no_live_model": "no qualification model is live: nothing is qualified until one is published",
    "model_degraded": (
        "{model} is degraded. Not live: {scoring_models:listed}; criteria on these scores count as not met"
    ),
    "new_dead_letters": "records of the last 24 hours that could not be handled (dead letters): {count}",
    "many_dead_letters": "records of the last 24 hours that could not be handled (dead letters): {count} or more",
}
