"""What became of a definition, or why a command about it was refused."""

SENTENCES: dict[str, str] = {
    "fault": "{field:prefix}{message}",
    # What became of a definition
    "draft_saved": "{id}: draft saved; it runs once published (lead-qualifier {kind} publish {id:quoted})",
    "draft_saved_while_live": (
        "{id}: draft saved; version {version} stays live"
        " (to publish the draft instead: lead-qualifier {kind} publish --replace {id:quoted})"
    ),
    "draft_saved_for_shadow": (
        "{id}: draft saved; version {version} stays live"
        " (to see what the draft would do: lead-qualifier {kind} shadow {id:quoted} on;"
        " to publish it instead: lead-qualifier {kind} publish --replace {id:quoted})"
    ),
    "draft_dropped": "{id}: draft dropped, because it is identical to live version {version}",
    "draft_unchanged": "{id}: the draft is unchanged",
    "live_version_unchanged": "{id}: the live version is unchanged",
    "published": "{id} is live in version {version}",
    "replaced": "{id} is live in version {version}, replacing version {before}",
    "stopped": "{id} is stopped; to continue, edit its file, then apply and publish it",
    "stopped_with_draft": "{id} is stopped; publish it to run its draft",
    "deleted": "{id} is deleted; its versions stay in the audit trail",
    # What was refused
    "invalid_definition": "{faults:lines}",
    "id_differs": "must be {id}, as the command says",
    "unknown_definition": "there is no {kind} {id}: apply its file first (lead-qualifier {kind} apply FILE)",
    "stale_revision": (
        "{id} is at revision {held}, but the command expects revision {expected}:"
        " check what has changed, then repeat the command"
    ),
    "live_refuses_apply": (
        "{id} is live: stop it first (lead-qualifier {kind} stop {id:quoted}),"
        " or keep the file as a draft (lead-qualifier {kind} apply --draft FILE)"
    ),
    "live_refuses_delete": "{id} is live: stop it first (lead-qualifier {kind} stop {id:quoted})",
    "already_live": (
        "{id} is already live, in version {version}: stop it first (lead-qualifier {kind} stop {id:quoted})"
    ),
    "already_live_with_draft": (
        "{id} is already live, in version {version}: stop it first (lead-qualifier {kind} stop {id:quoted}),"
        " or replace it by its draft (lead-qualifier {kind} publish --replace {id:quoted})"
    ),
    "nothing_to_stop": (
        "{id} is not live, so there is nothing to stop (to publish it: lead-qualifier {kind} publish {id:quoted})"
    ),
    "nothing_to_replace": (
        "{id} is not live, so there is nothing to replace: publish it (lead-qualifier {kind} publish {id:quoted})"
    ),
    "no_draft": (
        "{id} has no draft to replace version {version}: apply one (lead-qualifier {kind} apply --draft FILE)"
    ),
    "decided_otherwise": (
        "{id} was changed in the meantime, so the answer differs from what was expected ({code}): look at it again"
    ),
    "cannot_apply": "{id}: {reasons}",
    "cannot_publish": "{id} cannot be published: {reasons}",
    "too_large": (
        "{id} and its live version together are larger than a record may be: make it smaller, or split it into several"
    ),
    "unreadable": (
        "what is stored under {key} cannot be read: {reason}. Restore the earlier record, or write one without a value"
        " to forget it; then repeat the command"
    ),
    # Qualification models: the shadow, the feature switch, scoring models
    "shadow_on": (
        "{id}: the draft runs in the shadow of version {version}; workers count what it would do differently"
        " (lead_qualifier_shadow_total in their /metrics)"
    ),
    "shadow_off": "{id}: the draft no longer runs in shadow",
    "shadow_on_already": "{id}: the draft already runs in shadow",
    "shadow_off_already": "{id}: the draft does not run in shadow",
    "nothing_to_compare": (
        "{id} is not live, so there is nothing to compare its draft with"
        " (to publish it: lead-qualifier {kind} publish {id:quoted})"
    ),
    "feature_on": "{name} is on",
    "feature_off": (
        "{name} is off: nothing qualifies until it is on again; scores and lead changes are still recorded"
    ),
    "feature_on_already": "{name} is already on",
    "feature_off_already": "{name} is already off",
    "unknown_feature": "there is no feature {name}: the only one is {known}",
    "scoring_model_observed": "scoring model {id} is {status}",
    "scoring_model_unchanged": "scoring model {id} is already {status}",
    "scoring_model_stale": "scoring model {id}: ignored, because a newer announcement is already stored",
    "lead_management_off": (
        "lead management is off: an administrator must turn it on (lead-qualifier feature enable {feature})"
    ),
    "scoring_model_unknown": (
        "scoring model {id} is unknown: set it live first (lead-qualifier scoring-model set {id:quoted} --status live)"
    ),
    "scoring_model_not_live": (
        "scoring model {id} is {status}, not live: set it live first"
        " (lead-qualifier scoring-model set {id:quoted} --status live)"
    ),
    "threshold_above_maximum": (
        "{field}.threshold: {threshold} is above {maximum}, the maximum of scoring model {scoring_model},"
        " so no score can meet it: lower it to {maximum} or less, or correct the maximum"
        " (lead-qualifier scoring-model set {scoring_model:quoted} --status {status} --maximum N)"
    ),
    "consumers_before_grades": (
        "{id} asks for grades: lead-qualified lists such a criterion with grades in place of its threshold. Update the"
        " workers, and consumers that read threshold, before you publish it"
    ),
}
