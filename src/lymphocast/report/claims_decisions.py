"""Sentences with numbers on plans and on a regimen search.

As in :mod:`lymphocast.report.claims`, every number comes from an argument.
"""

from collections.abc import Iterator
from typing import Final

from lymphocast.forecast.dose_response import BY_ASSUMPTION
from lymphocast.forecast.plan_results import DoseTrack, PlanForecast, PlanRow
from lymphocast.forecast.regimen_results import (
    RegimenRow,
    RegimenSearch,
    RegimenSensitivity,
    RegimenTable,
)
from lymphocast.forecast.results import Answer, HypothesisRow
from lymphocast.report.claims import WORTH_NAMING
from lymphocast.report.plan_outcomes import end_labels, listed, shown_verdicts
from lymphocast.report.wording import (
    capital,
    count,
    count_sentence,
    day,
    number,
    numeral,
    probability,
    short_probability,
    small,
    stated,
)

BANNER: Final = BY_ASSUMPTION.partition(":")[0]
"""How a note begins that must not be overlooked."""

ONE, MANY = "probability", "probabilities"
MOST_STEPS: Final = 6
"""Changes of a dose that a sentence names one by one."""


def plans_sentence(found: PlanForecast) -> str:
    """Return what the plans are and in what they were followed."""
    plans = dict.fromkeys(row.plan for row in found.rows)
    return (
        f"{capital(small(len(plans), 'plan'))} from {day(found.origin)} to {day(found.until)}, "
        f"each followed in the same {stated(found.draws)} draws of each hypothesis (seed "
        f"{found.seed}). Counts are latent, before measurement error, unless they are called "
        "measured."
    )


def plan_sentences(found: PlanForecast, hypotheses: tuple[HypothesisRow, ...]) -> tuple[str, ...]:
    """Return what each plan gives and what becomes of the count under it."""
    return tuple(_plan(found, row, hypotheses) for row in found.rows)


def _plan(found: PlanForecast, row: PlanRow, hypotheses: tuple[HypothesisRow, ...]) -> str:
    last = row.course.averaged.points[-1]
    low, high = listed(found.thresholds)
    below, above = last.p_below_by_then[low], last.p_above_by_then[high]
    return (
        f"“{row.label}”: {dose_words(row.doses)}. Averaged over the hypotheses, the count on "
        f"{day(last.day)} is {count_sentence(last.latent)}; by then it has been below "
        f"{low} with probability {probability(below)}, and at {high} or more with "
        f"probability {probability(above)}.{_spread(row, hypotheses)}"
    )


def _spread(row: PlanRow, hypotheses: tuple[HypothesisRow, ...]) -> str:
    """How far the hypotheses that weigh enough lie apart."""
    named = {h.name for h in hypotheses if h.weight >= WORTH_NAMING}
    courses = row.course.by_hypothesis
    medians = [c.points[-1].latent.p50 for name, c in courses.items() if name in named]
    if len(medians) < 2:
        return ""
    return (
        f" The medians of the hypotheses that weigh {WORTH_NAMING:g} or more go from "
        f"{count(min(medians))} to {count(max(medians))}."
    )


def dose_words(doses: DoseTrack) -> str:
    """Return the planned weekly dose, step by step, relative to the maintenance dose."""
    first, *later = doses.planned
    if not later and first.weekly_dose == 0.0:
        return "no drug"
    shown = [f"{_level(first.weekly_dose)} at first"] if later else [_level(first.weekly_dose)]
    shown += [f"{_level(s.weekly_dose)} from {day(s.day)}" for s in later[:MOST_STEPS]]
    rest = len(later) - MOST_STEPS
    if rest > 0:
        end = later[-1]
        shown.append(
            f"in {small(rest, 'further step')} {_level(end.weekly_dose)} on {day(end.day)}"
        )
    held = ", held or missed in some draws" if doses.given else ""
    return f"weekly dose {', '.join(shown)}{held}"


def _level(weekly: float) -> str:
    return "none" if weekly == 0.0 else number(weekly, 2)


