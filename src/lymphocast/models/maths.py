"""The functions that equations may use besides arithmetic.

Each looks at its operands: SymPy expressions give a SymPy expression, everything else (floats,
NumPy and JAX arrays) a JAX array. SymPy is never imported here; an operand can only be an
expression of a SymPy that its maker has imported already.
"""

import sys
from typing import Any

import jax
import jax.numpy as jnp

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.models.component import Scalar


def _sympy(*operands: Scalar) -> Any:  # noqa: ANN401 (a module, or nothing)
    """Return the module SymPy if an operand is one of its expressions, else None."""
    sympy = sys.modules.get("sympy")
    if sympy is not None and any(isinstance(x, sympy.Basic) for x in operands):
        return sympy
    return None


def exp(x: Scalar) -> Scalar:
    """Exponential."""
    sympy = _sympy(x)
    return sympy.exp(x) if sympy else jnp.exp(x)


def log(x: Scalar) -> Scalar:
    """Natural logarithm."""
    sympy = _sympy(x)
    return sympy.log(x) if sympy else jnp.log(x)


def power(x: Scalar, exponent: Scalar) -> Scalar:
    """X to the power ``exponent``, for x of at least 0."""
    sympy = _sympy(x, exponent)
    return sympy.Pow(x, exponent) if sympy else jnp.power(x, exponent)


def positive(x: Scalar) -> Scalar:
    """The positive part: x above zero, else 0."""
    sympy = _sympy(x)
    return sympy.Max(x, 0) if sympy else jnp.maximum(x, 0.0)


def clip(x: Scalar, low: Scalar, high: Scalar) -> Scalar:
    """X held between ``low`` and ``high``."""
    sympy = _sympy(x, low, high)
    return sympy.Min(sympy.Max(x, low), high) if sympy else jnp.clip(x, low, high)


def held(rate: Scalar, level: Scalar, low: Scalar, high: Scalar) -> Scalar:
    """A rate that stops at walls: 0 where it would push ``level`` past ``low`` or ``high``."""
    sympy = _sympy(rate, level, low, high)
    if sympy:
        below = sympy.And(sympy.Le(level, low), sympy.Lt(rate, 0))
        above = sympy.And(sympy.Ge(level, high), sympy.Gt(rate, 0))
        return sympy.Piecewise((0, sympy.Or(below, above)), (rate, True))
    outward = ((level <= low) & (rate < 0.0)) | ((level >= high) & (rate > 0.0))
    return jnp.where(outward, 0.0, rate)


def decay(elapsed: Scalar, time_constant: Scalar) -> Scalar:
    """What is left of 1 after ``elapsed`` days of exponential decay; 1 before it begins."""
    return exp(-positive(elapsed) / time_constant)


def hill(c: Scalar, c50: Scalar, h: Scalar) -> Scalar:
    """Saturating effect c^h / (c50^h + c^h) of a concentration; 0 for c of at most 0.

    Parameters
    ----------
    c, c50
        Concentration, and the concentration of half effect, in the same unit.
    h
        Hill exponent, positive.
    """
    sympy = _sympy(c, c50, h)
    if sympy:
        relative = sympy.Pow(c / c50, h)  # of a ratio: only a pure number has a power h
        return relative / (1 + relative)
    c, c50, h = jnp.broadcast_arrays(*(jnp.asarray(x, float) for x in (c, c50, h)))
    return _hill(c, c50, h)


@jax.custom_jvp
def _hill(c: Scalar, c50: Scalar, h: Scalar) -> Scalar:
    # By 1 / (1 + (c50/c)^h): no power overflows to inf / inf for a large c.
    above = c > 0.0
    ratio = jnp.where(above, c, 1.0) / c50
    return jnp.where(above, 1.0 / (1.0 + jnp.exp(-h * jnp.log(ratio))), 0.0)


@_hill.defjvp
def _hill_jvp(
    primals: tuple[Scalar, Scalar, Scalar], tangents: tuple[Scalar, Scalar, Scalar]
) -> tuple[Scalar, Scalar]:
    """Differentiate; the slope in c at c = 0 is 1/c50 for h = 1 and 0 for h above 1.

    For h below 1 that slope is infinite and 0 is given: a concentration of exactly 0 is one
    before the first dose, which no parameter moves, and infinity times 0 would spoil it.
    """
    c, c50, h = primals
    dc, dc50, dh = tangents
    value = _hill(c, c50, h)
    spread = value * (1.0 - value)
    above = c > 0.0
    safe = jnp.where(above, c, c50)
    at_zero = jnp.where((c == 0.0) & (h == 1.0), 1.0 / c50, 0.0)
    slope = jnp.where(above, h * spread / safe, at_zero)
    logged = jnp.log(safe / c50)
    return value, slope * dc - h * spread / c50 * dc50 + spread * logged * dh
