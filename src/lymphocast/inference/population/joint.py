"""The observations of all individuals given their effects: likelihood, residuals, derivatives.

Everything is computed at several places of the parameters at once, ``[place, individual]``, in one
compiled call; derivatives with respect to effects are forward columns.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, final

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.engine.replay_population import PopulationCourse
from lymphocast.inference.error_model import ErrorModel, Observed
from lymphocast.inference.population.moments import is_normal, residual_and_variance
from lymphocast.models.component import Scalar
from lymphocast.models.random_effects import EffectTransform

Floats = NDArray[np.float64]
Typicals = Mapping[str, Scalar]

PLACEHOLDER = 1.0  # stands where another endpoint, or none, is observed


@final
class Data(NamedTuple):
    """What the compiled code is called with besides parameters and effects.

    Parameters
    ----------
    laid
        The courses' own arrays.
    endpoint, value, censoring
        Which endpoint each reading is of (-1 for none), and the observation, ``[unit, reading]``.
    of_unit
        1 where a unit is an individual's, ``[unit, individual]``.
    """

    laid: Any
    endpoint: Scalar
    value: Scalar
    censoring: Scalar
    of_unit: Scalar


@final
class Around(NamedTuple):
    """A function of an individual's effects: value, slopes ``[.., effect]`` and curvature."""

    value: Floats
    slopes: Floats
    curvature: Floats


@final
@dataclass(frozen=True)
class Joint:
    """The observations given typical values and effects: hashable, a pure function.

    Parameters
    ----------
    course
        The courses of all individuals.
    parameters
        What the model reads.
    endpoints
        Output and error model of each endpoint.
    effects
        Parameters with an effect, in the order of the effects, and how each changes its parameter.
    individual
        Whose each unit is.
    """

    course: PopulationCourse
    parameters: tuple[str, ...]
    endpoints: tuple[tuple[str, ErrorModel], ...]
    effects: tuple[tuple[str, EffectTransform], ...]
    individual: tuple[int, ...]

    def theta(self, typical: Typicals, eta: Scalar) -> dict[str, Scalar]:
        """Return the parameters ``[place, individual]`` of effects with a last axis more."""
        found = dict(typical)
        for i, (name, transform) in enumerate(self.effects):
            found[name] = transform.apply(typical[name], eta[..., i])
        return found

    def predictions(
        self, data: Data, theta: Mapping[str, Scalar]
    ) -> tuple[dict[str, Scalar], Scalar]:
        """Return the outputs ``[place, unit, reading]``, and which units are solved."""
        places = next(iter(theta.values())).shape[0]
        read = self.course(data.laid, {n: theta[n] for n in self.parameters}, places)
        return read.values, read.code == 0

    def by_unit(self, theta: Mapping[str, Scalar]) -> dict[str, Scalar]:
        """Return the error models' parameters beside predictions."""
        which = np.array(self.individual)
        names = {n for _, error in self.endpoints for n in error.parameters}
        return {n: theta[n][:, which][..., None] for n in names}

    def log_likelihood(self, data: Data, typical: Typicals, eta: Scalar) -> Scalar:
        """Return the log likelihood of each individual, ``[place, individual]``."""
        theta = self.theta(typical, eta)
        found, solved = self.predictions(data, theta)
        which = np.array(self.individual)
        total = jnp.zeros(solved.shape)
        for k, (output, error) in enumerate(self.endpoints):
            mine = data.endpoint == k
            predicted = jnp.where(solved[..., None] & mine, found[output], PLACEHOLDER)
            own = Observed(
                jnp.where(mine, data.value, PLACEHOLDER), jnp.where(mine, data.censoring, 0.0)
            )
            each = error.log_prob(predicted, own, {n: v[:, which] for n, v in theta.items()})
            total = total + jnp.sum(jnp.where(mine, each, 0.0), axis=-1)
        return _summed(jnp.where(solved, total, -jnp.inf), data)

    def residuals(
        self, data: Data, typical: Typicals, eta: Scalar
    ) -> tuple[Scalar, Scalar, Scalar]:
        """Return residuals and variances ``[place, unit, reading]``, and which units are solved.

        What is not observed, or has no normal error, has a residual of 0 and a variance of 1.
        """
        theta = self.theta(typical, eta)
        found, solved = self.predictions(data, theta)
        own = self.by_unit(theta)
        residual, variance = jnp.zeros((*solved.shape, 1)), jnp.ones((*solved.shape, 1))
        for k, (output, error) in enumerate(self.endpoints):
            if not is_normal(error):
                continue
            mine = (data.endpoint == k) & (data.censoring == 0.0)
            predicted = jnp.where(solved[..., None] & mine, found[output], PLACEHOLDER)
            value = jnp.where(mine, data.value, PLACEHOLDER)
            away, scatter = residual_and_variance(error, predicted, value, own)
            residual = jnp.where(mine, away, residual)
            variance = jnp.where(mine, scatter, variance)
        return residual, variance, solved


