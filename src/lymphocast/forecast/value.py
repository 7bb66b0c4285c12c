"""What one more count would tell, before it is taken: expected information by date.

Given a statement s and a count y that the draws can predict (a preposterior analysis: Raiffa and
Schlaifer 1961; Lindley 1956, doi:10.1214/aoms/1177728069),

    I = sum over s of  int p(s, y) log2( p(s, y) / (p(s) p(y)) ) d ln y        bits

Without a cost of delay the most telling date wins, however late. With a cost of c bits a month the
best date is the one with the greatest I - c months, and no count at all where that is negative;
the costs at which the best date changes are those of the upper hull of I over months.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from lymphocast.forecast.attribution import il2_more_than_half, key_days
from lymphocast.forecast.ensemble import Conditions, Ensemble
from lymphocast.forecast.scenario import falls_below
from lymphocast.forecast.sensitivity import (
    FALL_LIMIT,
    FALL_YEARS,
    NO_BELOW,
    YES_ABOVE,
)
from lymphocast.forecast.valued import AtCost, BestDate, CountValue, NextCount
from lymphocast.inference.evidence import systematic
from lymphocast.units import DAYS_PER_MONTH

Floats = NDArray[np.float64]
MONTHS = (3.0, 6.0, 12.0, 24.0, 36.0)  # after the last count; where a clinic would look again
DRAWS = 1_000  # of each hypothesis
NODES = 121  # of ln(count); about a third of the smallest measurement error apart: 1e-10 bits
LEAST_BITS = 1e-3  # of the 1,000 draws of each hypothesis one is worth about so much
WIDE = 4.0  # measurement errors beyond the outermost latent count
SIMULATED = 400  # vectors of counts where several are taken together
CAUSE, FALL, IL2 = "b", "c", "il2"


def next_count(ensemble: Ensemble, shown: Sequence[date], seed: int) -> NextCount:
    """Return the value of one count by date, and of counts on the days that the source shows.

    Parameters
    ----------
    ensemble
        The draws.
    shown
        Days on which the source shows counts that the record lacks.
    seed
        Seed of counts that are simulated together.
    """
    thin = ensemble.thinned(min(DRAWS, ensemble.size))
    statements = statements_of(thin)
    last = thin.individual.counts[-1].at
    origin = thin.individual.day_zero + timedelta(days=round(thin.individual.nominal(last)))
    by_date = tuple(
        one_count(thin, statements, origin + timedelta(days=round(m * DAYS_PER_MONTH)), m)
        for m in MONTHS
    )
    figure = [one_count(thin, statements, day, 0.0) for day in shown]
    if len(shown) > 1:
        figure.append(counts_together(thin, statements, tuple(shown), seed))
    return NextCount(
        unknown={n: float(entropy(thin.whole.probability(s))) for n, s in statements.items()},
        by_date=by_date,
        best=best_dates([(v.months, _told(v.bits[CAUSE])) for v in by_date]),
        figure=tuple(figure),
    )


def _told(bits: float) -> float:
    """Information, or none where there is less than draws can tell from none."""
    return bits if bits >= LEAST_BITS else 0.0


def entropy(p: float | Floats) -> Floats:
    """Return what is unknown of a statement with this probability, in bits."""
    inside = np.clip(p, np.finfo(float).tiny, 1.0)
    outside = np.clip(1.0 - np.asarray(p), np.finfo(float).tiny, 1.0)
    return np.asarray(-inside * np.log2(inside) - outside * np.log2(outside))


def best_dates(values: Sequence[tuple[float, float]]) -> tuple[BestDate, ...]:
    """Return for which cost a month each date is best, from the highest cost to none.

    Parameters
    ----------
    values
        Months of delay and information, in order of months; waiting for no count is worth 0.
    """
    hull = [(0.0, 0.0)]
    for point in values:
        while len(hull) > 1 and _slope(hull[-2], hull[-1]) <= _slope(hull[-1], point):
            hull.pop()
        hull.append(point)
    slopes = [_slope(a, b) for a, b in pairwise(hull)]
    ends = [*slopes[1:], 0.0]
    return tuple(
        BestDate(months=point[0], cost_from=max(end, 0.0), cost_to=slope)
        for point, slope, end in zip(hull[1:], slopes, ends, strict=True)
        if slope > 0.0
    )


def at_cost(value: NextCount, cost: float) -> NextCount:
    """Return the same with the date that is best at a cost of delay, in bits a month."""
    best = next((b.months for b in value.best if b.cost_from <= cost < b.cost_to), None)
    bits = next((v.bits[CAUSE] for v in value.by_date if v.months == best), 0.0)
    return replace(value, stated=AtCost(cost, best, bits, bits - cost * (best or 0.0)))


def _slope(one: tuple[float, float], other: tuple[float, float]) -> float:
    return (other[1] - one[1]) / (other[0] - one[0])


def statements_of(ensemble: Ensemble) -> dict[str, Conditions]:
    """Return where each question's statement holds, ``[lane]``, by letter."""
    days = key_days(ensemble)
    counts = ensemble.count(days)
    more = il2_more_than_half(counts[1] - counts[0], ensemble.added(days)[1])
    il2 = np.repeat([h.il2 for h in ensemble.hypotheses], ensemble.size)
    return {CAUSE: more, FALL: falls_below(ensemble, FALL_LIMIT, FALL_YEARS), IL2: il2}


