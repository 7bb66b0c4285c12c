"""How observations scatter around the model: log-normal counts, cultures, symptom grades.

ln y ~ Normal(ln T, sigma)                      counts; densities are of ln y
P(negative) = 1 / (1 + exp(b / slope))          one culture
P(grade) = logistic((s - level) / scale)        or its mirror image, symptoms
"""

from enum import StrEnum
from math import log, pi
from typing import final

import jax
import jax.numpy as jnp

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.models.component import Scalar
from lymphocast.models.prior_table import PriorTable
from lymphocast.record.events import CultureResult, SymptomGrade

HALF_LOG_TWO_PI = 0.5 * log(2.0 * pi)


@final
class Side(StrEnum):
    """Whether a grade says that severity lies above or below its level."""

    ABOVE = "above"
    BELOW = "below"


SIDES = {
    SymptomGrade.MINIMAL_IMPROVEMENT: Side.ABOVE,
    SymptomGrade.RESOLVED: Side.BELOW,
    SymptomGrade.ASYMPTOMATIC: Side.BELOW,
}


def log_normal_density(log_value: Scalar, log_expected: Scalar, sd: Scalar) -> Scalar:
    """Return the log density of ln y at ``log_value``."""
    z = (log_value - log_expected) / sd
    return -0.5 * z * z - jnp.log(sd) - HALF_LOG_TWO_PI


def culture_log_probability(
    log_burden: Scalar, result: CultureResult, number: int, slope: float
) -> Scalar:
    """Return the log probability that ``number`` cultures all show ``result``."""
    sign = -1.0 if result is CultureResult.NEGATIVE else 1.0
    return number * jax.nn.log_sigmoid(sign * log_burden / slope)


def symptom_log_probability(
    severity: Scalar, grade: SymptomGrade, table: PriorTable, told: Scalar = 1.0
) -> Scalar:
    """Return the log probability of a symptom grade at this severity; of its denial if told -1."""
    key = grade.value.replace("-", "_")
    level, scale = table.constant(f"{key}_threshold"), table.constant(f"{key}_scale")
    sign = 1.0 if SIDES[grade] is Side.ABOVE else -1.0
    return jax.nn.log_sigmoid(told * sign * (severity - level) / scale)
