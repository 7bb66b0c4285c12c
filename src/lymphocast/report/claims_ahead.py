"""Sentences with numbers on timing, on what one more count would tell, and on earlier predictions.

As in :mod:`lymphocast.report.claims`, every number comes from an argument.
"""

from typing import Final

from lymphocast.forecast.results import Interval, ObservedCount, TimingArguments
from lymphocast.forecast.valued import AtCost, CountValue, NextCount
from lymphocast.inference.history import Made, ScoredCount, Step
from lymphocast.report.wording import (
    between,
    capital,
    count_sentence,
    counted,
    log_value,
    number,
    percent,
    probability,
    small,
    stated,
    words,
)

CAUSE: Final = "b"
MADE_WORDS: Final = {
    Made.UPDATED: "updated by reweighing the draws of the fit before",
    Made.REFITTED: "fitted again from the start",
}


def timing_sentences(
    timing: TimingArguments, observed: tuple[ObservedCount, ...]
) -> tuple[str, ...]:
    """Return what the drug could add early, what rose before it, and what is left after it."""
    early = (
        f"If IL-2 adds cells at all, the first {stated(timing.early_days)} days of the starting "
        f"dose add {count_sentence(timing.early_posterior)}; before the data, "
        f"{count_sentence(timing.early_prior)}. That is {_share(timing.early_share)} of the "
        "plateau at the maintenance dose. What changed within these days is not likely to be the "
        "work of cells that IL-2 had added."
    )
    before = (
        "Averaged over the hypotheses, the latent rise from the first count to the first dose of "
        f"IL-2 is {count_sentence(timing.before.averaged)}; it is more than half of the whole rise "
        f"to the second count with probability {probability(timing.p_before_more_than_half)}. "
        "Under a stable count nothing rises before it, by construction, and under the lifting of "
        "an infection nothing before the day on which it is told to lift: only recovery by itself "
        "begins on a day that it is not told."
    )
    if not timing.entered_before:
        before = (
            "The entry count was taken after the first dose, so nothing can be said of a rise "
            "before it."
        )
    values = {o.id: counted(o.value, below=o.below) for o in observed}
    after = tuple(f"at the count of {values[r.id]}, {_share(r.share)}" for r in timing.remaining)
    left = f"Of the gain at the last dose, this much is left if IL-2 adds cells: {words(after)}."
    return (early, before, left) if after else (early, before)


def _share(share: Interval) -> str:
    low, middle, high = (percent(100.0 * x).lstrip("+") for x in (share.p05, share.p50, share.p95))
    return f"{middle} (90 % interval {low} to {high})"


def delay_sentence(value: NextCount) -> str:
    """Return which date of the next count is best at which cost of delay."""
    if not value.best:
        return "No count at the dates tried is expected to tell anything on question (b)."
    free = value.best[-1]
    latest = max(v.months for v in value.by_date)
    until = "" if free.months == latest else ", until waiting tells no more"
    costs = tuple(
        f"{_months(b.months)} from {number(b.cost_from, 2)} to {number(b.cost_to, 2)}"
        for b in value.best
    )
    told = (
        f"Without a cost of delay the answer is always later{until}: of the dates tried, "
        f"{_months(free.months)} after the last count tells most on question (b), and waiting for "
        "it costs nothing. Whoever needs the answer must say what a month is worth. With that cost "
        f"in bits a month, the best date is: {'; '.join(costs)}; at a higher cost no count "
        f"at these dates is worth its delay. Unknown of (b) now: {number(value.unknown[CAUSE], 2)} "
        "bits of at most 1."
    )
    return told if value.stated is None else f"{told} {_at_cost(value.stated)}"


def _at_cost(found: AtCost) -> str:
    cost = f"At the stated cost of {number(found.cost, 2)} bits a month"
    if found.months is None:
        return f"{cost} no count at these dates is worth its delay."
    return (
        f"{cost} the best date is {_months(found.months)} after the last count: it is expected to "
        f"tell {number(found.bits, 2)} bits, {number(found.worth, 2)} after the cost of waiting."
    )


def _months(months: float) -> str:
    return f"{stated(months)} months"


def shown_sentences(value: NextCount) -> tuple[str, ...]:
    """Return what the counts would tell that the source shows and the record lacks."""
    if not value.figure:
        return ()
    whole = value.figure[-1]
    return (
        f"The counts that the source shows and the record lacks are registered predictions on "
        f"{small(len(whole.days), 'day')}; how many it shows, and on which days, is not read. "
        f"{capital(_told(whole))}",
    )


def _told(value: CountValue) -> str:
    each = "one count on each of these days" if len(value.days) > 1 else "a count on this day"
    return (
        f"{each}, if read without error, would be expected to bring "
        f"{number(value.bits[CAUSE], 2)} bits on question (b) and to decide it, in the base "
        f"analysis, with probability "
        f"{probability(value.p_decided[CAUSE])}."
    )


def history_sentences(history: tuple[Step, ...]) -> tuple[str, ...]:
    """Return how the fit came to be, and how its predictions compared with later counts."""
    scores = [score for step in history for score in step.scores]
    last = history[-1] if history else None
    made = ""
    if last is not None and last.made is not Made.FITTED:
        made = f"This fit was {MADE_WORDS[last.made]}{_why(last)}. "
    if not scores:
        return (
            f"{made}No count that the fit before could predict has been entered since the first "
            "fit, so no prediction is scored.",
        )
    inside = sum(score.inside for score in scores)
    total = sum(score.log_score for score in scores)
    return (
        f"{made}Of {small(len(scores), 'count')} entered after a fit, {inside} lie inside the 90 % "
        f"interval expected before; the log scores add up to {log_value(total)}.",
        *(_scored(score) for score in scores),
    )


def _why(step: Step) -> str:
    sizes = f"effective size {number(step.ess_before, 2)} before, {number(step.ess_after, 2)} after"
    return f" ({step.reason}; {sizes})" if step.reason else ""


def _scored(score: ScoredCount) -> str:
    expected = count_sentence(Interval(score.p05, score.p50, score.p95))
    hit = "inside" if score.inside else "outside"
    seen = counted(score.value, below=score.below)
    return (
        f"{seen} ({between(score.earliest, score.latest)}): expected {expected}; "
        f"{hit}; log score {log_value(score.log_score)}."
    )
