"""Prediction distribution errors of a population: where each observation lies among replicates.

An individual's observations, and its replicates, are decorrelated by the replicates' mean and
covariance; the share of decorrelated replicates below the decorrelated observation is uniform if
the model is right, its normal quantile (NPDE) standard normal (Brendel 2006 [1]_). Tests: the mean
against 0 (t), the variance against 1 (chi-squared), normality (Shapiro-Wilk), and all three
(Bonferroni), as Comets 2008 [2]_ has them. Observations that lie beyond a limit, cultures and
grades take no part.

References
----------
.. [1] Brendel K et al. Metrics for external model evaluation with an application to the population
   pharmacokinetics of gliclazide. Pharm Res 2006;23:2036-2049. doi:10.1007/s11095-006-9067-5
.. [2] Comets E, Brendel K, Mentré F. Computing normalised prediction distribution errors to
   evaluate nonlinear mixed-effect models: the npde add-on package for R. Comput Methods Programs
   Biomed 2008;90:154-166. doi:10.1016/j.cmpb.2007.12.002
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import chi2, shapiro, ttest_1samp

from lymphocast.inference.population.problem import Population
from lymphocast.inference.population.replicates import Replicates

Floats = NDArray[np.float64]
FEWEST = 3  # values of which a test of normality can be made


@final
@dataclass(frozen=True)
class Npde:
    """Normalised prediction distribution errors, and their tests.

    Parameters
    ----------
    ids, times, predicted
        Whose each is, its study day, and the mean of its replicates.
    left_out
        How many observations have none: beyond a limit, a culture or a grade.
    values
        The errors.
    mean, variance
        Of all of them; 0 and 1 if the model is right.
    mean_p, variance_p, normal_p, p
        Of the tests of mean, variance and normality, and of all three.
    """

    ids: tuple[str, ...]
    left_out: int
    times: Floats
    predicted: Floats
    values: Floats
    mean: float
    variance: float
    mean_p: float
    variance_p: float
    normal_p: float
    p: float


def npde(population: Population, replicates: Replicates) -> Npde | None:
    """Return the prediction errors of all measured values with a normal error.

    ``None`` if there are fewer than three, of which no test can be made.
    """
    counted = population.measured
    if counted.sum() < FEWEST:
        return None
    ids, times, predicted, values = [], [], [], []
    for i, name in enumerate(population.ids):
        mine = counted & (population.data.of_unit[:, i] > 0.0)[:, None]
        if not mine.any():
            continue
        seen, simulated = population.data.value[mine], replicates.values[:, mine]
        found = _decorrelated(seen, simulated)
        ids += [name] * len(seen)
        times.append(population.times[mine])
        predicted.append(simulated.mean(axis=0))
        values.append(found)
    left_out = int(population.observed.sum() - counted.sum())
    return _tested(ids, left_out, *(np.concatenate(part) for part in (times, predicted, values)))


def _decorrelated(seen: Floats, simulated: Floats) -> Floats:
    """Return normal quantiles of the ranks of decorrelated values among replicates."""
    number = len(simulated)
    mean = simulated.mean(axis=0)
    covariance = np.atleast_2d(np.cov(simulated.T))
    root = np.linalg.cholesky(covariance + 1e-12 * np.diag(np.diag(covariance)))
    own = np.linalg.solve(root, seen - mean)
    theirs = np.linalg.solve(root, (simulated - mean).T).T
    share = (theirs < own).mean(axis=0)
    return np.asarray(ndtri(np.clip(share, 0.5 / number, 1.0 - 0.5 / number)))


def _tested(
    ids: Sequence[str], left_out: int, times: Floats, predicted: Floats, values: Floats
) -> Npde:
    number, variance = len(values), float(values.var(ddof=1))
    mean_p = float(ttest_1samp(values, 0.0).pvalue)
    side = float(chi2.cdf((number - 1) * variance, number - 1))
    variance_p = 2.0 * min(side, 1.0 - side)
    normal_p = float(shapiro(values).pvalue)
    together = min(1.0, 3.0 * min(mean_p, variance_p, normal_p))
    mean = float(values.mean())
    return Npde(
        tuple(ids), left_out, times, predicted, values, mean, variance, mean_p, variance_p,
        normal_p, together,
    )  # fmt: skip