def _log_latent(ensemble: Ensemble, days: Sequence[date]) -> Floats:
    zero = ensemble.individual.day_zero
    return np.log(ensemble.count(np.array([[float((day - zero).days)] for day in days])))


def one_count(
    ensemble: Ensemble, statements: Mapping[str, Conditions], day: date, months: float
) -> CountValue:
    """Return the value of one count, by quadrature over ln(count)."""
    latent, sd = _log_latent(ensemble, (day,))[0], ensemble.theta["count_sd"]
    edge = WIDE * sd.max()
    grid = np.linspace(latent.min() - edge, latent.max() + edge, NODES)
    weighted = np.exp(-0.5 * ((grid[:, None] - latent) / sd) ** 2) / sd * ensemble.weights
    density = weighted.sum(axis=1)
    density /= np.trapezoid(density, grid)
    bits, decided = {}, {}
    for name, statement in statements.items():
        after = weighted[:, statement].sum(axis=1) / np.maximum(
            weighted.sum(axis=1), np.finfo(float).tiny
        )
        before = ensemble.whole.probability(statement)
        left = np.trapezoid(density * entropy(after), grid)
        bits[name] = max(0.0, float(entropy(before) - left))
        settled = (after > YES_ABOVE) | (after < NO_BELOW)
        decided[name] = min(1.0, float(np.trapezoid(density * settled, grid)))
    return CountValue((day,), months, bits, decided)


def counts_together(
    ensemble: Ensemble, statements: Mapping[str, Conditions], days: tuple[date, ...], seed: int
) -> CountValue:
    """Return the value of several counts taken together, by simulation."""
    rng = np.random.default_rng([seed, 13])
    latent, sd = _log_latent(ensemble, days), ensemble.theta["count_sd"]
    with np.errstate(divide="ignore"):
        log_weights = np.log(ensemble.weights)
    truths = systematic(log_weights, SIMULATED, rng)
    seen = latent[:, truths] + sd[truths] * rng.standard_normal((len(days), SIMULATED))
    log_joint = log_weights - len(days) * np.log(sd)
    log_joint = log_joint - 0.5 * sum(
        ((seen[i][:, None] - latent[i]) / sd) ** 2 for i in range(len(days))
    )
    log_joint[np.arange(SIMULATED), truths] = -np.inf  # a draw must not explain itself
    share = np.exp(log_joint - logsumexp(log_joint, axis=1)[:, None])
    bits, decided = {}, {}
    for name, statement in statements.items():
        after = share[:, statement].sum(axis=1)
        before = ensemble.whole.probability(statement)
        bits[name] = max(0.0, float(entropy(before) - entropy(after).mean()))
        decided[name] = float(((after > YES_ABOVE) | (after < NO_BELOW)).mean())
    return CountValue(days, 0.0, bits, decided)
