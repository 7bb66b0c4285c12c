"""Prior rows with source and rationale, and the map from standard normals to parameters.

Every parameter is a monotone function of one standard normal value z, so that a prior draw is
theta(z) with z ~ Normal(0, 1). Importance sampling draws z, tempered sampling moves in z, and
neither needs a Jacobian:

    normal       location + scale z
    lognormal    location exp(scale z)
    exponential  -location ln(1 - Phi(z))
    uniform      lower + (upper - lower) Phi(z)
    loguniform   lower (upper / lower)^Phi(z)
    halfnormal   a normal around 0, truncated at 0: its lower bound is at least 0
    beta         the Phi(z) quantile (:mod:`lymphocast.models.beta`)

A truncated prior replaces z by Phi^-1(F(lower) + (F(upper) - F(lower)) Phi(z)), where F is the
distribution before truncation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import expm1, inf, log
from typing import final

import jax.numpy as jnp
import numpy as np
import scipy.special
from jax.scipy import special as jax_special

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.models.beta import beta_quantile, beta_shapes, beta_z
from lymphocast.models.component import Scalar


@final
class Family(StrEnum):
    """Distribution of a parameter's prior."""

    NORMAL = "normal"
    LOGNORMAL = "lognormal"
    EXPONENTIAL = "exponential"
    UNIFORM = "uniform"
    LOGUNIFORM = "loguniform"
    HALFNORMAL = "halfnormal"
    BETA = "beta"

    @property
    def positive(self) -> bool:
        """Whether every value is above 0, and its logarithm the natural scale."""
        return self in {Family.LOGNORMAL, Family.EXPONENTIAL, Family.LOGUNIFORM}

    @property
    def ranged(self) -> bool:
        """Whether two bounds say all of it, so that location and scale are not read."""
        return self in {Family.UNIFORM, Family.LOGUNIFORM}

    @property
    def scale_name(self) -> str:
        """Scale on which spread is compared: ``ln`` for positive families, else ``natural``."""
        return "ln" if self.positive else "natural"


@final
class Grade(StrEnum):
    """How well a number is sourced."""

    VERIFIED = "V"
    DERIVED = "D"
    ASSUMED = "assumed"


@final
@dataclass(frozen=True)
class Prior:
    """One row: a parameter's distribution, its source and the reason for it.

    ``location`` is the median of a lognormal and the mean of a normal, exponential or beta;
    ``scale`` the SD of ln of a lognormal, the SD of a normal or beta, of a halfnormal that of the
    normal it is half of; both are unused otherwise. A halfnormal is located at 0.
    """

    parameter: str
    family: Family
    location: float
    scale: float
    lower: float
    upper: float
    unit: str
    grade: Grade
    doi: str
    rationale: str

    def describe(self) -> str:
        """Return the distribution as a reader would write it."""
        if self.family is Family.EXPONENTIAL:
            text = f"exponential, mean {self.location:.6g}"
        elif self.family.ranged:
            name = "uniform" if self.family is Family.UNIFORM else "log-uniform"
            return f"{name} {self.lower:g} to {self.upper:g}"
        elif self.family is Family.BETA:
            text = f"beta, mean {self.location:g}, SD {self.scale:g}"
        elif self.family is Family.HALFNORMAL:
            text = f"half-normal, scale {self.scale:g}"
        elif self.family is Family.LOGNORMAL:
            text = f"log-normal, median {self.location:g}, SD of ln {self.scale:g}"
        else:
            text = f"normal, mean {self.location:g}, SD {self.scale:g}"
        least = 0.0 if self.family in {Family.HALFNORMAL, Family.BETA} else -inf
        if self.lower > least:
            text += f", at least {self.lower:g}"
        if self.upper < inf:
            text += f", below {self.upper:g}"
        return text


@final
@dataclass(frozen=True)
class Constant:
    """A number that is not inferred, with its source or the word *assumed*."""

    parameter: str
    value: float
    unit: str
    grade: Grade
    doi: str
    rationale: str


@final
@dataclass(frozen=True)
class Weights:
    """Prior probabilities of the crossed hypotheses."""

    il2: float
    stable: float
    recovery: float
    infection: float
    clearance: float


