"""Sentences with numbers, made by stated rules from results and the check of the record.

Every number in a sentence comes from an argument. The rules that choose between wordings are the
constants below. Templates receive finished sentences.
"""

from collections.abc import Mapping
from typing import Final

from lymphocast.criteria.icl import IclAssessment
from lymphocast.forecast.checks import CONTRACTION_LIMIT
from lymphocast.forecast.controlled import FEWEST_DRAWS
from lymphocast.forecast.results import (
    Contraction,
    FitSummary,
    ForecastPoint,
    LeaveLastOut,
    ObservedCount,
    Results,
    ScenarioOutcome,
    SensitivityRow,
    Verdict,
)
from lymphocast.forecast.sensitivity import NO_BELOW, YES_ABOVE
from lymphocast.record.patient import Claim
from lymphocast.report.marginals import Explanation, explanations, is_asked, prior_and_weight
from lymphocast.report.verdicts import ends
from lymphocast.report.wording import (
    COUNT_UNIT,
    COURSE_WORDS,
    METHOD_WORDS,
    ORIGIN_WORDS,
    SCENARIO_WORDS,
    between,
    capital,
    count,
    count_sentence,
    counted,
    listed,
    log_value,
    number,
    numeral,
    probability,
    probability_range,
    short_probability,
    small,
    stated,
    unit,
    words,
    years,
)

SAME_LOG_SCORE: Final = 1.1
"""Log scores closer than this are called equal: a factor of 3 in predictive density, below which
evidence is not worth more than a bare mention (Kass and Raftery 1995)."""

UNEXPECTED: Final = 0.05
"""A left-out count with a smaller predictive tail than this is called unexpected."""

WORTH_NAMING: Final = 0.01
"""Hypotheses with less posterior weight than this are left out of ranges in sentences."""

INFECTION: Final = "infection"
"""Natural course under which an infection had lowered the count."""

CAUSE_VERDICT: Final = "b"
"""Identifier of the verdict on whether IL-2 made more than half of the rise."""

CLEARANCE_VERDICT: Final = "d"
"""Identifier of the verdict on whether IL-2 hastened culture conversion."""

UNTOUCHED: Final = "(as before the data, by construction: the record has no culture or symptom)"
"""What is said of the weight of H3 where no fact speaks to it."""

ICL_WORDS: Final = {
    "met": "met by this record",
    "not_met": "not met by this record",
    "not_established": "not established by this record",
}

DECISION_RULE: Final = (
    f"An answer is yes only if its probability stays above {YES_ABOVE} in every row of the "
    f"sensitivity table, and no only if it stays below {NO_BELOW}. Otherwise it is undecided: the "
    "record and the assumptions tried do not settle the question. Nothing is decided while a row "
    f"rests on fewer than {FEWEST_DRAWS:g} effective draws."
)
FEW_DRAWS: Final = (
    f"Only {{}} effective draws stand behind this, fewer than {FEWEST_DRAWS:g}: too few to be read."
)


def counts_sentence(observed: tuple[ObservedCount, ...]) -> str:
    """Return the recorded counts with the days on which they may have been taken."""
    each = tuple(f"{_counted(o)} ({between(o.earliest, o.latest)})" for o in observed)
    units = words(tuple(dict.fromkeys(unit(o.unit) for o in observed)))
    heading = capital(small(len(observed), "CD4 count"))
    verb = "is" if len(observed) == 1 else "are"
    return f"{heading} {verb} recorded, in {units}: {words(each)}."


def predictive_sentence(observed: tuple[ObservedCount, ...]) -> str:
    """Return how many counts lie inside their posterior predictive interval."""
    inside = sum(o.inside for o in observed)
    return (
        f"Of {small(len(observed), 'count')}, {numeral(inside)} "
        f"{'lies' if inside == 1 else 'lie'} inside the 90 % posterior predictive interval. The "
        "fit used these counts, so this detects gross misfit and shows no foresight; the "
        "prediction of the last count from the other facts is given below."
    )


