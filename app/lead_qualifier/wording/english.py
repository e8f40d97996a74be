"""The English sentences, by the code of a finding or report, or by the class of an error.

`{id:quoted}` is the argument as one of a shell.
"""

_REPAIR = (
    "Stop all workers, then run `lead-qualifier topics repair` to set the positions to what is there "
    "(--downstream includes the downstream services)"
)
_ADD_ACL = "have the ACL added (`lead-qualifier acls print` lists what each service needs), or use other credentials"
_CREATE_TOPICS = "create the topics first (lead-qualifier topics create, with --downstream those of the services)"
_CHECK_BROKER = (
    "check that it runs and that KAFKA_BOOTSTRAP_SERVERS (host:port) and KAFKA_SECURITY_PROTOCOL are right, or unset"
    " KAFKA_BOOTSTRAP_SERVERS to have `lead-qualifier demo` start one"
)

ENGLISH: dict[str, str] = {
    "fault": "{field:prefix}{message}",
    "worded": "{text}",
    # What is wrong in the definition of a qualification model
    "empty": "must not be empty",
    "no_criteria": "name at least one scoring model with its threshold",
    "repeated_scoring_model": (
        "{scoring_model} is named by criterion {criterion} already: keep one threshold per scoring model"
    ),
    "not_finite": "must be a finite number",
    "drop_above_threshold": "must not be above the threshold, {threshold}: below it a score counts as fallen",
    "drop_without_recross": "has no effect: leave it out, or choose requalification: {{policy: on_recross}}",
    "nested_too_deep": "groups may be nested {most} deep: put this one into a model of its own",
    "empty_group": "name at least one criterion of the group",
    "criteria_out_of_order": "must name each criterion once, in order",
    "at_least_out_of_range": "must be between 1 and the number of criteria, {criteria}",
    "unknown_match": "must be all, any or {{at_least: k}}",
    "no_action": "name at least one: {actions:or}",
    "not_one_of": "must be one of {known:listed}",
    "negative": "must not be negative",
    "hold_out_of_range": "must be longer than nothing and at most {days}d",
    "cool_down_without_requalify": "has no effect: leave it out, or choose requalify: true",
    "cool_down_without_requalification": (
        "has no effect: leave it out, or choose another requalification policy than never"
    ),
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
    "scoring_model_stale": "scoring model {id}: ignored, because it is older than what is held",
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
    # What the engine reports to operators
    "topic_missing": (
        "topic {topic} does not exist, or is not visible to this login: create it with "
        "`lead-qualifier topics create`, or have the ACL added (`lead-qualifier acls print`)"
    ),
    "partition_count": (
        "topic {topic} has {found} partitions, expected {expected}: {topics} must all have the same number, "
        "otherwise keys would move between partitions (set LEAD_QUALIFIER_PARTITIONS to what they have; "
        "`lead-qualifier repartition` changes all of them and keeps the state)"
    ),
    "other_application": (
        "the state in {changelog}-{partition} belongs to application {owner!r}, not {group!r}: "
        "set LEAD_QUALIFIER_APPLICATION_ID={owner}, or another LEAD_QUALIFIER_TOPIC_PREFIX"
    ),
    "input_recreated": (
        "{topic} was deleted and created again (its id was {known_id}, now it is {found_id}): "
        "the state in {changelog}-{partition} stands at offset {offset} of the former one. " + _REPAIR
    ),
    "state_recreated": (
        "{topic} was deleted and created again (its id was {known_id}, now it is {found_id}): "
        "the state that it held is gone. " + _REPAIR
    ),
    "input_truncated": (
        "{topic}-{partition} holds offsets {first} to {end}, but the state stands at {offset}: "
        "the topic was truncated, or deleted and created again. " + _REPAIR
    ),
    "records_expired": (
        "{topic}-{partition} holds offsets {first} to {end}, but the state stands at {offset}: "
        "the topic has dropped records that were not read yet (retention). " + _REPAIR
    ),
    "consumer_set_back": (
        "{topic}-{partition} was truncated, or deleted and created again, while it was read: the state in "
        "{changelog}-{partition} stands at offset {offset}, which the topic no longer had, and the consumer was set "
        "back to {set_back_to}. " + _REPAIR
    ),
    "state_lost": (
        "{changelog}-{partition} holds no state, but group {group} has read {read}: the state is gone. "
        "Restore the topic, or stop all workers and let `lead-qualifier topics repair` "
        "start from what the input topics still hold"
    ),
    "checkpoint_unreadable": "the position at {changelog}-{partition} offset {offset} is unreadable: {reason}",
    "checkpoint_clock_ahead": (
        "the clock of {partition} is {seconds} s ahead: this machine's clock is behind, or the last worker's was "
        "ahead. No timer fires until then. To correct it, stop all workers and run `lead-qualifier topics repair`"
    ),
    "thread_died": "thread {thread} has died",
    "thread_failed": "{thread} failed: {error}",
    "stalled": "no progress for {seconds} s although there is work to do",
    "no_commit": (
        "no transaction was committed for {seconds} s, after one was aborted or had an unknown outcome ({reason})"
    ),
    "group_unsettled": "the consumer group has not settled for {seconds} s",
    "consumer_failed": "the consumer cannot continue: {error}",
    "fetch_task_ended": "the consumer's {task} has ended",
    "fetch_silent": "nothing was fetched for {seconds} s",
    "fetch_stuck": (
        "{topic}-{partition} has stood at offset {offset} for {seconds} s although there is more: earlier "
        "warnings say why. If no consumer can read that offset, delete the records up to it (kafka-delete-records) and "
        "have `lead-qualifier topics repair` set the position"
    ),
    # Why Kafka cannot be used
    "UnusableFile": "KAFKA_{field:upper}: {path} {problem}",
    "UnusableConnection": (
        "no client can be made of this connection ({reason}); check the settings that begin with KAFKA_SSL_ and"
        " KAFKA_SASL_"
    ),
    "LoginRefused": (
        "the broker at {bootstrap_servers} refused the login ({reason}); check KAFKA_SASL_MECHANISM,"
        " KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD"
    ),
    "BrokerNotReady": "waited {seconds:g} s: {reason}; " + _CHECK_BROKER,
    "BrokerUnreachable": (
        "no Kafka broker answered at {bootstrap_servers} within {seconds:g} s ({reason}); " + _CHECK_BROKER
    ),
    "NotAllowed": "the broker does not allow this login: {rights:listed}; " + _ADD_ACL,
    "TopicMissing": (
        "the topic {topic} does not exist: "
        + _CREATE_TOPICS
        + ", or set LEAD_QUALIFIER_TOPIC_PREFIX to what the workers use"
    ),
    # What the broker answered to a command
    "no_answer": (
        "the broker did not answer ({reason}): check that it is running and that KAFKA_BOOTSTRAP_SERVERS is right"
    ),
    "forbidden": "the broker does not allow this ({reason}): " + _ADD_ACL,
    "topic_unknown": "a topic does not exist ({reason}): " + _CREATE_TOPICS,
    "refused": "the broker refused ({reason})",
    # What is wrong in the definition of an assignment
    "taken_already": "{value} is already the {field} of {by}: give {id} another one",
    "not_one_target": "must assign to exactly one of sellers, team and queue",
    "not_one_way_to_say_who": "must say who, by exactly one of when and {exact}",
    "unknown_team_or_queue": "{target}s has no {target} {id}: {advice}",
    "only_for_sellers": "is for rules that assign to sellers only: remove it",
    "impossible_in_segment": "can never be met in segment {segment}: {reason}; change one of them",
    "segment_never_matches": (
        "can never match: segment {before} before it takes all its leads; change the order or a condition"
    ),
    "rule_never_matches": (
        "can never match: rule {before} before it takes all its leads; change the order or a condition"
    ),
    "models_taken_already": "{by} is live and takes leads of {models:listed} too: stop it, or name other models",
    "unknown_seller": "there is no seller {id}: {advice}",
    "seller_inactive": "seller {id} is inactive and gets no leads: remove the id, unless they will be back",
    "seller_left": "seller {id} has left and gets no leads: remove the id, unless they will be back",
    # What is wrong in the definition of a sequence
    "repeated_step_id": "is {id}, like another step's: give each step its own id",
    "models_of_an_assignment": "is only for on: lead-qualified; an assignment names no qualification model",
    "nobody_connected": "is met by every lead that connect lets in, so nobody would ever be connected",
    "branches_too_deep": "is a branch more than {most} deep: advance to another sequence instead",
    "branch_without_steps": "leads nowhere: give it steps under yes, no or both",
    "not_one_test": "must have exactly one test: when, replied, or result_of with equals",
    "result_of_without_equals": "needs result_of (an earlier step) and equals (the result) together",
    "reply_ends_sequence": "never applies, because a reply ends the sequence: set exit: {{on_reply: false}}",
    "not_one_value_to_set": "must name what it sets, by either field or attribute",
    "unknown_field_to_set": "is unknown: fields are {known:listed}; name attributes with attribute",
    "advance_to_itself": "is this sequence itself, so leads would loop forever: name another",
    "unknown_sequence": "names {id}, which is not a sequence: {advice}",
    "advances_in_a_circle": "leads back here ({way}): leads would loop forever",
    "step_never_reached": "is never reached: every path before it advances to another sequence; remove it",
    "advance_first": "must not be the first step: connect leads to that sequence instead",
    "wait_last": "must not be the last step: nothing follows the wait",
    "no_earlier_result": "names {id}, which is not an earlier step with a result: {advice}",
    "wait_too_long": "must be {most}d at most",
    "wait_of_zero": "must be longer than zero: remove it or say how long",
}
