"""What comes next, and what should be seen: the count after stopping, at any date, as curves.

Counts are latent unless called measured. ``p_below`` is the probability at one point in time,
``p_below_by_then`` that of having been below at least once since the origin (first passage),
read on a grid of stated width.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from lymphocast.engine.course import FACTUAL, Treatment
from lymphocast.forecast.attribution import treatment_stop
from lymphocast.forecast.ensemble import Conditions, Ensemble, Part
from lymphocast.forecast.results import (
    AVERAGED,
    ByHypothesis,
    Curve,
    ForecastPoint,
    ObservedCount,
    Prediction,
)
from lymphocast.inference.diagnostics import measured_counts
from lymphocast.record.patient import PatientRecord
from lymphocast.units import DAYS_PER_YEAR

Floats = NDArray[np.float64]
HORIZONS = (1.0, 2.0, 5.0)  # years
THRESHOLDS = (200, 300)  # cells/uL: prophylaxis; the surveillance definition of ICL
PASSAGE_GRID = 15.0  # days between looks for the first passage
CURVE_DRAWS = 1_500
CURVE_STEP = 14  # days between points of a curve
CURVE_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
FIGURE_YEARS = 2.0
WITHOUT = "without-il2"


def noise(ensemble: Ensemble, seed: int, stream: int) -> Floats:
    """Return one standard normal for each lane, for measured values."""
    return np.random.default_rng([seed, 5, stream]).standard_normal(ensemble.lanes)


def measured(latent: Floats, ensemble: Ensemble, white: Floats, reading: float = 0.0) -> Floats:
    """Return latent counts with measurement error, and that of reading a figure (one each)."""
    return np.asarray(latent * np.exp(np.hypot(ensemble.theta["count_sd"], reading) * white))


def forecast_untreated(ensemble: Ensemble) -> ByHypothesis[tuple[ForecastPoint, ...]]:
    """Return the count 1, 2 and 5 years after the last count, and after stopping, untreated."""
    individual = ensemble.individual
    origins = {
        "last-count": ensemble.day(individual.counts[-1].at),
        "il2-stop": ensemble.day(treatment_stop(individual)),
    }
    steps = np.arange(0.0, HORIZONS[-1] * DAYS_PER_YEAR + PASSAGE_GRID, PASSAGE_GRID)
    grid = np.unique(np.concatenate([steps, np.array(HORIZONS) * DAYS_PER_YEAR]))
    rows = []
    for origin, start in origins.items():
        lowest = np.full(ensemble.lanes, np.inf)
        reached = 0
        for years in HORIZONS:
            upto = int(np.searchsorted(grid, years * DAYS_PER_YEAR)) + 1
            counts = ensemble.count(start + grid[reached:upto, None])
            lowest = np.minimum(lowest, counts.min(axis=0))
            rows.append((origin, years, counts[-1], lowest))
            reached = upto
    return ensemble.each(lambda part: tuple(_point(part, *row) for row in rows))


def _point(part: Part, origin: str, years: float, count: Floats, lowest: Floats) -> ForecastPoint:
    return ForecastPoint(
        origin=origin,
        years=years,
        count=part.interval(count),
        p_below={limit: part.probability(count < limit) for limit in THRESHOLDS},
        p_below_by_then={limit: part.probability(lowest < limit) for limit in THRESHOLDS},
    )


def falls_below(ensemble: Ensemble, limit: float, years: float) -> Conditions:
    """Return where the latent count passes below ``limit`` within ``years`` of the last one."""
    start = ensemble.day(ensemble.individual.counts[-1].at)
    grid = np.append(np.arange(0.0, years * DAYS_PER_YEAR, PASSAGE_GRID), years * DAYS_PER_YEAR)
    return np.asarray(ensemble.count(start + grid[:, None]).min(axis=0) < limit)


def predict_days(
    ensemble: Ensemble, days: Sequence[date], seed: int
) -> ByHypothesis[tuple[Prediction, ...]]:
    """Return the count expected on given days under the recorded treatment."""
    zero = ensemble.individual.day_zero
    offsets = np.array([float((day - zero).days) for day in days]).reshape(-1, 1)
    latent = ensemble.count(offsets)
    seen = [measured(latent[i], ensemble, noise(ensemble, seed, i)) for i in range(len(days))]
    return ensemble.each(
        lambda part: tuple(
            Prediction(day, part.interval(latent[i]), part.interval(seen[i]))
            for i, day in enumerate(days)
        )
    )


def observed_counts(
    ensemble: Ensemble, record: PatientRecord, seed: int
) -> tuple[ObservedCount, ...]:
    """Return each recorded count beside what the posterior would have expected to measure."""
    recorded = {m.id: m for m in record.measurements}
    seen = measured_counts(ensemble.individual, ensemble.theta, seed)
    return tuple(
        ObservedCount(
            id=count.id,
            value=count.value,
            unit="/uL",
            earliest=recorded[count.id].at.earliest,
            latest=recorded[count.id].at.latest,
            predictive=ensemble.whole.interval(again),
            below=count.below,
        )
        for count, again in zip(ensemble.individual.counts, seen, strict=True)
    )


def count_curves(ensemble: Ensemble, first: date) -> tuple[Curve, ...]:
    """Return the curves of the treatment figure from ``first`` to two years past the last count.

    Factual and without IL-2, averaged; and the forecast after the last count by explanation.
    """
    thin = ensemble.thinned(min(CURVE_DRAWS, ensemble.size))
    zero, last = thin.individual.day_zero, thin.individual.counts[-1]
    turn = zero + timedelta(days=round(thin.individual.nominal(last.at)))
    end = turn + timedelta(days=round(FIGURE_YEARS * DAYS_PER_YEAR))
    before = _days(first, turn)
    after = _days(turn, end)
    whole = {AVERAGED: thin.whole}
    return (
        *_curves(thin, "factual", FACTUAL, before, whole, forecast=False),
        *_curves(thin, "factual", FACTUAL, after, whole, forecast=True),
        *_curves(thin, WITHOUT, Treatment(0.0), _days(first, end), whole, forecast=False),
        *_curves(thin, "factual", FACTUAL, after, _explanations(thin), forecast=True),
    )


def _days(first: date, last: date) -> tuple[date, ...]:
    number = (last - first).days // CURVE_STEP
    return (*(first + timedelta(days=CURVE_STEP * i) for i in range(number + 1)), last)


def _explanations(ensemble: Ensemble) -> dict[str, Part]:
    """Parts that differ in what they say of counts, whatever they say of clearance."""
    parts = {}
    for i in range(0, len(ensemble.hypotheses), 2):
        lanes = slice(i * ensemble.size, (i + 2) * ensemble.size)
        weights = ensemble.weights[lanes]
        total = weights.sum()
        if total > 0.0:
            parts[ensemble.hypotheses[i].counts_name] = Part(lanes, weights / total)
    return parts


def _curves(
    ensemble: Ensemble,
    scenario: str,
    treatment: Treatment,
    days: tuple[date, ...],
    parts: dict[str, Part],
    *,
    forecast: bool,
) -> list[Curve]:
    zero = ensemble.individual.day_zero
    offsets = np.array([[float((day - zero).days)] for day in days])
    counts = ensemble.count(offsets, treatment)
    found = []
    for name, part in parts.items():
        low, lower, middle, upper, high = part.quantiles(counts, CURVE_LEVELS)
        found.append(
            Curve(
                scenario=scenario,
                hypotheses=name,
                label=_label(ensemble, scenario, name),
                weight=float(ensemble.weights[part.lanes].sum()),
                forecast=forecast,
                days=days,
                p05=low,
                p25=lower,
                p50=middle,
                p75=upper,
                p95=high,
            )
        )
    return found


def _label(ensemble: Ensemble, scenario: str, name: str) -> str:
    if scenario == WITHOUT:
        return f"without {ensemble.individual.plan.study_drug}"
    for hypothesis in ensemble.hypotheses:
        if hypothesis.counts_name == name:
            return hypothesis.counts_label
    return "average over all explanations"