def icl_sentence(icl: IclAssessment) -> str:
    """Return the status of the case definition."""
    rest = "; what is missing is listed under the record" if icl.missing else ""
    return (
        f"The definition of idiopathic CD4 lymphopenia ({icl.edition}) is "
        f"{ICL_WORDS[str(icl.status)]}{rest}."
    )


def weights_sentence(results: Results) -> str:
    """Return the posterior weight of each question, with its prior weight."""
    il2 = prior_and_weight(results, lambda row: row.il2)
    clearance = prior_and_weight(results, lambda row: row.clearance)
    courses = tuple(
        f"{COURSE_WORDS.get(name, name)} {_moved(_course(results, name))}"
        for name in dict.fromkeys(row.course for row in results.hypotheses)
    )
    return (
        f"Posterior weights, prior weights in parentheses: IL-2 effect on the count "
        f"{_moved(il2)}; natural course: {', '.join(courses)}; a higher count hastens clearance "
        f"{_moved(clearance) if is_asked(results, CLEARANCE_VERDICT) else UNTOUCHED}."
    )


def _course(results: Results, name: str) -> tuple[float, float]:
    return prior_and_weight(results, lambda row: row.course == name)


def _moved(pair: tuple[float, float]) -> str:
    prior, posterior = pair
    return f"{short_probability(posterior)} ({short_probability(prior)})"


def rise_sentence(results: Results) -> str:
    """Return the rise from the entry count to the first under treatment, measured and latent."""
    return (
        f"The measured count went {_from_to(results)}. The latent rise, free of measurement "
        f"error, is {count_sentence(results.attribution.averaged.rise)}."
    )


def _from_to(results: Results) -> str:
    by_id = {o.id: o for o in results.observed}
    first, second = (by_id[name] for name in results.rise_between)
    return f"from {_counted(first)} to {_counted(second)} {unit(second.unit)}"


def _counted(observed: ObservedCount) -> str:
    return counted(observed.value, below=observed.below)


def cause_sentence(results: Results) -> str:
    """Return the probability that IL-2 made more than half of the rise, with its spread."""
    averaged = results.attribution.averaged.p_il2_more_than_half
    _, none = prior_and_weight(results, lambda row: not row.il2)
    by_name = results.attribution.by_hypothesis
    spread = _spread(results, {name: a.p_il2_more_than_half for name, a in by_name.items()})
    return (
        f"Averaged over the hypotheses, IL-2 made more than half of this rise with probability "
        f"{probability(averaged)}; {spread}. The hypotheses under which IL-2 added nothing hold a "
        f"posterior weight of {probability(none)}."
    )


def _spread(results: Results, values: Mapping[str, float]) -> str:
    """Return the range of a probability over the explanations worth naming."""
    means = [(group.mean(values), group) for group in explanations(results)]
    named = [(p, group) for p, group in means if p is not None and group.weight >= WORTH_NAMING]
    (low, at_low), (high, at_high) = _extremes(named)
    return f"from {probability(low)} ({at_low.label}) to {probability(high)} ({at_high.label})"


def _extremes(
    pairs: list[tuple[float, Explanation]],
) -> tuple[tuple[float, Explanation], tuple[float, Explanation]]:
    return min(pairs, key=lambda pair: pair[0]), max(pairs, key=lambda pair: pair[0])


def scenario_sentence(factual: ScenarioOutcome, other: ScenarioOutcome) -> str:
    """Return what another course of treatment would have made of the count."""
    return (
        f"{capital(listed(SCENARIO_WORDS, other.scenario))}, the latent count at the second "
        f"count's date would have been {count_sentence(other.count_at_second)}, against "
        f"{count_sentence(factual.count_at_second)} as treated."
    )


