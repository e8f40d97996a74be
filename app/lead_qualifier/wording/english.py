"""The English sentences, by the finding's name. `{id:quoted}` is the field as an argument in a shell."""

ENGLISH: dict[str, str] = {
    "Fault": "{field:prefix}{message}",
    # What became of a definition
    "DraftSaved": "{id}: draft saved; it runs once published (lead-qualifier {kind} publish {id:quoted})",
    "DraftSavedBesideLive": (
        "{id}: draft saved beside version {version}, which goes on"
        " (to let it run instead: lead-qualifier {kind} publish --replace {id:quoted})"
    ),
    "DraftSavedForShadow": (
        "{id}: draft saved beside version {version}, which goes on"
        " (to see what it would do: lead-qualifier {kind} shadow {id:quoted} on;"
        " to let it run instead: lead-qualifier {kind} publish --replace {id:quoted})"
    ),
    "DraftDropped": "{id}: its draft is dropped, since version {version} says the same and goes on",
    "DraftUnchanged": "{id}: its draft says so already",
    "LiveVersionUnchanged": "{id}: its live version says so already",
    "Published": "{id} is live in version {version}",
    "Replaced": "{id} is live in version {version}, in place of version {before}",
    "Stopped": "{id} is stopped; edit its file, then apply and publish it to go on",
    "StoppedWithDraft": "{id} is stopped; publish it to let its draft run",
    "Deleted": "{id} is deleted; its versions stay in the audit trail",
    # What was refused
    "InvalidDefinition": "{faults:lines}",
    "IdDiffers": "must be {id}, as the command says",
    "UnknownDefinition": "there is no {kind} {id}: apply its file first (lead-qualifier {kind} apply FILE)",
    "StaleRevision": (
        "{id} is at revision {held}, the command was meant for revision {expected}:"
        " see what changed meanwhile and give the command again"
    ),
    "LiveRefusesApply": (
        "{id} is live: stop it first (lead-qualifier {kind} stop {id:quoted}),"
        " or keep it as a draft beside the live version (lead-qualifier {kind} apply --draft FILE)"
    ),
    "LiveRefusesDelete": "{id} is live: stop it first (lead-qualifier {kind} stop {id:quoted})",
    "AlreadyLive": (
        "{id} is live already, in version {version}: stop it first (lead-qualifier {kind} stop {id:quoted})"
    ),
    "AlreadyLiveWithDraft": (
        "{id} is live already, in version {version}: stop it first (lead-qualifier {kind} stop {id:quoted}),"
        " or let its draft take over (lead-qualifier {kind} publish --replace {id:quoted})"
    ),
    "NothingToStop": (
        "{id} is not live, so there is nothing to stop (to let it run: lead-qualifier {kind} publish {id:quoted})"
    ),
    "NothingToReplace": (
        "{id} is not live, so there is nothing to replace: publish it (lead-qualifier {kind} publish {id:quoted})"
    ),
    "NoDraft": ("{id} has no draft beside version {version}: apply one (lead-qualifier {kind} apply --draft FILE)"),
    "CannotApply": "{id}: {reasons}",
    "CannotPublish": "{id} cannot be published: {reasons}",
    "TooLarge": (
        "{id} takes more bytes than a record may have, together with the version that runs:"
        " make it smaller, or split it into several"
    ),
    "Unreadable": (
        "what is stored under {key} cannot be read: {reason}. Restore the earlier record, or write one without a value,"
        " which forgets it; then repeat the command"
    ),
    # Qualification models: the shadow, the feature switch, scoring models
    "ShadowOn": (
        "{id}: its draft runs in the shadow of version {version}; workers count what it would do differently"
        " (lead_qualifier_shadow_total in their /metrics)"
    ),
    "ShadowOff": "{id}: its draft runs in shadow no longer",
    "ShadowOnAlready": "{id}: its draft runs in shadow already",
    "ShadowOffAlready": "{id}: its draft does not run in shadow",
    "NothingToCompare": (
        "{id} is not live, so there is nothing to compare its draft with"
        " (to let it run: lead-qualifier {kind} publish {id:quoted})"
    ),
    "FeatureOn": "{name} is on",
    "FeatureOff": ("{name} is off: nothing qualifies until it is on again; scores and lead changes are still recorded"),
    "FeatureOnAlready": "{name} is on already",
    "FeatureOffAlready": "{name} is off already",
    "UnknownFeature": "there is no feature {name}: the only one is {known}",
    "ScoringModelObserved": "scoring model {id} is {status}",
    "ScoringModelUnchanged": "scoring model {id} is {status} already",
    "ScoringModelStale": "scoring model {id}: older than what is held, ignored",
    "LeadManagementOff": (
        "lead management is off: an administrator turns it on (lead-qualifier feature enable {feature})"
    ),
    "ScoringModelUnknown": (
        "scoring model {id} is unknown: set it live first (lead-qualifier scoring-model set {id:quoted} --status live)"
    ),
    "ScoringModelNotLive": (
        "scoring model {id} is not live but {status}: set it live first"
        " (lead-qualifier scoring-model set {id:quoted} --status live)"
    ),
    "ThresholdAboveMaximum": (
        "{field}.threshold: {threshold} is above {maximum}, the maximum of scoring model {scoring_model},"
        " so that no score can meet it: lower it to {maximum} or less, or correct the maximum"
        " (lead-qualifier scoring-model set {scoring_model:quoted} --status {status} --maximum N)"
    ),
}
