"""Sentences on courses without a drug: which may be quoted, which may not, and by which rule.

The rules, in this order; the first that applies gives the reason.

1. If the computational diagnostics failed, nothing may be quoted.
2. What the model cannot show because of how it is built is no finding and may not be quoted.
3. A number may be quoted with its range; a probability only if its Monte Carlo standard error is at
   most ``LARGEST_ERROR``, a difference only if it exceeds ``ERRORS_APART`` standard errors.
4. A flat sentence, without a number, may be quoted only if its verdict is *yes* over the whole
   sensitivity table, its denial only if the verdict is *no*.
5. A flat sentence may not be quoted if it rests on a parameter that the data hardly narrowed.

Every number comes from an argument.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, final

from lymphocast.forecast.outcome_results import Chance, Compared, CourseOutcome
from lymphocast.forecast.results import Answer, Results, Verdict
from lymphocast.forecast.sensitivity import NO_BELOW, YES_ABOVE
from lymphocast.report.claims import WORTH_NAMING
from lymphocast.report.marginals import explanations
from lymphocast.report.wording import (
    COUNT_UNIT,
    FACTUAL,
    OCCASION_WORDS,
    SCENARIO_WORDS,
    WITHOUT_ANTIBIOTIC,
    WITHOUT_IL2,
    between,
    count,
    count_sentence,
    listed,
    number,
    probability,
    small,
)

ERRORS_APART: Final = 2.0
"""Monte Carlo standard errors by which a difference must exceed zero to be quoted."""
LARGEST_ERROR: Final = 0.02
"""Monte Carlo standard error above which a probability is not quoted: its second digit is noise."""
FIRST_CULTURE: Final = "first-culture"
LATER: Final = "last-count+1y"
DAY_LIMIT: Final = 300
FAILED: Final = "The computational diagnostics of this fit failed."
CONSTRUCTION: Final = (
    "The model has no link from the antibiotic to the count: the two courses have the same count "
    "by construction, so this is no finding."
)
RESTS_ON: Final = {
    "culture-without-il2": ("immune_clearance",),
    "culture-without-clarithromycin": ("kill",),
    "symptoms-without-il2": ("immune_clearance",),
    "above-300": ("gain",),
}
"""The parameters without which a statement could not be what it is."""
FLAT: Final = {
    "culture-without-il2": (
        "Without IL-2 the culture would have been negative on the recorded day.",
        "Without IL-2 the culture would not have been negative on the recorded day.",
    ),
    "culture-without-clarithromycin": (
        "Without clarithromycin the culture would have been negative on the recorded day.",
        "Without clarithromycin the culture would not have been negative on the recorded day.",
    ),
    "symptoms-without-il2": (
        "Without IL-2 symptoms would have resolved by then.",
        "Without IL-2 symptoms would not have resolved by then.",
    ),
    "above-300": (
        "IL-2 kept the CD4 count above 300 for half a year or more.",
        "IL-2 did not keep the CD4 count above 300 for half a year or more.",
    ),
}
"""Each statement without its number: affirmed and denied."""
STATED: Final = {
    "culture-without-il2": "a culture on the recorded day is negative (measured) without IL-2",
    "culture-without-clarithromycin": (
        "a culture on the recorded day is negative (measured) without clarithromycin"
    ),
    "symptoms-without-il2": "symptoms have resolved by then (latent) without IL-2",
    "above-300": (
        "the latent count was above 300 for at least half a year longer than without IL-2"
    ),
}


@final
@dataclass(frozen=True)
class Quote:
    """A sentence, whether a reader may quote it as it stands, and if not, why."""

    may: bool
    sentence: str
    why: str = ""


def quotes(results: Results) -> tuple[Quote, ...]:
    """Return the sentences on the courses that may be quoted, then those that may not."""
    found = (*_differences(results), *_stated(results), *_by_construction(results))
    if not results.fit.diagnostics_passed:
        found = tuple(Quote(may=False, sentence=q.sentence, why=FAILED) for q in found)
    return tuple(sorted(found, key=lambda quote: not quote.may))


def course_of(results: Results, scenario: str) -> CourseOutcome:
    """Return one course, averaged over the hypotheses."""
    return _of(results.outcomes.courses.averaged, scenario)


def _ran(results: Results, scenario: str) -> bool:
    return any(course.scenario == scenario for course in results.outcomes.courses.averaged)


def _differences(results: Results) -> Iterator[Quote]:
    without = course_of(results, WITHOUT_IL2)
    factual = course_of(results, FACTUAL)
    window = between(results.outcomes.start, results.outcomes.stop)
    yield _apart(
        f"In the model of this patient, the latent count over {window} averages "
        f"{count_sentence(factual.mean_count.value)} as treated and "
        f"{count_sentence(without.mean_count.value)} without IL-2; the paired difference has mean "
        f"{count(without.mean_count.mean_lost)} {COUNT_UNIT}, "
        f"{_count_spread(results, lambda c: c.mean_count.mean_lost, count)}.",
        without.mean_count,
    )
    days = without.days_above.get(DAY_LIMIT)
    if days is not None:
        yield _apart(
            f"In the model of this patient, over the same time IL-2 adds a mean of "
            f"{number(days.mean_lost, 2)} days with a latent count of {DAY_LIMIT} or more, "
            f"{_count_spread(results, lambda c: c.days_above[DAY_LIMIT].mean_lost, _days)}.",
            days,
        )
    for scenario in (s for s in (WITHOUT_IL2, WITHOUT_ANTIBIOTIC) if _ran(results, s)):
        chance = _culture(course_of(results, scenario))
        if chance is not None:
            yield _apart(
                "In the model of this patient, a culture on the recorded day is negative with "
                f"probability {probability(chance.p)} {listed(SCENARIO_WORDS, scenario)}; as "
                f"treated that is higher by {number(chance.lost, 2)}, "
                f"{_culture_spread(results, scenario)}.",
                chance,
            )
    yield from _recurrence(results, factual)


def _recurrence(results: Results, factual: CourseOutcome) -> Iterator[Quote]:
    rows = [r for r in factual.recurrence if (r.origin, r.occasion) == ("il2-stop", LATER)]
    for row in rows:
        yield _sure(
            "In the model of this patient, the burden comes back above a culture's limit of "
            f"detection (latent) between the end of IL-2 and {listed(OCCASION_WORDS, LATER)}, "
            f"having been below it, with probability {probability(row.burden_back.p)}, untreated.",
            row.burden_back,
        )


def _stated(results: Results) -> Iterator[Quote]:
    number_of = small(len(results.sensitivity), "analysis", "analyses")
    for verdict in results.outcomes.statements:
        if verdict.id not in STATED:
            continue
        span = f"from {probability(verdict.lowest)} to {probability(verdict.highest)}"
        yield Quote(
            may=True,
            sentence=f"In the model of this patient, the probability that {STATED[verdict.id]} "
            f"is {probability(verdict.probability)} ({span} over {number_of}).",
        )
        yield from _flat(results, verdict, number_of)


def _flat(results: Results, verdict: Verdict, number_of: str) -> Iterator[Quote]:
    affirmed, denied = FLAT[verdict.id]
    span = f"{probability(verdict.lowest)} to {probability(verdict.highest)}"
    if verdict.answer is Answer.UNDECIDED:
        why = (
            f"Undecided: over {number_of} the probability runs from {span}; a flat sentence needs "
            f"one above {YES_ABOVE} in all of them, its denial one below {NO_BELOW}."
        )
        yield Quote(may=False, sentence=affirmed, why=why)
        return
    kept = affirmed if verdict.answer is Answer.YES else denied
    weak = _weak(results, verdict.id)
    yield Quote(may=not weak, sentence=kept, why=weak)
    if verdict.answer is Answer.NO:
        why = f"Over {number_of} the probability runs from {span}, never {NO_BELOW} or more."
        yield Quote(may=False, sentence=affirmed, why=why)


def _weak(results: Results, statement: str) -> str:
    """Why a statement rests on the prior, or nothing."""
    for row in results.contraction:
        if row.parameter in RESTS_ON[statement] and row.banner:
            return (
                f"It rests on a parameter that the data hardly narrowed: {row.meaning}. "
                f"{row.banner}"
            )
    return ""


def _by_construction(results: Results) -> Iterator[Quote]:
    if not _ran(results, WITHOUT_ANTIBIOTIC):
        return
    difference = course_of(results, WITHOUT_ANTIBIOTIC).mean_count
    if difference.lost.p05 == difference.lost.p95 == 0.0:
        sentence = "Clarithromycin did nothing for the CD4 count."
        yield Quote(may=False, sentence=sentence, why=CONSTRUCTION)


def _apart(sentence: str, difference: Compared | Chance) -> Quote:
    """A difference that may be quoted only if Monte Carlo error cannot have made it."""
    mean, se = (
        (difference.mean_lost, difference.mean_lost_se)
        if isinstance(difference, Compared)
        else (difference.lost, difference.lost_se)
    )
    if abs(mean) > ERRORS_APART * se:
        return Quote(may=True, sentence=sentence)
    why = (
        f"The mean difference, {number(mean, 2)}, does not exceed {ERRORS_APART:g} Monte Carlo "
        f"standard errors of {number(se, 2)}."
    )
    return Quote(may=False, sentence=sentence, why=why)


def _sure(sentence: str, chance: Chance) -> Quote:
    """A probability that may be quoted only if its second digit is no noise."""
    if chance.p_se <= LARGEST_ERROR:
        return Quote(may=True, sentence=sentence)
    why = f"Its Monte Carlo standard error, {number(chance.p_se, 2)}, exceeds {LARGEST_ERROR:g}."
    return Quote(may=False, sentence=sentence, why=why)


def _culture(course: CourseOutcome) -> Chance | None:
    found = (p.culture_negative for p in course.infection if p.occasion == FIRST_CULTURE)
    return next(found, None)


def _count_spread(
    results: Results, read: Callable[[CourseOutcome], float], write: Callable[[float], str]
) -> str:
    """Return how far a paired difference of counts runs over the explanations of the counts."""
    by_name = {
        name: read(_of(rows, WITHOUT_IL2))
        for name, rows in results.outcomes.courses.by_hypothesis.items()
    }
    named = [
        (value, group.label)
        for group in explanations(results)
        if group.weight >= WORTH_NAMING and (value := group.mean(by_name)) is not None
    ]
    return _range(named, write)


def _culture_spread(results: Results, scenario: str) -> str:
    """Return how far a difference of cultures runs over the joint hypotheses."""
    rows = results.outcomes.courses.by_hypothesis
    named = [
        (chance.lost, row.label)
        for row in results.hypotheses
        if row.weight >= WORTH_NAMING
        and (chance := _culture(_of(rows[row.name], scenario))) is not None
    ]
    return _range(named, lambda x: number(x, 2))


def _of(rows: tuple[CourseOutcome, ...], scenario: str) -> CourseOutcome:
    return next(c for c in rows if c.scenario == scenario)


def _range(named: Sequence[tuple[float, str]], write: Callable[[float], str]) -> str:
    (low, at_low), (high, at_high) = min(named), max(named)
    return f"from {write(low)} ({at_low}) to {write(high)} ({at_high})"


def _days(x: float) -> str:
    return number(round(x), 2)
