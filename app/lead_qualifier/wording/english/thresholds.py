"""What sales' answers say about the thresholds of a model."""

SENTENCES: dict[str, str] = {
    "too_few_answers": (
        "too few answers to tell whether the thresholds are right: sales has answered {answered:,}, {needed} are needed"
    ),
    "too_few_answers_to_compare": (
        "{scoring_model}: too few answers to compare lower with higher scores; each side needs {needed}"
    ),
    "no_clear_difference": (
        "{scoring_model}: acceptance does not clearly rise with the score, so a higher threshold would give sales "
        "fewer leads rather than better ones"
    ),
    "accepted_less_below": (
        "{scoring_model}: sales accepted {below_percent}% below {score} ({below_accepted:,} of {below_answered:,}) and "
        "{percent}% from {score} on ({accepted:,} of {answered:,}); a threshold of {score} would have kept out "
        "{qualified:,} of these qualifications"
    ),
}
