"""What pages call the words of the contract: fields, their values, outcomes and results."""

from __future__ import annotations


def marked(text: str) -> str:
    """Mark a text for translation. Import it as `_`, by which texts are found."""
    return text


_ = marked


TERMS: dict[str, str] = {
    # Status
    "open": _("Open"),
    "qualified": _("Qualified"),
    "disqualified": _("Disqualified"),
    # Status reason
    "new": _("New"),
    "contacted": _("Contacted"),
    "marketing_qualified": _("Marketing qualified"),
    "lost": _("Lost"),
    "cannot_contact": _("Cannot contact"),
    "no_longer_interested": _("No longer interested"),
    "canceled": _("Canceled"),
    # Outcomes
    "outcome qualified": _("Qualifies with its next score"),
    "lead_management_off": _("Lead management is off"),
    "model_not_live": _("Model is not live"),
    "unknown_lead_ineligible": _("Not yet reported by the CRM"),
    "lead_not_open": _("Lead is not open"),
    "not_in_audience": _("Not in the audience"),
    "criteria_not_met": _("Criteria not met"),
    "already_qualified": _("Already qualified"),
    "cooling_down": _("Cooling down"),
    "holding": _("Holding"),
    # What a qualification goes back to
    "sweep": _("the publication of the model"),
    "fast_track": _("the fast track"),
    # Who owns a lead
    "seller": _("seller"),
    "team": _("team"),
    "queue": _("queue"),
    # Status of what people define, and what became of a command
    "draft": _("Draft"),
    "live": _("Live"),
    "stopped": _("Stopped"),
    "done valid": _("The definition is valid."),
    "done applied": _("The draft is saved."),
    "done published": _("Published: it runs."),
    "done stopped": _("Stopped: it no longer runs."),
    "done deleted": _("Deleted."),
    "done unchanged": _("Nothing has changed."),
    "ended replaced": _("replaced"),
    "ended stopped": _("stopped"),
    # Days, and why a seller is considered
    "day mon": _("Mon"),
    "day tue": _("Tue"),
    "day wed": _("Wed"),
    "day thu": _("Thu"),
    "day fri": _("Fri"),
    "day sat": _("Sat"),
    "day sun": _("Sun"),
    "considered chosen": _("chosen"),
    "considered not_next": _("another was chosen"),
    "considered conditions": _("does not meet the conditions"),
    "considered inactive": _("inactive"),
    "considered unavailable": _("not at work"),
    "considered no_capacity": _("no capacity left"),
    "done enabled": _("Lead management is on."),
    "done disabled": _("Lead management is off."),
    "done shadow_on": _("The draft runs in shadow."),
    "done shadow_off": _("The draft no longer runs in shadow."),
    "done announced": _("The scoring model is announced."),
    # What a qualification model says
    "existing evaluate": _("evaluated when it is published"),
    "existing ignore": _("wait for their next event"),
    "requalification never": _("never"),
    "requalification when_reset": _("when the CRM resets a flag or reopens the lead"),
    "requalification on_recross": _("also when its scores fall and rise again"),
    # The audit trails
    "accepted": _("Accepted"),
    "refused": _("Refused"),
    "kind model": _("Qualification model"),
    "kind scoring-model": _("Scoring model"),
    "kind feature": _("Feature switch"),
    "kind journey": _("Journey"),
    "kind assignment": _("Assignment"),
    "kind sequence": _("Sequence"),
    "kind follow-up": _("Follow-up"),
    "command apply": _("Write"),
    "command publish": _("Publish"),
    "command shadow": _("Shadow"),
    "command stop": _("Stop"),
    "command delete": _("Delete"),
    "command enable": _("Turn on"),
    "command disable": _("Turn off"),
    "command announce": _("Announcement"),
    "code applied": _("Draft saved"),
    "code published": _("Live"),
    "code stopped": _("Stopped"),
    "code shadow_on": _("In shadow"),
    "code shadow_off": _("Not in shadow"),
    "code deleted": _("Deleted"),
    "code enabled": _("On"),
    "code disabled": _("Off"),
    "code observed": _("Taken"),
    "code unchanged": _("Nothing to change"),
    "code invalid_model": _("The definition is not valid"),
    "code invalid_definition": _("The definition is not valid"),
    "code unknown_model": _("There is none with this id"),
    "code unknown_definition": _("There is none with this id"),
    "code unknown_feature": _("There is none with this name"),
    "code stale_revision": _("Somebody else had changed it meanwhile"),
    "code model_live": _("It is live"),
    "code definition_live": _("It is live"),
    "code model_not_live": _("It is not live"),
    "code definition_not_live": _("It is not live"),
    "code no_draft": _("It has no draft"),
    "code lead_management_off": _("Lead management is off"),
    "code scoring_model_not_live": _("A scoring model is not live"),
    "code threshold_above_maximum": _("No score can meet a threshold"),
    "code too_large": _("It is too large"),
    "code stale": _("Older than what is known"),
    "code unreadable_state": _("What is stored cannot be read"),
    # How a seller departed
    "departed inactive": _("inactive"),
    "departed left": _("has left"),
    # Sequences: states, why one ended, and what a step asks for
    "sequence connecting": _("Connecting"),
    "sequence connected": _("Connected"),
    "sequence completed": _("Completed"),
    "sequence error": _("Error"),
    "sequence disconnected": _("Disconnected"),
    "sequence user": _("by a person"),
    "sequence parent_deactivated": _("the sequence was stopped"),
    "sequence lead_deactivated": _("the lead was closed or merged"),
    "sequence exit_criterion_met": _("its exit criterion was met"),
    "sequence advanced": _("moved to another sequence"),
    "sequence advance_target_not_live": _("the next sequence is not live"),
    "step email": _("Email"),
    "step automated_email": _("Automated email"),
    "step phone_call": _("Phone call"),
    "step task": _("Task"),
    "step update_field": _("Update a field"),
    # What a follow-up watches
    "stage lead-qualified": _("qualification"),
    "stage lead-assigned": _("assignment"),
    # Results of assignment
    "in_progress": _("In progress"),
    "assigned": _("Assigned"),
    "server_issue": _("Server issue"),
    "meets_no_segment": _("Meets no segment"),
    "no_seller_meets_conditions": _("No seller meets the conditions"),
    "no_availability": _("No seller is available"),
    "no_capacity": _("No seller has capacity"),
    "no_rule_for_segment": _("No rule for the segment"),
    "assigned_manually": _("Assigned manually"),
    "lacks_privileges": _("Lacks privileges"),
    "older_than_timeframe": _("Older than the time frame"),
    "multiple_eligible_teams": _("Several eligible teams"),
    "no_eligible_team": _("No eligible team"),
    "multiple_eligible_queues": _("Several eligible queues"),
    "no_eligible_queue": _("No eligible queue"),
}
"""By the word on the wire; `outcome` before it where it means another thing there. Words that are not listed, such as
other values of a CRM, are shown as they come.
"""

