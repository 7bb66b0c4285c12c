"""Mean and variance of observations whose error is normal on some scale.

    additive, proportional, combined    of y around f
    log-normal                          of ln y around ln f
    share                               of logit(y / 100) around ln f - ln r

First-order methods need them. Cultures, grades and values that are known only to lie beyond a limit
have none: those need a likelihood (Laplace, SAEM).
"""

import jax.numpy as jnp

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.inference.error_model import (
    AdditiveError,
    CombinedError,
    ErrorModel,
    LogNormalError,
    ProportionalError,
    ShareError,
)
from lymphocast.models.component import Scalar, Values

NORMAL = (AdditiveError, ProportionalError, CombinedError, LogNormalError, ShareError)


def is_normal(error: ErrorModel) -> bool:
    """Return whether observations have a mean and a variance on some scale."""
    return isinstance(error, NORMAL)


def residual_and_variance(
    error: ErrorModel, predicted: Scalar, value: Scalar, theta: Values
) -> tuple[Scalar, Scalar]:
    """Return the observation minus its mean, and its variance, on the scale that is normal.

    ``theta`` broadcasts against the predictions. A prediction of 0 has no logarithm: its residual
    is infinite.
    """
    if isinstance(error, (LogNormalError, ShareError)):
        level = jnp.log(value)
        if isinstance(error, ShareError):
            level = level - jnp.log(100.0 - value) + jnp.log(theta[error.rest])
        above = predicted > 0.0
        mean = jnp.log(jnp.where(above, predicted, 1.0))
        residual = jnp.where(above, level - mean, jnp.inf)
        return residual, theta[error.sd] ** 2 + 0.0 * mean
    variance = 0.0 * predicted
    if isinstance(error, (AdditiveError, CombinedError)):
        variance = variance + theta[error.sd] ** 2
    if isinstance(error, (ProportionalError, CombinedError)):
        variance = variance + (theta[error.cv] * predicted) ** 2
    return value - predicted, variance


__all__ = ["NORMAL", "is_normal", "residual_and_variance"]