def fall_sentence(found: PlanForecast) -> str:
    """Return under which plans a fall is most and least likely; empty if none stands apart."""
    limit, _ = listed(found.thresholds)
    chances = {
        row.label: row.course.averaged.points[-1].p_below_by_then[limit] for row in found.rows
    }
    most, least = max(chances, key=chances.__getitem__), min(chances, key=chances.__getitem__)
    high, low = probability(chances[most]), probability(chances[least])
    if high == low:
        return ""
    return (
        f"A fall below {limit} at some time by {day(found.until)} is most likely under "
        f"“{most}” ({high}) and least under “{least}” ({low})."
    )


def decided_sentence(found: PlanForecast) -> str:
    """Return how many probabilities of the last day are decided, and which moves most."""
    assert found.sensitivity is not None  # noqa: S101  (there are verdicts to tell of)
    each = [(row, *pair) for row in found.rows for pair in shown_verdicts(found, row)]
    decided = sum(x.verdict.answer is not Answer.UNDECIDED for _, _, x in each)
    number_of = f"{numeral(decided) if decided else 'none'} of the {small(len(each), ONE, MANY)}"
    row, outcome, widest = max(each, key=lambda x: x[2].verdict.highest - x[2].verdict.lowest)
    v, (low, high) = widest.verdict, end_labels(found.sensitivity, widest)
    return (
        f"Over {small(len(found.sensitivity.rows), 'analysis', 'analyses')}, "
        f"{number_of} of {day(found.until)} {'is' if decided == 1 else 'are'} decided. "
        f"What moves most is “{outcome.head}” under “{row.label}”: from {probability(v.lowest)} "
        f"({low}) to {probability(v.highest)} ({high})."
    )


def goal_sentence(found: RegimenSearch) -> str:
    """Return what was wanted, and in what the regimens were compared."""
    row = found.given.rows[0]
    limits = f"; limits: {'; '.join(row.p_broken)}" if row.p_broken else "; no limit"
    return (
        f"Goal “{found.title}”, from {day(found.origin)} to {day(found.until)}. Targets: "
        f"{'; '.join(row.p_target)}{limits}. The first regimens of each table were followed in "
        f"the same {stated(found.draws)} draws of the posterior (seed {found.seed}). A regimen's "
        "utility is how far it meets the targets, minus what the goal says that doses and "
        "injections cost."
    )


def table_sentences(table: RegimenTable) -> tuple[str, ...]:
    """Return which regimen is first, how surely, and whether it stays first."""
    return tuple(_table(table))


def _table(table: RegimenTable) -> Iterator[str]:
    first, likeliest = table.rows[0], max(table.rows, key=lambda row: row.p_best)
    place = "comes first" if table.feasible else "is the least bad"
    yield (
        f"Of {small(table.compared, 'regimen')}, “{first.regimen}” {place}: mean utility "
        f"{number(first.utility)} (Monte Carlo error {number(first.utility_se, 1)}), mean regret "
        f"{number(first.regret, 2)}. {_best(first, likeliest, table)}"
    )
    if table.best_under:
        same = sum(best == first.regimen for best in table.best_under.values())
        yield (
            f"It comes first under {numeral(same) if same else 'none'} of the "
            f"{numeral(len(table.best_under))} explanations and presets of prior weights of the "
            "table below."
        )


def verdict_sentences(found: RegimenSensitivity) -> tuple[str, ...]:
    """Return the answer to each question on the leader and on the drug, with its range."""
    return tuple(
        f"{v.question} {capital(v.answer.value)}: {probability(v.probability)}, from "
        f"{probability(v.lowest)} to {probability(v.highest)} over {numeral(len(found.rows))} "
        "analyses."
        for v in found.verdicts
    )


def _best(first: RegimenRow, likeliest: RegimenRow, table: RegimenTable) -> str:
    chance = f"by chance alone it would be {short_probability(table.chance)}"
    own = f"It is the best in a share of {short_probability(first.p_best)} of the draws; {chance}."
    if likeliest.regimen == first.regimen:
        return own
    return (
        f"{own} The regimen that is best most often is “{likeliest.regimen}”, in a share of "
        f"{short_probability(likeliest.p_best)}."
    )
