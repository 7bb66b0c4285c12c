"""Replicates of a population's data: effects from Omega, observations from their error models.

Times and doses are those of the data. Limits of quantification are not applied: what is compared
with them is the value that would have been measured.
"""

from functools import partial
from typing import NamedTuple, final

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.inference.error_model import (
    CultureError,
    ErrorModel,
    GradeError,
    LogNormalError,
    Observed,
    ShareError,
)
from lymphocast.inference.population.joint import Data, Joint, Typicals
from lymphocast.inference.population.moments import residual_and_variance
from lymphocast.inference.population.problem import Population
from lymphocast.models.component import Scalar

Floats = NDArray[np.float64]

BLOCK = 100  # replicates side by side


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
        made = _made(error, predicted, own, normal, uniform)
        mine = data.endpoint == k
        value, output = jnp.where(mine, made, value), jnp.where(mine, predicted, output)
    return value, output


def _made(
    error: ErrorModel, predicted: Scalar, own: Typicals, normal: Scalar, uniform: Scalar
) -> Scalar:
    """Return observations of an output, from standard normal and uniform numbers."""
    if isinstance(error, (CultureError, GradeError)):
        most = 1 if isinstance(error, CultureError) else len(error.thresholds)
        ways = [
            jnp.exp(error.log_prob(predicted, _seen(predicted, float(g)), _flat(own)))
            for g in range(most + 1)
        ]
        below = jnp.cumsum(jnp.stack(ways), axis=0)[:-1]
        return jnp.sum(uniform > below, axis=0).astype(float)
    _, variance = residual_and_variance(error, predicted, jnp.ones(predicted.shape), own)
    moved = normal * jnp.sqrt(variance)
    if isinstance(error, LogNormalError):
        return predicted * jnp.exp(moved)
    if isinstance(error, ShareError):
        return 100.0 * jax.nn.sigmoid(jnp.log(predicted) - jnp.log(own[error.rest]) + moved)
    return predicted + moved


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
        _drawn(
            population.joint, population.data, wide, none, np.zeros(shape), 0.5 + np.zeros(shape)
        )[1]
    )[0]
    return Replicates(np.concatenate(found)[:number], middle)
