"""Quantiles of the beta distribution, as a function of a standard normal that JAX differentiates.

x(z) solves F(x) = Phi(z), F the regularised incomplete beta function. It is found by bisection of
ln(x / (1 - x)), on the side where the probability is small; its derivative is phi(z) / f(x), f the
density.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.special import betainc, betaln, ndtr, ndtri
from jax.scipy.stats import norm

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.models.component import Scalar

FARTHEST = 700.0  # of ln(x / (1 - x)); exp of more overflows
BISECTIONS = 64  # 1400 / 2^64 is below the spacing of 64-bit floats


def beta_shapes(mean: Scalar, sd: Scalar) -> tuple[Scalar, Scalar]:
    """Return the shapes a and b of a beta distribution with this mean and SD."""
    total = mean * (1.0 - mean) / sd**2 - 1.0
    return mean * total, (1.0 - mean) * total


def beta_z(bound: float, a: float, b: float) -> float:
    """Return the standard-normal value at which a parameter reaches ``bound``."""
    x = min(max(bound, 0.0), 1.0)
    if x > 0.5:
        return float(-ndtri(betainc(b, a, 1.0 - x)))
    return float(ndtri(betainc(a, b, x)))


@jax.custom_jvp
def beta_quantile(z: Scalar, a: Scalar, b: Scalar) -> Scalar:
    """Return the quantile at standard-normal value ``z``; no derivative in ``a`` and ``b``."""
    small = ndtr(-jnp.abs(z))
    own, other = jnp.where(z > 0.0, b, a), jnp.where(z > 0.0, a, b)

    def halve(_: int, bracket: tuple[Scalar, Scalar]) -> tuple[Scalar, Scalar]:
        low, high = bracket
        middle = 0.5 * (low + high)
        below = betainc(own, other, jax.nn.sigmoid(middle)) < small
        return jnp.where(below, middle, low), jnp.where(below, high, middle)

    ends = jnp.full_like(small, -FARTHEST), jnp.full_like(small, FARTHEST)
    low, high = jax.lax.fori_loop(0, BISECTIONS, halve, ends)
    logit = 0.5 * (low + high)
    return jax.nn.sigmoid(jnp.where(z > 0.0, -logit, logit))


@beta_quantile.defjvp
def _slope(primals: Any, tangents: Any) -> Any:  # noqa: ANN401 (JAX's form of a rule)
    z, a, b = primals
    x = beta_quantile(z, a, b)
    log_density = (a - 1.0) * jnp.log(x) + (b - 1.0) * jnp.log1p(-x) - betaln(a, b)
    return x, jnp.exp(norm.logpdf(z) - log_density) * tangents[0]