def _summed(by_unit: Scalar, data: Data) -> Scalar:
    """Return sums over the units of each individual, ``[place, unit, ..]`` to individuals."""
    finite = jnp.where(jnp.isfinite(by_unit), by_unit, 0.0)
    total = jnp.einsum("bu...,un->bn...", finite, data.of_unit)
    bad = jnp.einsum("bu...,un->bn...", (~jnp.isfinite(by_unit)).astype(float), data.of_unit)
    return jnp.where(bad > 0.0, -jnp.inf, total)


@partial(jax.jit, static_argnums=0)
def log_likelihood(joint: Joint, data: Data, typical: Typicals, eta: Scalar) -> Scalar:
    """Return the log likelihood of each individual, -inf where it is nothing."""
    found = joint.log_likelihood(data, typical, eta)
    return jnp.where(jnp.isfinite(found), found, -jnp.inf)


@partial(jax.jit, static_argnums=0)
def with_slopes(joint: Joint, data: Data, typical: Typicals, eta: Scalar) -> tuple[Scalar, Scalar]:
    """Return the log likelihood of each individual and its slopes ``[.., effect]``."""

    def total(own: Scalar) -> tuple[Scalar, Scalar]:
        found = joint.log_likelihood(data, typical, own)
        return jnp.sum(jnp.where(jnp.isfinite(found), found, 0.0)), found

    (_, found), slopes = jax.value_and_grad(total, has_aux=True)(eta)
    known = jnp.isfinite(found) & jnp.isfinite(slopes).all(axis=-1)
    return jnp.where(known, found, -jnp.inf), jnp.where(known[..., None], slopes, 0.0)


@partial(jax.jit, static_argnums=(0, 1))
def first_order(
    joint: Joint, interaction: bool, data: Data, typical: Typicals, eta: Scalar
) -> tuple[Scalar, Scalar, Scalar]:
    """Return half the extended squares of each individual, their slopes and expected curvature.

    The value is the sum of (r^2 / v + ln v) / 2 with residuals r and variances v; the curvature
    that of r' v^-1 r with r linear, and of v as a parameter of a normal distribution. Without
    interaction the variance is that of no effects.
    """

    def both(own: Scalar) -> tuple[Scalar, Scalar, Scalar]:
        return joint.residuals(data, typical, own)

    (residual, variance, solved), slope = jax.linearize(both, eta)
    size = eta.shape[-1]
    unit = jnp.broadcast_to(jnp.eye(size)[:, None, None], (size, *eta.shape))
    moved, spread, _ = jax.vmap(slope)(unit)
    if not interaction:
        _, variance, there = joint.residuals(data, typical, 0.0 * eta)
        spread, solved = 0.0 * spread, solved & there
    weight, share = 1.0 / variance, spread / variance
    value = 0.5 * jnp.sum(residual**2 * weight + jnp.log(variance), axis=-1)
    rows = moved * residual * weight + 0.5 * share * (1.0 - residual**2 * weight)
    curved = jnp.einsum("kbur,lbur->bukl", moved * weight, moved)
    curved = curved + 0.5 * jnp.einsum("kbur,lbur->bukl", share, share)
    value = -_summed(jnp.where(solved, -value, -jnp.inf), data)
    total = partial(jnp.einsum, "bu...,un->bn...")
    own = total(jnp.moveaxis(jnp.sum(rows, axis=-1), 0, -1), data.of_unit)
    return value, own, total(curved, data.of_unit)


@partial(jax.jit, static_argnums=0)
def residual_rows(
    joint: Joint, data: Data, typical: Typicals, eta: Scalar
) -> tuple[Scalar, Scalar, Scalar]:
    """Return residuals and variances ``[place, unit, reading]``, and which readings have them."""
    residual, variance, _ = joint.residuals(data, typical, eta)
    counted = jnp.zeros(data.endpoint.shape, bool)
    for k, (_, error) in enumerate(joint.endpoints):
        if is_normal(error):
            counted = counted | ((data.endpoint == k) & (data.censoring == 0.0))
    shape = (*residual.shape[:2], data.endpoint.shape[1])
    return jnp.broadcast_to(residual, shape), jnp.broadcast_to(variance, shape), counted