@final
@dataclass(frozen=True)
class PriorTable:
    """All rows, constants and weight presets of one model; ``sha256`` is over their content."""

    rows: tuple[Prior, ...]
    constants: tuple[Constant, ...]
    presets: Mapping[str, Weights]
    sha256: str

    def __hash__(self) -> int:
        """Hash by content, so that compiled functions can be kept by table."""
        return hash(self.sha256)

    def row(self, parameter: str) -> Prior:
        """Return the row of this parameter; KeyError if there is none."""
        for row in self.rows:
            if row.parameter == parameter:
                return row
        raise KeyError(parameter)

    def constant(self, parameter: str) -> float:
        """Return the value of this constant; KeyError if there is none."""
        for constant in self.constants:
            if constant.parameter == parameter:
                return constant.value
        raise KeyError(parameter)


Numbers = Mapping[str, Mapping[str, float]]


def numbers(rows: tuple[Prior, ...]) -> dict[str, dict[str, float]]:
    """Return the rows' numbers, the part of a prior that may change without a new trace."""
    result = {}
    for row in rows:
        low, high = _bounds(row)
        result[row.parameter] = {
            "location": row.location,
            "scale": row.scale,
            "low": low,
            "high": high,
        }
    return result


def _bounds(row: Prior) -> tuple[float, float]:
    """Standard-normal values at which a row's bounds lie; of a range, the bounds themselves."""
    lower, upper, family = row.lower, row.upper, row.family
    if family.ranged:
        return lower, upper
    if family is Family.LOGNORMAL:
        low = -inf if lower <= 0.0 else (log(lower) - log(row.location)) / row.scale
        high = inf if upper == inf else (log(upper) - log(row.location)) / row.scale
        return low, high
    if family is Family.EXPONENTIAL:
        return _exponential_z(lower, row.location), _exponential_z(upper, row.location)
    if family is Family.BETA:
        shapes = beta_shapes(row.location, row.scale)
        return beta_z(lower, *shapes), beta_z(upper, *shapes)
    return (lower - row.location) / row.scale, (upper - row.location) / row.scale


def _exponential_z(bound: float, mean: float) -> float:
    """Standard-normal value at which an exponential parameter reaches ``bound``."""
    return float(scipy.special.ndtri(-expm1(-max(bound, 0.0) / mean)))


def transform(family: Family, truncated: bool, z: Scalar, number: Mapping[str, float]) -> Scalar:
    """Return the parameter at standard-normal value ``z`` (any shape); a float needs no JAX."""
    special = scipy.special if isinstance(z, float) else jax_special
    if family is Family.UNIFORM:
        return number["low"] + (number["high"] - number["low"]) * special.ndtr(z)
    if family is Family.LOGUNIFORM:
        return number["low"] * (number["high"] / number["low"]) ** special.ndtr(z)
    if truncated:
        below, above = special.ndtr(number["low"]), special.ndtr(number["high"])
        z = special.ndtri(below + (above - below) * special.ndtr(z))
    return _untruncated(family, z, number)


def transform_far(
    family: Family, truncated: bool, z: Scalar, number: Mapping[str, float]
) -> Scalar:
    """Return what :func:`transform` does, exact in both tails.

    A sampler that follows gradients comes to |z| above 8, where Phi(z) is 1 in 64 bits; there the
    share above z is reckoned with instead of the share below.
    """
    if not truncated or family.ranged:
        return transform(family, False, z, number)
    low, high = number["low"], number["high"]
    upper = z > 0.0
    share = jax_special.ndtr(jnp.where(upper, -z, z))  # of what lies beyond z, on its own side
    above, below = jax_special.ndtr(-high), jax_special.ndtr(low)
    beyond = jnp.where(
        upper,
        above + (jax_special.ndtr(-low) - above) * share,
        below + (jax_special.ndtr(high) - below) * share,
    )
    moved = jax_special.ndtri(beyond)
    return _untruncated(family, jnp.where(upper, -moved, moved), number)


def _untruncated(family: Family, z: Scalar, number: Mapping[str, float]) -> Scalar:
    """Return the parameter of an untruncated distribution at ``z``."""
    if family is Family.BETA:
        return beta_quantile(z, *beta_shapes(number["location"], number["scale"]))
    by_jax = not isinstance(z, float)
    if family is Family.EXPONENTIAL:
        return -number["location"] * (jax_special if by_jax else scipy.special).log_ndtr(-z)
    if family is Family.LOGNORMAL:
        return number["location"] * (jnp if by_jax else np).exp(number["scale"] * z)
    return number["location"] + number["scale"] * z
