"""Sentences with numbers on a virtual trial, each with its Monte Carlo error.

As in :mod:`lymphocast.report.claims`, every number comes from an argument. A share is compared with
what is asked of it by its 95 % Monte Carlo interval: what the interval holds cannot be told apart.
"""

from collections.abc import Iterable, Iterator
from math import isfinite
from typing import Final

from scipy.special import stdtrit

from lymphocast.forecast.trial.characteristics import (
    AVERAGED,
    POWER,
    TYPE_ONE,
    CharacteristicRow,
    Characteristics,
    MeanValue,
    Proportion,
)
from lymphocast.report.trial_tables import mean_cell, nature_label
from lymphocast.report.wording import NO_BREAK, capital, signed, small

ENOUGH: Final = 0.8
"""Power that is asked for by convention: a type II error of 20 % at most (ICH E9, 1998, 3.5)."""
UPPER: Final = 0.975
"""Level of the quantile that bounds a mean's 95 % interval from above."""
OTHER_PATIENTS: Final = (
    "The patients of a virtual trial are drawn from the population that its protocol states: "
    "it says how such a trial would do, and nothing more about this patient."
)


def trial_sentence(found: Characteristics) -> str:
    """Return what was simulated."""
    return (
        f"{found.title}: {found.trials} simulated trials of {found.patients} virtual patients each "
        f"(seed {found.seed}); {share(found.lost.value)} of the patients are lost before the last "
        f"visit, and {found.candidates.value:.2f} candidates are screened for each."
    )


def trial_sentences(rows: Iterable[CharacteristicRow]) -> tuple[str, ...]:
    """Return what becomes of an analysis under each state of nature, then averaged."""
    return tuple(f"{capital(nature_label(row.hypothesis))}: {_said(row)}" for row in rows)


def _said(row: CharacteristicRow) -> str:
    if row.trials == 0:
        return "held in no simulated trial, and nothing is said of it."
    return " ".join(_sentences(row))


def _sentences(row: CharacteristicRow) -> Iterator[str]:
    there = " where there is none" if row.reads == TYPE_ONE else ""
    of = f"{interval(row.rejected)} of {small(row.trials, 'trial')}"
    yield f"a difference is found{there} in {of}: {_judged(row)}."
    if row.hypothesis == AVERAGED:
        return
    if row.bias is not None and isfinite(row.bias.value):
        yield bias_sentence(row.bias, row.trials - row.undecided)
    if row.coverage is not None and isfinite(row.coverage.value):
        nominal = 1.0 - row.alpha
        judged = compared(row.coverage, nominal, "below", "not told from", "above")
        yield f"Coverage {interval(row.coverage)}: {judged} the {share(nominal, 0)} meant."
    if row.undecided:
        yield f"{capital(small(row.undecided, 'trial'))} had too few patients left to analyse."


def _judged(row: CharacteristicRow) -> str:
    """Return what the share of trials that reject means."""
    if row.reads == TYPE_ONE:
        judged = compared(row.rejected, row.alpha, "less than", "not told from", "more than")
        return f"{judged} the {share(row.alpha, 0)} allowed"
    if row.reads == POWER:
        judged = compared(row.rejected, ENOUGH, "below", "not told from", "above")
        return f"a power {judged} {share(ENOUGH, 0)}"
    return "power and type I error, mixed by the weights of the states of nature"


def bias_sentence(found: MeanValue, trials: int) -> str:
    """Return whether an estimate is off, beyond the error of so many trials (Student's t)."""
    told = signed(mean_cell(found))
    if not isfinite(found.se):
        return f"Bias {told}: one trial tells no error of it."
    room = stdtrit(trials - 1, UPPER) * found.se
    return f"Bias {told}: {'within' if abs(found.value) <= room else 'beyond'} Monte Carlo error."


def compared(found: Proportion, wanted: float, below: str, within: str, above: str) -> str:
    """Return one of three words: for an interval below a number, around it, or above it."""
    if found.high < wanted:
        return below
    return above if found.low > wanted else within


def interval(found: Proportion) -> str:
    """Return a share of trials with its Monte Carlo interval."""
    low, high = 100.0 * found.low, 100.0 * found.high
    return f"{share(found.value)} ({low:.1f} to {high:.1f}{NO_BREAK}%)"


def share(value: float, digits: int = 1) -> str:
    """Return a share in per cent."""
    return f"{100.0 * value:.{digits}f}{NO_BREAK}%"
