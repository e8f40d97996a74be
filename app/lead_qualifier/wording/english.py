"""The English sentences, by the code of a finding or report, or by the class of an error.

`{id:quoted}` is the argument as one of a shell.
"""

from lead_qualifier.wording.english_conditions import CONDITIONS

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
    "no_action": "name at least one: {actions:joined by, or }",
    "not_one_of": "must be one of {known:listed}",
    "negative": "must not be negative",
    "hold_out_of_range": "must be longer than zero and at most {days}d",
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
    "not_one_way_to_say_who": "must say who, with either when or {exact}",
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
    "due_within_such_as": "4h; without it the step is due immediately",
    "wait_too_long": "must be {most}d at most",
    "wait_of_zero": "must be longer than zero: remove it or say how long",
    # What is wrong in the form of a definition
    "missing": "is missing",
    "missing_field": "is missing: add it",
    "missing_as_in": "is missing: add it, as in {example}",
    "unknown": "is unknown: {advice}",
    "unknown_field": "is unknown: check its spelling and its place",
    "fields_here": "the fields here are {fields:listed}",
    "does_not_belong_here": "does not belong here: {place}",
    "belongs_to_criterion": (
        "it belongs to a criterion, as in {{scoring_model: engagement, threshold: 70, drop_below: 60}}"
    ),
    "belongs_to_model": "it belongs to the model, next to criteria",
    "belongs_to_cool_downs": "it belongs to requalification or on_rejection",
    "belongs_to_on_rejection": "it belongs to on_rejection",
    "belong_to_on_rejection": "they belong to on_rejection",
    "belongs_to_requalification": "it belongs to requalification",
    "groups_belong_to_criteria": "groups belong among the criteria, as in criteria: [{{any: [...]}}]",
    "put_in_quotes": "{problem}: put it in quotes",
    "write_without_quotes": "{problem}: write it without quotes",
    "must_be_text": "must be text, found {found}",
    "must_be_number": "must be a number, found {found}",
    "must_be_finite": "must be a finite number (an IEEE double), found {found}",
    "must_be_whole": "must be a whole number, found {found}",
    "must_be_boolean": "must be true or false, found {found}",
    "must_be_object": "must be a JSON object, found {found}",
    "must_be_list": "must be a list, found {found}",
    "must_be_mapping": "must be a mapping, such as {{field: value}}, found {found}",
    "must_be_model": "must be a model with the fields id, name, match, criteria, actions, found {found}",
    "must_be_criteria": "must be a list of criteria, found {found}",
    "must_be_match": "must be all, any or {{at_least: 2}} (a whole number from 1), found {found}",
    "must_be_duration": "must be a number with one of the units s, m, h, d, w, as in 30d, found {found}",
    "must_be_attribute_value": "must be text, a finite number, true, false or null, found {found}",
    "must_be_one_of": "must be one of {known}, found {found}",
    "must_be_at_least": "must be {least} or more",
    "must_be_at_most": "must be {most} or less",
    "must_be_more": "must be more than {than}",
    "must_be_time": "must be a time with time zone (RFC 3339), such as 2026-11-23T09:30:00Z, found {found}",
    "must_be_time_as_text": "must be a time with time zone as text, such as 2026-11-23T09:30:00Z, found {found}",
    "must_be_hours": ("must start and end at different times, and start before 24:00; a whole day is 00:00 to 24:00"),
    "must_be_day": "must be a date that exists, such as 2026-12-24",
    "must_be_of_form": "must be text of the form {form}",
    "not_of_form": "is not of the form {form}",
    "not_valid": "is not valid (found {found})",
    "unpaired_surrogate": "must be text that UTF-8 can encode, found an unpaired surrogate",
    "least_entry": "must have at least {count} entry",
    "least_entries": "must have at least {count} entries",
    "most_entry": "must have at most {count} entry",
    "most_entries": "must have at most {count} entries",
    "too_many_entries": "has too many entries: at most {most}",
    "no_criteria_in_group": "add at least one criterion to the group",
    "no_criteria_as_in": "name at least one scoring model with its threshold, as in {example}",
    # What was found instead
    "kind_null": "null",
    "kind_boolean": "a boolean",
    "kind_text": "text",
    "kind_empty_text": "empty text",
    "kind_another_text": "another text",
    "kind_nan": "NaN",
    "kind_infinite_number": "a number that is too large or infinite",
    "kind_number_too_large": "a number that is too large",
    "kind_number": "a number",
    "kind_fraction": "a number with a fraction",
    "kind_object": "an object",
    "kind_array": "an array",
    "kind_mapping": "a mapping",
    "kind_list": "a list",
    "kind_date_alone": "a date without time and time zone",
    "kind_number_as_text": "a number as text",
    "kind_time_without_zone": "a time without time zone (append Z or an offset such as +01:00)",
    "kind_leap_second": "a leap second, which is not supported (send second 59)",
    "kind_impossible_time": "a date, time or offset that does not exist or has another form",
    "kind_text_of_another_form": "text in another form",
    "kind_other": "a value of type {type}",
    # Forms of texts, after: of the form
    "form_of_duration": "30d, a whole number and one of the units s, m, h, d, w",
    "form_of_hours": "8h, from 1h to 120h",
    "form_of_time_of_day": "08:30, a time of day from 00:00 to 24:00",
    "form_of_date": "2026-12-24, a date",
    "form_of_number": "17, a whole number",
    "form_of_prefix": "acme., of letters, digits, dots, hyphens and underscores",
    "form_of_id": "crm-1, of 1 to 100 letters, digits, dots, hyphens and underscores",
    "form_of_variable": "CRM_SECRET, the name of an environment variable",
    "form_of_column": "new_score, a column's logical name: lowercase letters, digits and underscores",
    "form_of_schema": "that its schema requires",
    # What to write instead of an unknown name
    "did_you_mean": "did you mean {name}?",
    "none_known": "there are none yet",
    "known_are": "there are {names:listed}",
    "none_similar": "none of the {count:,} known names is similar",
    # Files of definitions
    "file_unreadable": "the file cannot be read: {reason}",
    "file_too_large": "is larger than {kib} KiB: a file contains one definition",
    "empty_file": "is empty: write a definition",
    "empty_model_file": "is empty: write a model with id, match, criteria and actions",
    "not_utf_8": "is not UTF-8: save the file as UTF-8",
    "not_yaml": "is not YAML: {reason}",
    "not_json": "is not JSON: {reason}",
    "too_many_digits": "contains a number with too many digits",
    "nested_too_deeply": "is nested too deeply",
    "endless_alias": "an alias refers to itself, so it has no end: write it out",
    "too_large_expanded": "is too large with its aliases (*name) expanded: a file contains one definition",
    "merge_key": "merge keys are not supported: write the fields out",
    "repeated_field": "appears twice, first on line {line}: keep one of them",
    "more_problems": "and {count:,} more problems: correct those above first",
    "at_least_more_problems": "and at least {count:,} more problems: correct those above first",
    "and_more": "and {count:,} more",
    # What several kinds of definition check
    "named_again": "names {name} again: remove it",
    "zero_duration": "must be more than zero, such as {such_as}",
    # Journeys and follow-ups
    "no_such_value": "must be {known:joined by or }: {field} has no other value",
    "after_without_policy": "after goes with policy: after only, as in {{policy: after, after: 7d}}",
    "reentry_after_such_as": "7d; to allow every entry, use policy: always",
    "repeated_payload": "has {count} values named {name}: give each its own name with as",
    "window_ends_early": "must be later than start",
    "window_has_passed": ("has passed, so nobody would ever enter: apply the journey with a later end, or without one"),
    "never_met_with_trigger": "can never be met together with trigger and contact: {reason}",
    "excludes_everybody": "excludes every lead that trigger, when and contact let in, so nobody would ever enter",
    "repeated_stage": "{on} already has a stage: keep one of them",
    **CONDITIONS,
}