PROBLEMS: dict[str, tuple[str, str]] = {
    "lead_not_found": (
        _("No such lead"),
        _("No lead with this id is held: it was never seen, or it was erased."),
    ),
    "dead_letter_not_found": (
        _("No such dead letter"),
        _("No dead letter with this id is held: it has expired, or its lead was erased."),
    ),
    "not_signed_in": (
        _("Not signed in"),
        _("Open the link that the console printed when it started. It works once; restart the console for a new one."),
    ),
    "not_signed_in by_provider": (
        _("Not signed in"),
        _("Your session has ended, and nothing was sent. Sign in in a new tab, then go back here and send it again."),
    ),
    "no_role": (
        _("No role"),
        _("You are known to the identity provider, but have no role here: ask the person who assigns the roles."),
    ),
    "sign_in_failed": (
        _("Signing in failed"),
        _("It took too long, it was begun in another tab or browser, or the identity provider refused it."),
    ),
    "provider_unavailable": (
        _("Identity provider unavailable"),
        _("The identity provider does not answer as it should: try again in a moment."),
    ),
    "too_many_attempts": (
        _("Too many attempts"),
        _("There were too many attempts to sign in: wait a minute, and try again."),
    ),
    "foreign_host": (
        _("Unknown address"),
        _("The console answers only to the names 127.0.0.1 and localhost: open the link that it printed."),
    ),
    "foreign_host by_provider": (
        _("Unknown address"),
        _("The console does not answer to this name: open the address that you were given for it."),
    ),
    "not_allowed": (
        _("Not allowed"),
        _("None of your roles allows this: ask the person who assigns the roles of the console."),
    ),
    "needs_second_person": (
        _("Somebody else has to publish it"),
        _("The last editor of a definition cannot publish it: ask somebody else to look at it and publish it."),
    ),
    "wrong_csrf_token": (
        _("Not sent"),
        _("The page was from another session: go back, reload it, and send it again."),
    ),
    "foreign_origin": (
        _("Not sent"),
        _("A page of another site sent this: the console takes changes from its own pages only."),
    ),
    "form_too_large": (_("Too large"), _("What was sent is larger than the console reads.")),
    "invalid_parameter": (
        _("Invalid address"),
        _("Part of the address is missing or not valid: begin again at the link below."),
    ),
    "invalid_parameter /model/preview": (
        _("No preview chosen"),
        _("A preview begins on the page of a qualification model or in its editor: choose a model."),
    ),
    "invalid_parameter /model/diff": (
        _("No versions chosen"),
        _("Versions are compared on the page of their qualification model: choose a model."),
    ),
    "unknown_model": (
        _("No such model"),
        _("There is no qualification model with this id: it was never written, or it is deleted."),
    ),
    "no_such_version": (
        _("No such version"),
        _("The model has no such version or draft, or the audit trail does not hold its definition."),
    ),
    "unknown_scoring_model": (
        _("No such scoring model"),
        _("No scoring model with this id has been announced."),
    ),
    "stale_revision": (
        _("Changed meanwhile"),
        _("Somebody else has changed it since you opened the page. Look at what has changed, and decide again."),
    ),
    "announced_later": (
        _("Not announced"),
        _("It was announced for a time later than now: have the clock of its engine corrected, or wait until then."),
    ),
    "too_large": (_("Too large"), _("It is larger than a record may be: make it smaller, or split it.")),
    "not_found": (_("No such page"), _("There is no page at this address.")),
    "lead_unreadable": (
        _("Lead unreadable"),
        _(
            "What is stored about this lead cannot be read: its events become dead letters. Once the CRM erases the "
            "lead, they can be sent back."
        ),
    ),
    "unknown_definition": (_("No such definition"), _("There is no definition with this id: it may be deleted.")),
    "invalid_definition": (
        _("Not saved"),
        _("The definition is not valid. Correct what is listed, and save it again; nothing was sent."),
    ),
    "invalid_model": (
        _("Not saved"),
        _("The definition is not valid. Correct what is listed, and save it again; nothing was sent."),
    ),
    "threshold_above_maximum": (
        _("Not saved"),
        _("No score can meet a threshold. Correct what is listed, and save it again."),
    ),
    "broker_unavailable": (
        _("Kafka unavailable"),
        _("The Kafka broker does not answer, and nothing was sent: try again in a moment."),
    ),
    "broker_refused": (
        _("Not allowed by Kafka"),
        _("The Kafka broker does not allow the console to do this: its login lacks a right."),
    ),
    "no_service": (
        _("No service"),
        _("The service that carries this out has never run here: start it first."),
    ),
    "topic_missing": (
        _("No service"),
        _("The service that carries this out has never run here: start it first."),
    ),
    "no_answer": (
        _("No answer"),
        _("The command was sent, and no service has answered yet. It is carried out once one runs."),
    ),
    "preview_not_found": (
        _("No such preview"),
        _("Previews are kept for an hour, for the person who started them: begin another one in the editor."),
    ),
    "database_unavailable": (
        _("Database unavailable"),
        _("The console's database does not answer: try again in a moment."),
    ),
}
"""Title and text of a problem, by its code."""

NOT_DONE = _("Not done")
"""Title of a refusal that says itself why."""

OTHER_PROBLEM = (_("Something went wrong"), _("Try again; the console's log says more."))