def outcome_sentence(scenarios: tuple[ScenarioOutcome, ...]) -> str:
    """Return how likely a negative culture and resolved symptoms were under each treatment.

    Empty where the record has neither.
    """
    cultures, symptoms = (
        words(
            tuple(
                f"{probability(p)} {listed(SCENARIO_WORDS, s.scenario)}"
                for s in scenarios
                if (p := getattr(s, name)) is not None
            )
        )
        for name in ("p_culture_negative", "p_symptoms_resolved")
    )
    if not symptoms:
        return ""
    if not cultures:
        return f"Symptoms have resolved by the recorded day with probability {symptoms}."
    return (
        f"A culture on the recorded day is negative with probability {cultures}; symptoms have "
        f"resolved by then with probability {symptoms}."
    )


def quotable_sentence(results: Results) -> str:
    """Return the sentence about cause that a reader may quote as it stands."""
    verdict = next((v for v in results.verdicts if v.id == CAUSE_VERDICT), None)
    span = (
        ""
        if verdict is None
        else (
            f" (from {probability(verdict.lowest)} to {probability(verdict.highest)} over "
            f"{small(len(results.sensitivity), 'analysis', 'analyses')})"
        )
    )
    _, none = prior_and_weight(results, lambda row: not row.il2)
    _, dip = prior_and_weight(results, lambda row: row.course == INFECTION)
    return (
        "“In this patient, given the stated hypotheses and priors, the probability that IL-2 made "
        f"more than half of the rise in the CD4 count {_from_to(results)} was "
        f"{probability(results.attribution.averaged.p_il2_more_than_half)}{span}; hypotheses under "
        f"which IL-2 added no cells kept a weight of {probability(none)}, those under which an "
        f"infection had lowered the count {probability(dip)}.”"
    )


def refused_sentence(results: Results) -> str:
    """Return the sentence that the analysis does not support, and why."""
    _, none = prior_and_weight(results, lambda row: not row.il2)
    return (
        f"“IL-2 raised the CD4 count {_from_to(results)}.” The sentence credits IL-2 with "
        f"the whole measured difference and names no alternative, although hypotheses without any "
        f"IL-2 effect keep a weight of {probability(none)}. “IL-2 works in idiopathic CD4 "
        "lymphopenia” is not supported either: one published success among an unknown number of "
        "treated patients cannot tell."
    )


def forecast_sentence(point: ForecastPoint) -> str:
    """Return the untreated latent count at one horizon, averaged over the hypotheses."""
    below = "; ".join(
        f"below {limit}: probability {probability(p)} at that time, "
        f"{probability(point.p_below_by_then[limit])} at some time by then"
        for limit, p in sorted(point.p_below.items(), reverse=True)
    )
    origin = listed(ORIGIN_WORDS, point.origin)
    return (
        f"Averaged over the hypotheses, {years(point.years)} after {origin}, untreated, the latent "
        f"count is {count_sentence(point.count)}; {below}."
    )


def spread_sentence(results: Results, point: ForecastPoint) -> str:
    """Return how far the explanations differ about the highest threshold by one horizon."""
    limit = max(point.p_below_by_then)
    values = {
        name: other.p_below_by_then[limit]
        for name, points in results.forecast.by_hypothesis.items()
        for other in points
        if (other.origin, other.years) == (point.origin, point.years)
    }
    return (
        f"The average mixes courses that differ: the probability of falling below {limit} by then "
        f"runs {_spread(results, values)}."
    )


def last_out_sentence(left: LeaveLastOut) -> str:
    """Return how well the other facts predict the last count."""
    likely = left.tail >= UNEXPECTED and (left.below or left.tail <= 1.0 - UNEXPECTED)
    verdict = "so it was not unexpected" if likely else "so it was unexpected"
    low = "below that limit" if left.below else "this low or lower"
    few = "" if left.ess >= FEWEST_DRAWS else f" {FEW_DRAWS.format(number(left.ess, 2))}"
    return (
        f"Predicted from all other facts, the last count is {count_sentence(left.predicted)}; it "
        f"was {counted(left.observed, below=left.below)}. A measured count {low} had probability "
        f"{probability(left.tail)}, {verdict}. {_beside_a_walk(left)}{few}"
    )


