"""Prior rows with source and rationale, and the map from standard normals to parameters.

Every parameter is a monotone function of one standard normal value z, so that a prior draw is
theta(z) with z ~ Normal(0, 1). Importance sampling draws z, tempered sampling moves in z, and
neither needs a Jacobian:

    normal       location + scale z
    lognormal    location exp(scale z)
    exponential  -location ln(1 - Phi(z))
    uniform      lower + (upper - lower) Phi(z)

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
from lymphocast.models.component import Scalar


@final
class Family(StrEnum):
    """Distribution of a parameter's prior."""

    NORMAL = "normal"
    LOGNORMAL = "lognormal"
    EXPONENTIAL = "exponential"
    UNIFORM = "uniform"

    @property
    def scale_name(self) -> str:
        """Scale on which spread is compared: ``ln`` for positive families, else ``natural``."""
        positive = self in {Family.LOGNORMAL, Family.EXPONENTIAL}
        return "ln" if positive else "natural"


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

    ``location`` is the median of a lognormal and the mean of a normal or exponential; ``scale``
    the SD of ln of a lognormal, the SD of a normal, unused otherwise.
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
        elif self.family is Family.UNIFORM:
            return f"uniform {self.lower:g} to {self.upper:g}"
        elif self.family is Family.LOGNORMAL:
            text = f"log-normal, median {self.location:g}, SD of ln {self.scale:g}"
        else:
            text = f"normal, mean {self.location:g}, SD {self.scale:g}"
        if self.lower > -inf:
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
        lower, upper = row.lower, row.upper
        if row.family is Family.LOGNORMAL:
            low = -inf if lower <= 0.0 else (log(lower) - log(row.location)) / row.scale
            high = inf if upper == inf else (log(upper) - log(row.location)) / row.scale
        elif row.family is Family.NORMAL:
            low, high = (lower - row.location) / row.scale, (upper - row.location) / row.scale
        elif row.family is Family.EXPONENTIAL:
            low, high = _exponential_z(lower, row.location), _exponential_z(upper, row.location)
        else:
            low, high = lower, upper
        result[row.parameter] = {
            "location": row.location,
            "scale": row.scale,
            "low": low,
            "high": high,
        }
    return result


def _exponential_z(bound: float, mean: float) -> float:
    """Standard-normal value at which an exponential parameter reaches ``bound``."""
    return float(scipy.special.ndtri(-expm1(-max(bound, 0.0) / mean)))


def transform(family: Family, truncated: bool, z: Scalar, number: Mapping[str, float]) -> Scalar:
    """Return the parameter at standard-normal value ``z`` (any shape); a float needs no JAX."""
    by_jax = not isinstance(z, float)
    special, xp = (jax_special, jnp) if by_jax else (scipy.special, np)
    if family is Family.UNIFORM:
        return number["low"] + (number["high"] - number["low"]) * special.ndtr(z)
    if truncated:
        below, above = special.ndtr(number["low"]), special.ndtr(number["high"])
        z = special.ndtri(below + (above - below) * special.ndtr(z))
    if family is Family.EXPONENTIAL:
        return -number["location"] * special.log_ndtr(-z)
    if family is Family.LOGNORMAL:
        return number["location"] * xp.exp(number["scale"] * z)
    return number["location"] + number["scale"] * z
