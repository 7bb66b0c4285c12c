"""Why the answers are what they are: what priors and data contributed, and what each rests on.

Numbers come from results by the law of total probability: leaving an explanation out means
setting its prior weight to zero, which scales the posterior weights of the others.
"""

from typing import Final

from lymphocast.forecast.outcome_results import Unasked
from lymphocast.forecast.results import PriorLine, Results
from lymphocast.forecast.sensitivity import FALL_LIMIT, FALL_YEARS
from lymphocast.report.claims import INFECTION
from lymphocast.report.marginals import bayes_factor, is_asked, mean_over, prior_and_weight
from lymphocast.report.wording import (
    COURSE_WORDS,
    SCENARIO_WORDS,
    counted,
    listed,
    number,
    probability,
    unit,
    words,
)

Answers = dict[str, float | None]
CAUSE, FALL, CLEARANCE = "b", "c", "d"
BARE_MENTION: Final = 3.0
"""Bayes factors below this are not worth more than a bare mention (Kass and Raftery 1995)."""
_GENERAL: Final = {
    "stable": "Under it the whole rise has to come from IL-2, or from chance.",
    "recovery": "Under it the rise begins on an unknown day, whatever was given.",
}


def course_sentence(results: Results, lift: str) -> str:
    """Return why the natural course with the greatest posterior weight has it.

    ``lift`` says in words when the effect of an infection begins to lift.
    """
    courses = dict.fromkeys(row.course for row in results.hypotheses)
    shares = {course: weight_of(results, course) for course in courses}
    top = max(shares, key=lambda course: shares[course][1])
    prior, posterior = shares[top]
    opening = (
        f"Of the natural courses, “{listed(COURSE_WORDS, top)}” has the greatest weight, "
        f"{probability(posterior)} ({_multiplied(prior, posterior)})."
    )
    reason = _infection(results, lift) if top == INFECTION else _GENERAL.get(top, "")
    return " ".join(part for part in (opening, reason, _consequence(results, top)) if part)


def weight_of(results: Results, course: str) -> tuple[float, float]:
    """Return the prior and posterior weight of one natural course."""
    return prior_and_weight(results, lambda row: row.course == course)


def _infection(results: Results, lift: str) -> str:
    later = words(tuple(counted(o.value, below=o.below) for o in results.observed[1:]))
    return (
        "Two assumptions give it this weight. The count to which it lifts has a prior of its own"
        f"{_prior(results, 'normal_count')} that covers the later counts ({later}), so it "
        "predicts them sharply without any help from IL-2, whereas a stable count needs IL-2 to "
        f"add the whole rise{_prior(results, 'gain')}. And it is told when to begin ({lift}), "
        "whereas recovery by itself must begin in time by chance"
        f"{_prior(results, 'recovery_delay')}. Both are properties of the priors rather than "
        "findings about the patient."
    )


def _prior(results: Results, parameter: str) -> str:
    found: PriorLine | None = next((p for p in results.priors if p.parameter == parameter), None)
    return f" (prior: {found.distribution}, in {unit(found.unit)})" if found else ""


def _consequence(results: Results, course: str) -> str:
    base, without = answers(results), answers(results, course)
    changed = [
        f"({letter}) {probability(then)} instead of {probability(now)}"
        for letter in (CAUSE, FALL)
        if (then := without[letter]) is not None and (now := base[letter]) is not None
    ]
    return f"Leave it out, and the answers become {words(tuple(changed))}." if changed else ""


def answers(results: Results, left_out: str = "") -> Answers:
    """Return the probabilities of questions b, c and d without one natural course.

    (d) is left out where it cannot be asked.
    """
    rows = [row for row in results.hypotheses if row.course != left_out]
    half = {n: a.p_il2_more_than_half for n, a in results.attribution.by_hypothesis.items()}
    below = {
        name: point.p_below_by_then[int(FALL_LIMIT)]
        for name, points in results.forecast.by_hypothesis.items()
        for point in points
        if (point.origin, point.years) == ("last-count", FALL_YEARS)
        and FALL_LIMIT in point.p_below_by_then
    }
    found = {CAUSE: mean_over(rows, half), FALL: mean_over(rows, below)}
    if is_asked(results, CLEARANCE):
        both = {row.name: float(row.il2 and row.clearance) for row in rows}
        found[CLEARANCE] = mean_over(rows, both)
    return found


def clearance_sentences(results: Results) -> tuple[str, ...]:
    """Return what the data added to the prior of the question on clearance, or why they do not."""
    if is_asked(results, CLEARANCE):
        return (clearance_sentence(results),)
    return tuple(not_asked_sentence(u) for u in results.unasked)


def not_asked_sentence(question: Unasked) -> str:
    """Return that a question cannot be asked of the record, and why."""
    return f"({question.id}) {question.question} This cannot be asked. {question.why}"


def clearance_sentence(results: Results) -> str:
    """Return what the data added to the prior of the question on clearance, part by part."""
    joint = prior_and_weight(results, lambda row: row.il2 and row.clearance)
    first = prior_and_weight(results, lambda row: row.il2)
    second = (joint[0] / first[0], joint[1] / first[1]) if min(first) > 0.0 else (0.0, 0.0)
    return (
        f"({CLEARANCE}) joins two statements: IL-2 adds cells, and a higher count hastens "
        f"clearance. Together they have probability {probability(joint[1])} "
        f"({_multiplied(*joint)}). The first has {probability(first[1])} ({_multiplied(*first)}); "
        f"given the first, the second has {probability(second[1])} ({_multiplied(*second)})."
        f"{_weak(*second)}{_needed(results)}"
    )


def _weak(prior: float, posterior: float) -> str:
    factor = bayes_factor(prior, posterior)
    if factor is None or not 1.0 / BARE_MENTION < factor < BARE_MENTION:
        return ""
    return " A factor this near to 1 says that cultures and symptoms hardly speak to it."


def _needed(results: Results) -> str:
    by_name = {s.scenario: s for s in results.attribution.averaged.scenarios}
    if not {"factual", "without-il2"} <= by_name.keys():
        return ""
    treated, without = by_name["factual"], by_name["without-il2"]
    if treated.p_culture_negative is None or without.p_culture_negative is None:
        return ""
    return (
        " To hasten conversion is not to be needed for it: averaged over the hypotheses, the "
        "probability of a negative culture on the recorded day is "
        f"{probability(without.p_culture_negative)} {listed(SCENARIO_WORDS, without.scenario)}, "
        f"{probability(treated.p_culture_negative)} as treated."
    )


def _multiplied(prior: float, posterior: float) -> str:
    factor = bayes_factor(prior, posterior)
    odds = "" if factor is None else f"; the data multiplied its odds by {number(factor, 2)}"
    return f"prior {probability(prior)}{odds}"


def prior_of_verdict(results: Results, letter: str) -> str:
    """Return the probability of a question before the data, where the weights alone give it."""
    if letter == CLEARANCE:
        return f"{prior_and_weight(results, lambda row: row.il2 and row.clearance)[0]:.2f}"
    if letter == CAUSE:
        return f"at most {prior_and_weight(results, lambda row: row.il2)[0]:.2f}"
    return "–"
