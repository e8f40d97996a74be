"""How a lead stands on the audience and the criteria of a model: met or not, fallen or not, and the evidence."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from lead_qualifier.qualification.conditions import holds, values_of
from lead_qualifier.qualification.criteria import Criterion, CriterionEvidence, Group, Match, Member, required
from lead_qualifier.qualification.leads import AudienceView, EligibilityScore, EligibilityView, Lead, Score
from lead_qualifier.qualification.rules import RuledModel, Rules


def in_audience(model: RuledModel, lead: Lead | EligibilityView[Score] | EligibilityView[EligibilityScore]) -> bool:
    """Is the model about this lead?"""
    if model.audience is None:
        return True
    assert isinstance(lead, Lead | AudienceView)  # else the fields that conditions look at were not read
    return holds(model.audience, values_of(lead))


def means(model: RuledModel, lead: Lead, rules: Rules, as_of: datetime) -> bool:
    """Is the lead in the model's audience, and are the criteria met?

    `as_of`: up to when the age of a score is counted.
    """
    return in_audience(model, lead) and criteria_met(model, lead.scores, rules, as_of)


def criteria_met(
    model: RuledModel, scores: Mapping[str, Score] | Mapping[str, EligibilityScore], rules: Rules, as_of: datetime
) -> bool:
    """Do these scores meet the model's criteria, where only those on live scoring models count?

    `as_of`: up to when the age of a score is counted. Whole scores are needed where `model.asks_more`.
    """
    live = rules.live_scoring_models
    if model.definition.members:
        stands = [
            (score := scores.get(name)) is not None
            and score.value >= least
            and name in live
            and (more is None or _meets_more(more, score, as_of))
            for name, least, more in model.checks
        ]
        return group_met(model.definition.match, model.definition.members, stands)
    may_miss = model.may_miss
    for name, least, more in model.checks:
        score = scores.get(name)
        if (
            score is None
            or score.value < least
            or name not in live
            or (more is not None and not _meets_more(more, score, as_of))
        ):
            if not may_miss:
                return False
            may_miss -= 1
    return True


def fallen(model: RuledModel, scores: Mapping[str, Score]) -> bool:
    """Have these scores fallen so far that rising to the thresholds would be a new qualification?

    A grade that is not one of those asked for has fallen. Neither the status of scoring models nor age matters: a score
    does not fall because its engine is stopped, or because time passes.
    """
    stands = [
        (score := scores.get(name)) is not None and score.value >= floor and (more is None or _has_grade(more, score))
        for name, floor, more in model.floors
    ]
    return not group_met(model.definition.match, model.definition.branches, stands)


def evidence(lead: Lead, model: RuledModel, rules: Rules, as_of: datetime) -> tuple[CriterionEvidence, ...]:
    """How each of the model's criteria stands for this lead, in the order of the definition.

    `as_of`: up to when the age of a score is counted.
    """
    stood = []
    for one in model.definition.criteria:
        name, threshold, grades = one.scoring_model, one.threshold, one.grades
        score = lead.scores.get(name)
        if score is None:
            stood.append(CriterionEvidence(name, threshold, False, grades=grades))
            continue
        expired = is_expired(one, score, as_of)
        met = not expired and is_reached(one, score) and name in rules.live_scoring_models
        grade = score.grade if grades else None
        stood.append(CriterionEvidence(name, threshold, met, score.value, score.at, grade, grades, expired))
    return tuple(stood)


def is_reached(criterion: Criterion, score: Score) -> bool:
    """Is this a score that the criterion asks for, however old it is?"""
    return _has_grade(criterion, score) if criterion.threshold is None else score.value >= criterion.threshold


def is_expired(criterion: Criterion, score: Score, as_of: datetime) -> bool:
    """Is the score older than the criterion allows?"""
    return criterion.max_age is not None and as_of - score.at > criterion.max_age


def group_met(match: Match, members: Sequence[Member], stands: Sequence[bool]) -> bool:
    """Is a group of these members met, where `stands` says of each criterion of the model whether it is?"""
    missing = len(members) - required(match, len(members))
    for member in members:
        if not (group_met(member.match, member.members, stands) if isinstance(member, Group) else stands[member]):
            if not missing:
                return False
            missing -= 1
    return True


def _meets_more(criterion: Criterion, score: Score | EligibilityScore, as_of: datetime) -> bool:
    """Does a score that is high enough meet what else the criterion asks for?"""
    assert isinstance(score, Score)  # else its age and grade were not read
    return _has_grade(criterion, score) and not is_expired(criterion, score, as_of)


def _has_grade(criterion: Criterion, score: Score) -> bool:
    return not criterion.grades or score.grade in criterion.grades
