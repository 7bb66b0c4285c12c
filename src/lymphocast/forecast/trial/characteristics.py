"""Operating characteristics: how often a trial rejects, how far it is off, with Monte Carlo error.

Proportions have Wilson's 95 % interval over the trials, means their standard error (Morris, White
and Crowther 2019, doi:10.1002/sim.8086). What an analysis should find is computed from the same
patients without loss: each with every visit on its planned day in both arms, the same errors of
reading, and the mean difference over all. Where patients of a trial have nothing in common beyond
the hypothesis, that is one number for a hypothesis; else one for each trial.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from lymphocast.forecast.trial.protocol import (
    AnalysisMethod,
    FittedPopulation,
    TrialAnalysis,
    TrialProtocol,
)
from lymphocast.forecast.trial.trial_rows import column

Table = Mapping[str, NDArray[Any]]
Flags = NDArray[np.bool_]
AVERAGED, FITTED = "averaged", "fitted"
POWER, TYPE_ONE, EITHER = "power", "type I error", "rejected"


@final
@dataclass(frozen=True)
class Proportion:
    """A share of trials with its 95 % Monte Carlo interval; NaN where there are none."""

    value: float
    low: float
    high: float


@final
@dataclass(frozen=True)
class MeanValue:
    """A mean over trials with its Monte Carlo standard error."""

    value: float
    se: float


@final
@dataclass(frozen=True)
class CharacteristicRow:
    """One analysis under one hypothesis, or over all trials.

    Parameters
    ----------
    analysis
        Name of the analysis.
    hypothesis
        ``il2`` or ``no-il2``, with ``+clearance`` or ``+no-clearance`` where cultures are taken;
        ``averaged`` over all trials; ``fitted`` alone for a fitted population.
    trials, undecided
        How many trials there are, and how many of them had too few patients left to analyse.
    reads
        What ``rejected`` is: ``power`` where the arm changes something in some patient,
        ``type I error`` where it changes nothing in any, ``rejected`` where states of nature are
        averaged or there is no trial.
    rejected, favours
        Share of trials that reject "no difference", and that do so in favour of the arm.
    estimate, truth, bias
        Means over the trials that were analysed; truth and bias are ``None`` of a hazard ratio.
    coverage
        Share of intervals that hold the truth.
    analysed, planned
        Mean number of patients in the two arms that were analysed, and how many were planned.
    alpha
        Two-sided level of the analysis.
    """

    analysis: str
    hypothesis: str
    trials: int
    undecided: int
    reads: str
    rejected: Proportion
    favours: Proportion
    estimate: MeanValue
    truth: MeanValue | None
    bias: MeanValue | None
    coverage: Proportion | None
    analysed: float
    planned: int
    alpha: float


@final
@dataclass(frozen=True)
class HypothesisShare:
    """A state of nature: its prior probability and the share of trials in which it held."""

    hypothesis: str
    prior: float
    held: Proportion


@final
@dataclass(frozen=True)
class Characteristics:
    """Everything that is said of a run.

    Parameters
    ----------
    title, seed, trials, patients
        The run; ``patients`` are those of one trial.
    hypotheses
        In how many trials each state of nature held.
    rows
        Each analysis under each hypothesis, then averaged.
    lost
        Mean share of patients lost to follow-up before the last visit.
    candidates
        Mean number of candidates screened for each patient.
    """

    title: str
    seed: int
    trials: int
    patients: int
    hypotheses: tuple[HypothesisShare, ...]
    rows: tuple[CharacteristicRow, ...]
    lost: MeanValue
    candidates: MeanValue


def characteristics(protocol: TrialProtocol, seed: int, table: Table) -> Characteristics:
    """Return the operating characteristics of a table of trials."""
    parts = _parts(protocol, table)
    number = len(table["trial"])
    rows = [
        row
        for place, analysis in enumerate(protocol.analyses)
        for row in _rows(protocol, place, analysis, table, parts)
    ]
    held = [
        HypothesisShare(name, prior, _proportion(int(own.sum()), number))
        for name, (prior, own) in parts.items()
    ]
    return Characteristics(
        title=protocol.title,
        seed=seed,
        trials=number,
        patients=protocol.patients,
        hypotheses=tuple(held),
        rows=tuple(rows),
        lost=_mean(table["lost"]),
        candidates=_mean(table["tries"]),
    )


def _parts(protocol: TrialProtocol, table: Table) -> dict[str, tuple[float, Flags]]:
    """Return prior probability and trials of each state of nature that is possible."""
    if isinstance(protocol.population, FittedPopulation):
        return {FITTED: (1.0, np.full(len(table["trial"]), True))}
    weights = protocol.population.weights
    found: dict[str, tuple[float, Flags]] = {}
    for il2 in (True, False):
        first = weights.il2 if il2 else 1.0 - weights.il2
        name, own = ("il2" if il2 else "no-il2"), table["il2"] == il2
        if not protocol.visits.cultures:
            found[name] = (first, own)
            continue
        for clearance in (True, False):
            second = weights.clearance if clearance else 1.0 - weights.clearance
            tail = "clearance" if clearance else "no-clearance"
            found[f"{name}+{tail}"] = (first * second, own & (table["clearance"] == clearance))
    return {name: part for name, part in found.items() if part[0] > 0.0}


def _rows(
    protocol: TrialProtocol,
    place: int,
    analysis: TrialAnalysis,
    table: Table,
    parts: Mapping[str, tuple[float, Flags]],
) -> Sequence[CharacteristicRow]:
    truth = np.array(table[column(place, "truth")], float)
    if not protocol.population.differs:
        for _, own in parts.values():
            truth[own] = truth[own].mean() if own.any() else np.nan
    every = np.full(len(truth), True)
    named = {name: own for name, (_, own) in parts.items()}
    if FITTED not in named:
        named[AVERAGED] = every
    return [
        _row(protocol, place, analysis, {n: v[own] for n, v in table.items()}, name, truth[own])
        for name, own in named.items()
    ]


def _row(
    protocol: TrialProtocol,
    place: int,
    analysis: TrialAnalysis,
    own: Table,
    name: str,
    truth: NDArray[np.float64],
) -> CharacteristicRow:
    estimate, low, high = (own[column(place, part)] for part in ("estimate", "low", "high"))
    done, number = np.isfinite(estimate), len(estimate)
    ratio = analysis.method is AnalysisMethod.LOG_RANK
    sampled = own[column(place, "truth")]
    covered = (low <= truth) & (truth <= high)
    same = own[column(place, "same")]
    reads = TYPE_ONE if same.all() else POWER
    return CharacteristicRow(
        analysis=analysis.name,
        hypothesis=name,
        trials=number,
        undecided=int((~done).sum()),
        reads=EITHER if name == AVERAGED or not number else reads,
        rejected=_proportion(int(((low > 0.0) | (high < 0.0)).sum()), number),
        favours=_proportion(int((low > 0.0).sum()), number),
        estimate=_mean(estimate[done]),
        truth=None if ratio else _mean(sampled),
        bias=None if ratio else _mean((estimate - sampled)[done]),
        coverage=None if ratio else _proportion(int(covered[done].sum()), int(done.sum())),
        analysed=_mean(own[column(place, "arm")] + own[column(place, "control")]).value,
        planned=sum(
            protocol.arms[protocol.place(arm)].patients for arm in (analysis.arm, analysis.control)
        ),
        alpha=analysis.alpha,
    )


def _proportion(number: int, of: int) -> Proportion:
    if of == 0:
        return Proportion(np.nan, np.nan, np.nan)
    interval = binomtest(number, of).proportion_ci(method="wilson")
    return Proportion(number / of, float(interval.low), float(interval.high))


def _mean(values: NDArray[Any]) -> MeanValue:
    if not len(values):
        return MeanValue(np.nan, np.nan)
    se = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return MeanValue(float(np.mean(values)), float(se))
