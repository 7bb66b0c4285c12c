"""The functions that equations may use besides arithmetic, on floats, NumPy and JAX arrays."""

import jax.numpy as jnp

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.models.component import Scalar


def exp(x: Scalar) -> Scalar:
    """Exponential."""
    return jnp.exp(x)


def log(x: Scalar) -> Scalar:
    """Natural logarithm."""
    return jnp.log(x)


def positive(x: Scalar) -> Scalar:
    """The positive part: x above zero, else 0."""
    return jnp.maximum(x, 0.0)


def clip(x: Scalar, low: Scalar, high: Scalar) -> Scalar:
    """X held between ``low`` and ``high``."""
    return jnp.clip(x, low, high)


def held(rate: Scalar, level: Scalar, low: Scalar, high: Scalar) -> Scalar:
    """A rate that stops at walls: 0 where it would push ``level`` past ``low`` or ``high``."""
    outward = ((level <= low) & (rate < 0.0)) | ((level >= high) & (rate > 0.0))
    return jnp.where(outward, 0.0, rate)


def decay(elapsed: Scalar, time_constant: Scalar) -> Scalar:
    """What is left of 1 after ``elapsed`` days of exponential decay; 1 before it begins."""
    return jnp.exp(-positive(elapsed) / time_constant)
