"""The English sentences, by the finding's name. `{id:quoted}` is the field as an argument in a shell."""

ENGLISH: dict[str, str] = {
    "Fault": "{field:prefix}{message}",
    "Worded": "{text}",
    # What is wrong in the definition of a qualification model
    "Empty": "must not be empty",
    "NoCriteria": "name at least one scoring model with its threshold",
    "RepeatedScoringModel": (
        "{scoring_model} is named by criterion {criterion} already: keep one threshold per scoring model"
    ),
    "NotFinite": "must be a finite number",
    "DropAboveThreshold": "must not be above the threshold, {threshold}: below it a score counts as fallen",
    "DropWithoutRecross": "has no effect: leave it out, or choose requalification: {{policy: on_recross}}",
    "NestedTooDeep": "groups may be nested {most} deep: put this one into a model of its own",
    "EmptyGroup": "name at least one criterion of the group",
    "CriteriaOutOfOrder": "must name each criterion once, in order",
    "AtLeastOutOfRange": "must be between 1 and the number of criteria, {criteria}",
    "UnknownMatch": "must be all, any or {{at_least: k}}",
    "NoAction": "name at least one: {actions:or}",
    "NotOneOf": "must be one of {known:listed}",
    "Negative": "must not be negative",
    "HoldOutOfRange": "must be longer than nothing and at most {days}d",
    "CoolDownWithoutRequalify": "has no effect: leave it out, or choose requalify: true",
    "CoolDownWithoutRequalification": (
        "has no effect: leave it out, or choose another requalification policy than never"
    ),
    # What became of a definition
    "DraftSaved": "{id}: draft saved; it runs once published (lead-qualifier {kind} publish {id:quoted})",
    "DraftSavedBesideLive": (
        "{id}: draft saved; version {version} stays live"
        " (to publish the draft instead: lead-qualifier {kind} publish --replace {id:quoted})"
    ),
    "DraftSavedForShadow": (
        "{id}: draft saved; version {version} stays live"
        " (to see what the draft would do: lead-qualifier {kind} shadow {id:quoted} on;"
        " to publish it instead: lead-qualifier {kind} publish --replace {id:quoted})"
    ),
    "DraftDropped": "{id}: draft dropped, because it is identical to live version {version}",
    "DraftUnchanged": "{id}: the draft is unchanged",
    "LiveVersionUnchanged": "{id}: the live version is unchanged",
    "Published": "{id} is live in version {version}",
    "Replaced": "{id} is live in version {version}, replacing version {before}",
    "Stopped": "{id} is stopped; to continue, edit its file, then apply and publish it",
    "StoppedWithDraft": "{id} is stopped; publish it to run its draft",
    "Deleted": "{id} is deleted; its versions stay in the audit trail",
    # What was refused
    "InvalidDefinition": "{faults:lines}",
    "IdDiffers": "must be {id}, as the command says",
    "UnknownDefinition": "there is no {kind} {id}: apply its file first (lead-qualifier {kind} apply FILE)",
    "StaleRevision": (
        "{id} is at revision {held}, but the command expects revision {expected}:"
        " check what has changed, then repeat the command"
    ),
    "LiveRefusesApply": (
        "{id} is live: stop it first (lead-qualifier {kind} stop {id:quoted}),"
        " or keep the file as a draft (lead-qualifier {kind} apply --draft FILE)"
    ),
    "LiveRefusesDelete": "{id} is live: stop it first (lead-qualifier {kind} stop {id:quoted})",
    "AlreadyLive": (
        "{id} is already live, in version {version}: stop it first (lead-qualifier {kind} stop {id:quoted})"
    ),
    "AlreadyLiveWithDraft": (
        "{id} is already live, in version {version}: stop it first (lead-qualifier {kind} stop {id:quoted}),"
        " or replace it by its draft (lead-qualifier {kind} publish --replace {id:quoted})"
    ),
    "NothingToStop": (
        "{id} is not live, so there is nothing to stop (to publish it: lead-qualifier {kind} publish {id:quoted})"
    ),
    "NothingToReplace": (
        "{id} is not live, so there is nothing to replace: publish it (lead-qualifier {kind} publish {id:quoted})"
    ),
    "NoDraft": ("{id} has no draft to replace version {version}: apply one (lead-qualifier {kind} apply --draft FILE)"),
    "CannotApply": "{id}: {reasons}",
    "CannotPublish": "{id} cannot be published: {reasons}",
    "TooLarge": (
        "{id} and its live version together are larger than a record may be: make it smaller, or split it into several"
    ),
    "Unreadable": (
        "what is stored under {key} cannot be read: {reason}. Restore the earlier record, or write one without a value"
        " to forget it; then repeat the command"
    ),
    # Qualification models: the shadow, the feature switch, scoring models
    "ShadowOn": (
        "{id}: the draft runs in the shadow of version {version}; workers count what it would do differently"
        " (lead_qualifier_shadow_total in their /metrics)"
    ),
    "ShadowOff": "{id}: the draft no longer runs in shadow",
    "ShadowOnAlready": "{id}: the draft already runs in shadow",
    "ShadowOffAlready": "{id}: the draft does not run in shadow",
    "NothingToCompare": (
        "{id} is not live, so there is nothing to compare its draft with"
        " (to publish it: lead-qualifier {kind} publish {id:quoted})"
    ),
    "FeatureOn": "{name} is on",
    "FeatureOff": ("{name} is off: nothing qualifies until it is on again; scores and lead changes are still recorded"),
    "FeatureOnAlready": "{name} is already on",
    "FeatureOffAlready": "{name} is already off",
    "UnknownFeature": "there is no feature {name}: the only one is {known}",
    "ScoringModelObserved": "scoring model {id} is {status}",
    "ScoringModelUnchanged": "scoring model {id} is already {status}",
    "ScoringModelStale": "scoring model {id}: ignored, because it is older than what is held",
    "LeadManagementOff": (
        "lead management is off: an administrator must turn it on (lead-qualifier feature enable {feature})"
    ),
    "ScoringModelUnknown": (
        "scoring model {id} is unknown: set it live first (lead-qualifier scoring-model set {id:quoted} --status live)"
    ),
    "ScoringModelNotLive": (
        "scoring model {id} is {status}, not live: set it live first"
        " (lead-qualifier scoring-model set {id:quoted} --status live)"
    ),
    "ThresholdAboveMaximum": (
        "{field}.threshold: {threshold} is above {maximum}, the maximum of scoring model {scoring_model},"
        " so no score can meet it: lower it to {maximum} or less, or correct the maximum"
        " (lead-qualifier scoring-model set {scoring_model:quoted} --status {status} --maximum N)"
    ),
}
