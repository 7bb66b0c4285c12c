"""Predictive checks of a population: visual predictive checks, and prediction errors.

Replicates of the whole data set are drawn from the estimates: effects from Omega, then observations
from their error models, at the same times and doses.

A visual predictive check compares percentiles of the observations in bins of time with the same
percentiles of replicates, of which the middle and an interval are kept. Prediction correction
(Bergstrand 2011 [1]_) takes out what typical predictions differ within a bin:

    y' = y pred_bin / pred         or, of a logarithm,  ln y' = ln y + ln pred_bin - ln pred

with pred the prediction without effects and pred_bin its median in the bin. Values below a limit of
quantification count as below every percentile that they reach; their share is a check of its own, as
is the share of each grade, and of positive cultures.

Prediction distribution errors (Brendel 2006 [2]_): an individual's observations, and its replicates,
are decorrelated by the replicates' mean and covariance; the share of decorrelated replicates below
the decorrelated observation is uniform if the model is right, its normal quantile (NPDE) standard
normal. Tests: the mean against 0 (t), the variance against 1 (chi-squared), normality
(Shapiro-Wilk), and the three together (Bonferroni), as Comets 2008 [3]_ has them. Observations that
lie beyond a limit, cultures and grades take no part.

References
----------
.. [1] Bergstrand M et al. Prediction-corrected visual predictive checks for diagnosing nonlinear
   mixed-effects models. AAPS J 2011;13:143-151. doi:10.1208/s12248-011-9255-z
.. [2] Brendel K et al. Metrics for external model evaluation with an application to the population
   pharmacokinetics of gliclazide. Pharm Res 2006;23:2036-2049. doi:10.1007/s11095-006-9067-5
.. [3] Comets E, Brendel K, Mentré F. Computing normalised prediction distribution errors to
   evaluate nonlinear mixed-effect models: the npde add-on package for R. Comput Methods Programs
   Biomed 2008;90:154-166. doi:10.1016/j.cmpb.2007.12.002
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, final

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import chi2, shapiro, ttest_1samp

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.errors import UsageError
from lymphocast.inference.error_model import (
    CultureError,
    GradeError,
    LogNormalError,
    Observed,
    ShareError,
)
from lymphocast.inference.population.joint import Data, Joint, Typicals
from lymphocast.inference.population.moments import is_normal, residual_and_variance
from lymphocast.inference.population.problem import Population
from lymphocast.models.component import Scalar

Floats = NDArray[np.float64]

BLOCK = 100  # replicates side by side
MOST_BINS = 10
PERCENTILES = (5.0, 50.0, 95.0)
INTERVAL = (2.5, 50.0, 97.5)


@final
@dataclass(frozen=True)
class Vpc:
    """A visual predictive check of one endpoint.

    Parameters
    ----------
    endpoint, kind, corrected
        What it is of: ``percentiles``, ``below`` (the limit) or ``categories``; and whether it is
        prediction-corrected.
    lines
        What each line is.
    times, numbers
        Median study day and number of the observations in each bin.
    observed, simulated
        ``[line, bin]``, and ``[line, bin, bound]``: 2.5 %, 50 % and 97.5 % of the replicates.
    """

    endpoint: str
    kind: str
    corrected: bool
    lines: tuple[str, ...]
    times: Floats
    numbers: NDArray[np.int64]
    observed: Floats
    simulated: Floats

    @property
    def inside(self) -> float:
        """Share of the observed points that lie in the interval of the replicates."""
        low, high = self.simulated[..., 0], self.simulated[..., 2]
        known = np.isfinite(self.observed)
        return float(((self.observed >= low) & (self.observed <= high))[known].mean())


@final
@dataclass(frozen=True)
class Npde:
    """Normalised prediction distribution errors, and their tests.

    Parameters
    ----------
    ids, times, predicted
        Whose each is, its study day, and the mean of its replicates.
    values
        The errors.
    mean, variance
        Of all of them; 0 and 1 if the model is right.
    mean_p, variance_p, normal_p, p
        Of the tests of mean, variance and normality, and of all three.
    """

    ids: tuple[str, ...]
    times: Floats
    predicted: Floats
    values: Floats
    mean: float
    variance: float
    mean_p: float
    variance_p: float
    normal_p: float
    p: float


@final
class Replicates(NamedTuple):
    """Replicated observations ``[replicate, unit, reading]``, and predictions without effects."""

    values: Floats
    typical: Floats


@partial(jax.jit, static_argnums=0)
def _drawn(
    joint: Joint, data: Data, typical: Typicals, eta: Scalar, normal: Scalar, uniform: Scalar
) -> tuple[Scalar, Scalar]:
    """Return drawn observations, and the output that each is drawn around."""
    theta = joint.theta(typical, eta)
    found, _ = joint.predictions(data, theta)
    own = joint.by_unit(theta)
    value = jnp.full(normal.shape, jnp.nan)
    output = jnp.full(normal.shape, jnp.nan)
    for k, (name, error) in enumerate(joint.endpoints):
        predicted = found[name]
        if isinstance(error, (CultureError, GradeError)):
            most = 1 if isinstance(error, CultureError) else len(error.thresholds)
            ways = [
                jnp.exp(error.log_prob(predicted, _seen(predicted, float(g)), _flat(own)))
                for g in range(most + 1)
            ]
            below = jnp.cumsum(jnp.stack(ways), axis=0)[:-1]
            made = jnp.sum(uniform > below, axis=0).astype(float)
        else:
            residual, variance = residual_and_variance(
                error, predicted, jnp.ones(predicted.shape) * 1.0, own
            )
            scaled = normal * jnp.sqrt(variance)
            made = predicted + scaled
            if isinstance(error, LogNormalError):
                made = jnp.exp(-residual + scaled)
            if isinstance(error, ShareError):
                level = jnp.log(predicted) - jnp.log(own[error.rest]) + scaled
                made = 100.0 * jax.nn.sigmoid(level)
        mine = data.endpoint == k
        value, output = jnp.where(mine, made, value), jnp.where(mine, predicted, output)
    return value, output


def _seen(predicted: Scalar, grade: float) -> Observed:
    return Observed(jnp.full(predicted.shape, grade), jnp.zeros(predicted.shape))


def _flat(own: Typicals) -> dict[str, Scalar]:
    """Return parameters without the axis of readings, which the error model adds itself."""
    return {n: v[..., 0] for n, v in own.items()}


def replicate(population: Population, x: Floats, number: int, seed: int) -> Replicates:
    """Return replicates of a population's observations.

    Parameters
    ----------
    population, x
        The population, and the vector of its parameters.
    number, seed
        How many replicates; seed of all random numbers.
    """
    rng = np.random.default_rng([seed, 23])
    spread = population.spread(population.form.values(x[None]))
    root = np.linalg.cholesky(spread.covariance[0])
    shape = (BLOCK, *population.data.endpoint.shape)
    wide = {n: np.repeat(v, BLOCK, axis=0) for n, v in spread.typical.items()}
    found, middle = [], np.empty(0)
    for _ in range(0, number, BLOCK):
        eta = rng.standard_normal((BLOCK, len(population.ids), population.effects)) @ root.T
        normal, uniform = rng.standard_normal(shape), rng.uniform(size=shape)
        own = _drawn(population.joint, population.data, wide, eta, normal, uniform)
        found.append(np.asarray(own[0]))
    none = np.zeros((BLOCK, len(population.ids), population.effects))
    middle = np.asarray(
        _drawn(population.joint, population.data, wide, none, np.zeros(shape), 0.5 + np.zeros(shape))[1]
    )[0]
    return Replicates(np.concatenate(found)[:number], middle)


def npde(population: Population, replicates: Replicates) -> Npde:
    """Return the prediction errors of all measured values with a normal error.

    Raises
    ------
    UsageError
        If there is no such value.
    """
    normal = np.array([is_normal(e.error) for e in population.design.endpoints])
    endpoint, censoring = population.data.endpoint, population.data.censoring
    counted = (endpoint >= 0) & normal[endpoint] & (censoring == 0.0)
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
    if not values:
        msg = "prediction errors of no measured value with a normal error; needed one"
        raise UsageError(msg)
    return _tested(ids, *(np.concatenate(part) for part in (times, predicted, values)))


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


def _tested(ids: Sequence[str], times: Floats, predicted: Floats, values: Floats) -> Npde:
    number, variance = len(values), float(values.var(ddof=1))
    mean_p = float(ttest_1samp(values, 0.0).pvalue)
    side = float(chi2.cdf((number - 1) * variance, number - 1))
    variance_p = 2.0 * min(side, 1.0 - side)
    normal_p = float(shapiro(values).pvalue)
    together = min(1.0, 3.0 * min(mean_p, variance_p, normal_p))
    mean = float(values.mean())
    return Npde(
        tuple(ids), times, predicted, values, mean, variance, mean_p, variance_p, normal_p, together
    )


def visual_checks(
    population: Population, replicates: Replicates, *, corrected: bool = True
) -> tuple[Vpc, ...]:
    """Return the visual predictive checks of every endpoint: what applies to it."""
    found: list[Vpc] = []
    for k, endpoint in enumerate(population.design.endpoints):
        mine = np.asarray(population.data.endpoint == k)
        if not mine.any():
            continue
        seen = _Seen(
            endpoint.name,
            population.times[mine],
            population.data.value[mine],
            population.data.censoring[mine],
            replicates.values[:, mine],
        )
        bins = _bins(seen.times)
        if not is_normal(endpoint.error):
            found.append(_categories(seen, bins))
            continue
        logs = isinstance(endpoint.error, LogNormalError)
        found.append(_percentiles(seen, bins, replicates.typical[mine], corrected, logs))
        if (seen.censoring > 0.0).any():
            limit = seen.value[seen.censoring > 0.0].max()
            found.append(_below(seen, bins, limit if endpoint.lloq is None else endpoint.lloq))
    return tuple(found)


@final
class _Seen(NamedTuple):
    """The observations of one endpoint, and their replicates ``[replicate, observation]``."""

    endpoint: str
    times: Floats
    value: Floats
    censoring: Floats
    simulated: Floats


def _bins(times: Floats) -> NDArray[np.int64]:
    """Return the bin of each time: the times themselves if they are few, else equal numbers."""
    known = np.unique(times)
    if len(known) <= MOST_BINS:
        return np.searchsorted(known, times)
    edges = np.unique(np.quantile(times, np.linspace(0.0, 1.0, MOST_BINS + 1)[1:-1]))
    return np.searchsorted(edges, times, side="right")


def _percentiles(
    seen: _Seen, bins: NDArray[np.int64], typical: Floats, corrected: bool, logs: bool
) -> Vpc:
    value, simulated = seen.value.copy(), seen.simulated
    value[seen.censoring > 0.0] = -np.inf
    value[seen.censoring < 0.0] = np.inf
    if corrected:
        factor = _correction(typical, bins, logs)
        value, simulated = value * factor, simulated * factor
    return _made(
        seen,
        bins,
        "percentiles",
        corrected,
        tuple(f"{p:g} %" for p in PERCENTILES),
        value,
        simulated,
        lambda x: np.percentile(x, PERCENTILES, axis=-1, method="closest_observation"),
    )


def _correction(typical: Floats, bins: NDArray[np.int64], logs: bool) -> Floats:
    """Return the factor of each observation; 1 where a typical prediction is 0."""
    del logs  # of a logarithm a difference, of the value itself the same factor
    factor = np.ones(len(typical))
    for b in np.unique(bins):
        own = bins == b
        middle = np.median(typical[own])
        sound = own & (typical > 0.0)
        if middle > 0.0:
            factor[sound] = middle / typical[sound]
    return factor


def _below(seen: _Seen, bins: NDArray[np.int64], limit: float) -> Vpc:
    own = (seen.censoring > 0.0).astype(float)
    theirs = (seen.simulated < limit).astype(float)
    name = (f"below {limit:g}",)
    return _made(seen, bins, "below", False, name, own, theirs, _share)


def _share(x: Floats) -> Floats:
    return np.asarray(x.mean(axis=-1)[None])


def _categories(seen: _Seen, bins: NDArray[np.int64]) -> Vpc:
    known = np.unique(np.concatenate([seen.value, seen.simulated.ravel()]))
    return _made(
        seen,
        bins,
        "categories",
        False,
        tuple(f"{c:g}" for c in known),
        seen.value,
        seen.simulated,
        lambda x: np.stack([(x == c).mean(axis=-1) for c in known]),
    )


def _made(seen, bins, kind, corrected, lines, value, simulated, line) -> Vpc:  # noqa: ANN001
    """Return the check of some lines, which ``line`` computes along the last axis."""
    chosen = [bins == b for b in np.unique(bins)]
    observed = np.stack([line(value[own]) for own in chosen], axis=-1)
    theirs = np.stack([line(simulated[:, own]) for own in chosen], axis=-1)  # [line, replicate, bin]
    bounds = np.percentile(theirs, INTERVAL, axis=1)
    return Vpc(
        seen.endpoint,
        kind,
        corrected,
        lines,
        np.array([np.median(seen.times[own]) for own in chosen]),
        np.array([int(own.sum()) for own in chosen]),
        observed,
        np.moveaxis(bounds, 0, -1),
    )
