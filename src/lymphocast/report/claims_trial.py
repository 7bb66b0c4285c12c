"""Sentences with numbers on a virtual trial, each with its Monte Carlo error.

As in :mod:`lymphocast.report.claims`, every number comes from an argument. A share is compared with
what is asked of it by its 95 % Monte Carlo interval: what the interval holds cannot be told apart.
"""

from collections.abc import Iterator
from math import isfinite
from typing import Final

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
IN_ERROR: Final = 1.96
"""Standard errors within which a mean is not told from zero: 95 % of a normal distribution."""
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


def trial_sentences(found: Characteristics) -> tuple[str, ...]:
    """Return what becomes of each analysis under each state of nature, then averaged."""
    return tuple(
        f"{row.analysis}, {nature_label(row.hypothesis)}: {_said(row)}" for row in found.rows
    )


def _said(row: CharacteristicRow) -> str:
    if row.trials == 0:
        return "it held in no simulated trial, and nothing is said of it."
    return " ".join(_sentences(row))


def _sentences(row: CharacteristicRow) -> Iterator[str]:
    rejects = f"{_rejects(row)} in {interval(row.rejected)} of {small(row.trials, 'trial')}"
    yield f"{rejects}, {_judged(row)}."
    if row.bias is not None and isfinite(row.bias.value):
        yield bias_sentence(row.bias)
    if row.coverage is not None and isfinite(row.coverage.value):
        yield f"Its intervals hold the truth in {interval(row.coverage)}, {_covers(row)}."
    if row.undecided:
        yield f"{capital(small(row.undecided, 'trial'))} had too few patients left to analyse."


def _rejects(row: CharacteristicRow) -> str:
    there = " where there is none" if row.reads == TYPE_ONE else ""
    return f"a difference is found{there}"


def _judged(row: CharacteristicRow) -> str:
    """Return what the share of trials that reject means."""
    found, enough, allowed = row.rejected, share(ENOUGH, 0), share(row.alpha, 0)
    if row.reads == TYPE_ONE:
        return compared(
            found, row.alpha, f"less often than the {allowed} allowed",
            f"as often as the {allowed} allowed, within Monte Carlo error",
            f"more often than the {allowed} allowed",
        )  # fmt: skip
    if row.reads == POWER:
        return compared(
            found, ENOUGH, f"a power below {enough}",
            f"too few trials to tell the power from {enough}", f"a power above {enough}",
        )  # fmt: skip
    mixes = "which mixes power and type I error by the weights of the states of nature"
    return mixes if row.hypothesis == AVERAGED else "of no stated meaning"


def _covers(row: CharacteristicRow) -> str:
    assert row.coverage is not None  # noqa: S101  (its caller asked)
    nominal = share(1.0 - row.alpha, 0)
    return compared(
        row.coverage, 1.0 - row.alpha, f"less often than the {nominal} that they should",
        f"as often as the {nominal} that they should, within Monte Carlo error",
        f"more often than the {nominal} that they should",
    )  # fmt: skip


def bias_sentence(found: MeanValue) -> str:
    """Return whether an estimate is off, beyond the error of the simulation."""
    told = signed(mean_cell(found))
    if not isfinite(found.se):
        return f"The estimate is off by {told}, of which one trial tells no error."
    if abs(found.value) <= IN_ERROR * found.se:
        return f"The estimate is not off beyond Monte Carlo error ({told})."
    return f"The estimate is off by {told}."


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