def _beside_a_walk(left: LeaveLastOut) -> str:
    if left.random_walk_log_score is None:
        return (
            "A random walk has nowhere to begin: the count before is known only to lie below a "
            "limit."
        )
    gain = left.log_score - left.random_walk_log_score
    if abs(gain) < SAME_LOG_SCORE:
        compared = "The model predicts it about as well as a random walk from the count before"
    elif gain > 0:
        compared = "The model predicts it better than a random walk from the count before"
    else:
        compared = "The model predicts it worse than a random walk from the count before"
    return (
        f"{compared}: log score "
        f"{log_value(left.log_score)} against {log_value(left.random_walk_log_score)}; one count "
        "can tell them apart only if they differ by more than "
        f"{log_value(SAME_LOG_SCORE)} (a factor of 3)."
    )


def fit_sentence(results: Results) -> str:
    """Return how the posterior was computed and whether the computation can be trusted."""
    fit = results.fit
    trust = (
        "The computational diagnostics passed."
        if fit.diagnostics_passed
        else "The computational diagnostics FAILED: no number in this report should be used."
    )
    hypotheses = small(len(results.hypotheses), "joint hypothesis", "joint hypotheses")
    return (
        f"Posterior and evidence of {hypotheses} were computed by {method(fit)} with "
        f"{stated(fit.draws)} weighted draws; the smallest effective sample size is "
        f"{number(fit.ess_min, 2)}; seed {fit.seed}. {trust}"
    )


def method(fit: FitSummary) -> str:
    """Return the name of the computation in words."""
    return listed(METHOD_WORDS, fit.method)


def contraction_sentence(rows: tuple[Contraction, ...]) -> str:
    """Return which parameter the data narrowed most and how many they hardly narrowed."""
    if not rows:
        return "No contraction was computed."
    best = max(rows, key=lambda row: row.contraction)
    weak = sum(bool(row.banner) for row in rows)
    return (
        f"The data narrowed one parameter most: {best.meaning} (contraction "
        f"{short_probability(best.contraction)}). For {weak} of {len(rows)} parameters the "
        f"contraction is below {CONTRACTION_LIMIT:g}; they are named below the table."
    )


def sensitivity_sentence(verdict: Verdict, rows: tuple[SensitivityRow, ...]) -> str:
    """Return which assumptions give the lowest and the highest probability of a verdict."""
    low, high = ends(verdict, rows)
    return (
        f"({verdict.id}) Lowest {probability(low.probabilities[verdict.id])} with {low.label}; "
        f"highest {probability(high.probabilities[verdict.id])} with {high.label}."
    )


def next_count_sentence(results: Results, origin: str = "last-count") -> str:
    """Return how far the hypotheses disagree about a count at the first forecast horizon."""
    labels = {row.name: row.label for row in results.hypotheses if row.weight >= WORTH_NAMING}
    first = {
        name: min((p for p in points if p.origin == origin), key=lambda p: p.years)
        for name, points in results.forecast.by_hypothesis.items()
        if name in labels
    }
    low = min(first, key=lambda name: first[name].count.p50)
    high = max(first, key=lambda name: first[name].count.p50)
    return (
        f"A later count. {capital(years(first[low].years))} after {listed(ORIGIN_WORDS, origin)}, "
        f"untreated, the median latent count is {count(first[low].count.p50)} under "
        f"“{labels[low]}” and {count(first[high].count.p50)} {COUNT_UNIT} under "
        f"“{labels[high]}”: such a count would move the weights."
    )


def claim_support(claim: Claim, verdicts: tuple[Verdict, ...]) -> str:
    """Return what the analysis computes beside a claim of the source."""
    verdict = next((v for v in verdicts if v.id == claim.verdict), None)
    if verdict is None:
        return "This analysis does not address the claim."
    return (
        f"Nearest question ({verdict.id}): {verdict.question} {capital(verdict.answer.value)}; "
        f"probability {probability(verdict.probability)}, range "
        f"{probability_range(verdict.lowest, verdict.highest)}."
    )
