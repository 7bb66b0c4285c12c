"""How observations scatter around the model, and what is known of a value that was not measured.

With f the output that the endpoint reads and y the observation:

    additive       y ~ Normal(f, a)
    proportional   y ~ Normal(f, b f)
    combined       y ~ Normal(f, sqrt(a^2 + (b f)^2))        variances add: NONMEM's usual form [1]_
    log-normal     ln y ~ Normal(ln f, s)                    densities are of ln y
    share          logit(y / 100) ~ Normal(ln f - ln r, s)   y per cent of f + r: CD4 % beside count
    culture        P(positive) = 1 / (1 + exp((c - f) / w))  f a log burden, c the detection limit
    grade          P(y >= k) = 1 / (1 + exp((c_k - f) / w))  ordered: symptoms, adverse events

A value below the limit of quantification L contributes P(y < L), and one above an upper limit
P(y > L): Beal's method M3 [2]_, by the logarithm of the normal distribution function, which does
not vanish far from the limit. Cultures reported together are as many records.

The course model's own functions, for cultures, isolates and symptoms in words, stand at the end.

References
----------
.. [1] Beal SL, Sheiner LB. Heteroscedastic nonlinear regression. Technometrics 1988;30:327-338.
   doi:10.1080/00401706.1988.10488407
.. [2] Beal SL. Ways to fit a PK model with some data below the quantification limit. J
   Pharmacokinet Pharmacodyn 2001;28:481-504. doi:10.1023/A:1012299115260
"""

from dataclasses import dataclass
from enum import StrEnum
from math import inf, log, pi
from typing import NamedTuple, Protocol, final

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import log_ndtr
from numpy.typing import NDArray

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.dataset.individual import HIGHEST_SCORE
from lymphocast.models.component import Scalar, Values
from lymphocast.models.prior_table import PriorTable
from lymphocast.record.events import CultureResult, SymptomGrade

HALF_LOG_TWO_PI = 0.5 * log(2.0 * pi)


@final
class Observed(NamedTuple):
    """Observations of one endpoint, as arrays that go with the predictions ``[lane, reading]``.

    ``censoring`` is 0 where ``value`` was measured, 1 where it is a limit that the observation
    lies below, -1 where it lies above.
    """

    value: Scalar
    censoring: Scalar


class ErrorModel(Protocol):
    """How the observations of one endpoint scatter; hashable."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of its parameters, which the model may share."""
        ...

    @property
    def censors(self) -> bool:
        """Whether a value may be known to lie below or above a limit only."""
        ...

    def needed(self, value: float) -> str | None:
        """Return what a value must be, if this one cannot be observed; else ``None``."""
        ...

    def log_prob(self, predicted: Scalar, observed: Observed, theta: Values) -> Scalar:
        """Return the log density or probability of each observation, ``[lane, reading]``."""
        ...


def _normal(residual: Scalar, sd: Scalar, censoring: Scalar) -> Scalar:
    """Log density of y - f, or log probability beyond the limit; an SD of 0 is a certainty."""
    certain = ~(sd > 0.0)
    z = residual / jnp.where(certain, 1.0, sd)
    density = -0.5 * z * z - jnp.log(jnp.where(certain, 1.0, sd)) - HALF_LOG_TWO_PI
    side = jnp.where(censoring == 0, 0.0, censoring)
    beyond = log_ndtr(side * z)
    holds = jnp.where((censoring != 0) & (side * residual > 0.0), 0.0, -jnp.inf)
    return jnp.where(certain, holds, jnp.where(censoring == 0, density, beyond))


def _column(value: Scalar) -> Scalar:
    """A parameter ``[lane]`` or a number, beside predictions ``[lane, reading]``."""
    return jnp.asarray(value)[..., None]


@final
@dataclass(frozen=True)
class AdditiveError:
    """A normal error of constant SD, named ``sd`` among the parameters."""

    sd: str
    censors = True

    @property
    def parameters(self) -> tuple[str, ...]:
        """The SD."""
        return (self.sd,)

    def needed(self, value: float) -> str | None:
        """Return nothing: any number may be observed."""
        return None

    def log_prob(self, predicted: Scalar, observed: Observed, theta: Values) -> Scalar:
        """Return the log density of each observation."""
        residual = observed.value - predicted
        return _normal(residual, _column(theta[self.sd]) + 0.0 * residual, observed.censoring)


@final
@dataclass(frozen=True)
class ProportionalError:
    """A normal error whose SD is the share ``cv`` of the prediction."""

    cv: str
    censors = True

    @property
    def parameters(self) -> tuple[str, ...]:
        """The coefficient of variation."""
        return (self.cv,)

    def needed(self, value: float) -> str | None:
        """Return nothing: any number may be observed."""
        return None

    def log_prob(self, predicted: Scalar, observed: Observed, theta: Values) -> Scalar:
        """Return the log density of each observation."""
        sd = _column(theta[self.cv]) * jnp.abs(predicted)
        return _normal(observed.value - predicted, sd, observed.censoring)


@final
@dataclass(frozen=True)
class CombinedError:
    """A normal error of an additive and a proportional part, whose variances add."""

    sd: str
    cv: str
    censors = True

    @property
    def parameters(self) -> tuple[str, ...]:
        """The additive SD and the coefficient of variation."""
        return self.sd, self.cv

    def needed(self, value: float) -> str | None:
        """Return nothing: any number may be observed."""
        return None

    def log_prob(self, predicted: Scalar, observed: Observed, theta: Values) -> Scalar:
        """Return the log density of each observation."""
        variance = _column(theta[self.sd]) ** 2 + (_column(theta[self.cv]) * predicted) ** 2
        sd = jnp.sqrt(jnp.where(variance > 0.0, variance, 1.0))
        sd = jnp.where(variance > 0.0, sd, 0.0)
        return _normal(observed.value - predicted, sd, observed.censoring)


@final
@dataclass(frozen=True)
class LogNormalError:
    """A normal error of the logarithm, of constant SD."""

    sd: str
    censors = True

    @property
    def parameters(self) -> tuple[str, ...]:
        """The SD of the logarithm."""
        return (self.sd,)

    def needed(self, value: float) -> str | None:
        """Return what a logarithm needs."""
        return None if value > 0.0 else "a value above 0, or a limit of quantification above it"

    def log_prob(self, predicted: Scalar, observed: Observed, theta: Values) -> Scalar:
        """Return the log density of the logarithm of each observation."""
        return _log_scale(predicted, jnp.log(observed.value), _column(theta[self.sd]), observed)


def _log_scale(predicted: Scalar, level: Scalar, sd: Scalar, observed: Observed) -> Scalar:
    """A normal error around ln(prediction); a prediction of 0 lies below every limit."""
    above = predicted > 0.0
    residual = level - jnp.log(jnp.where(above, predicted, 1.0))
    found = _normal(residual, sd + 0.0 * residual, observed.censoring)
    nothing = jnp.where((predicted == 0.0) & (observed.censoring > 0), 0.0, -jnp.inf)
    return jnp.where(above, found, nothing)


@final
@dataclass(frozen=True)
class ShareError:
    """Per cent that the output is of itself and ``rest``, with a normal error of the logit."""

    rest: str
    sd: str
    censors = True

    @property
    def parameters(self) -> tuple[str, ...]:
        """What makes the whole besides the output, in its unit; the SD of the logit."""
        return self.rest, self.sd

    def needed(self, value: float) -> str | None:
        """Return what a share must be."""
        return None if 0.0 < value < 100.0 else "a percentage between 0 and 100"

    def log_prob(self, predicted: Scalar, observed: Observed, theta: Values) -> Scalar:
        """Return the log density of the logit of each observation."""
        logit = jnp.log(observed.value) - jnp.log(100.0 - observed.value)
        level = logit + jnp.log(_column(theta[self.rest]))
        return _log_scale(predicted, level, _column(theta[self.sd]), observed)


@final
@dataclass(frozen=True)
class CultureError:
    """One culture, 1 if positive and 0 if negative, of a log burden above ``limit`` or below."""

    limit: str
    slope: str
    censors = False

    @property
    def parameters(self) -> tuple[str, ...]:
        """The log burden that is found half of the time; the width of the transition."""
        return self.limit, self.slope

    def needed(self, value: float) -> str | None:
        """Return what a culture must be."""
        return None if value in {0.0, 1.0} else "0 (negative) or 1 (positive)"

    def log_prob(self, predicted: Scalar, observed: Observed, theta: Values) -> Scalar:
        """Return the log probability of each culture."""
        above = (predicted - _column(theta[self.limit])) / _column(theta[self.slope])
        return jax.nn.log_sigmoid(jnp.where(observed.value > 0.5, above, -above))


@final
@dataclass(frozen=True)
class GradeError:
    """An ordered grade 0, 1, ... with a threshold below each grade but the lowest."""

    thresholds: tuple[str, ...]
    scale: str
    censors = False

    @property
    def parameters(self) -> tuple[str, ...]:
        """The thresholds, in increasing order, and the width of each transition."""
        return (*self.thresholds, self.scale)

    def needed(self, value: float) -> str | None:
        """Return what a grade must be."""
        most = len(self.thresholds)
        return None if value in {float(k) for k in range(most + 1)} else f"a grade from 0 to {most}"

    def log_prob(self, predicted: Scalar, observed: Observed, theta: Values) -> Scalar:
        """Return the log probability of each grade; thresholds out of order have none."""
        scale = _column(theta[self.scale])
        above = [(predicted - _column(theta[name])) / scale for name in self.thresholds]
        total = jnp.where(observed.value == 0.0, jax.nn.log_sigmoid(-above[0]), -jnp.inf)
        for k, here in enumerate(above, 1):
            own = jax.nn.log_sigmoid(here)
            if k < len(above):
                apart = here - above[k]
                ordered = apart > 0.0
                gap = jnp.log(-jnp.expm1(-jnp.where(ordered, apart, 1.0)))
                own = own + jax.nn.log_sigmoid(-above[k]) + jnp.where(ordered, gap, -jnp.inf)
            total = jnp.where(observed.value == float(k), own, total)
        return total


@final
class Side(StrEnum):
    """Whether a grade says that severity lies above or below its level."""

    ABOVE = "above"
    BELOW = "below"


LEVELS = {
    SymptomGrade.PRESENT: ("asymptomatic", Side.ABOVE),
    SymptomGrade.WORSE: ("minimal_improvement", Side.ABOVE),
    SymptomGrade.MINIMAL_IMPROVEMENT: ("minimal_improvement", Side.ABOVE),
    SymptomGrade.RESOLVED: ("resolved", Side.BELOW),
    SymptomGrade.ASYMPTOMATIC: ("asymptomatic", Side.BELOW),
}
"""The level that a grade is read by, among the constants of the priors, and its side of it."""
AROUND_IMPROVING = (SymptomGrade.MINIMAL_IMPROVEMENT, SymptomGrade.RESOLVED)
"""What *improving* is neither of: it is what these two leave of the scale."""


def log_normal_density(log_value: Scalar, log_expected: Scalar, sd: Scalar) -> Scalar:
    """Return the log density of ln y at ``log_value``."""
    z = (log_value - log_expected) / sd
    return -0.5 * z * z - jnp.log(sd) - HALF_LOG_TWO_PI


def log_normal_reported(
    log_value: Scalar, log_limit: Scalar, log_expected: Scalar, sd: Scalar
) -> Scalar:
    """Return the log density of ln y, or log P(y < limit) where the value is not above the limit.

    Beal's method M3; a laboratory that gives no number below its limit reports the limit.
    """
    below = log_ndtr((log_limit - log_expected) / sd)
    return jnp.where(log_value <= log_limit, below, log_normal_density(log_value, log_expected, sd))


def culture_log_probability(
    log_burden: Scalar, result: CultureResult, number: int, slope: float
) -> Scalar:
    """Return the log probability that ``number`` cultures all show ``result``."""
    sign = -1.0 if result is CultureResult.NEGATIVE else 1.0
    return number * jax.nn.log_sigmoid(sign * log_burden / slope)


def score_log_probability(
    log_burden: Scalar, score: int, table: PriorTable, told: Scalar = 1.0
) -> Scalar:
    """Return the log probability of a culture's semi-quantitative score; of its denial if told -1.

    The score 0 is a negative culture and 1 growth in liquid medium alone, which begins at a log
    burden of 0: the score holds the result.
    """
    slope, solid = table.constant("culture_slope"), range(2, HIGHEST_SCORE + 1)
    levels = (-inf, 0.0, *(table.constant(f"score_{k}_threshold") for k in solid), inf)
    low, high = levels[score], levels[score + 1]
    above, beyond = (log_burden - low) / slope, (log_burden - high) / slope
    gap = jnp.log(-jnp.expm1((low - high) / slope))
    exact = jax.nn.log_sigmoid(above) + jax.nn.log_sigmoid(-beyond) + gap
    return jnp.where(jnp.asarray(told) > 0.0, exact, jnp.log(-jnp.expm1(exact)))


def culture_negative(log_burden: NDArray[np.float64], table: PriorTable) -> NDArray[np.float64]:
    """Return the probability that one culture is negative; no derivative passes through."""
    return np.asarray(1.0 / (1.0 + np.exp(log_burden / table.constant("culture_slope"))))


def susceptibility_log_probability(resistant: Scalar, found: Scalar, error: float) -> Scalar:
    """Return the log probability of a test of an isolate.

    Parameters
    ----------
    resistant
        Whether the isolate is resistant.
    found
        Whether the test found it so: 1 or -1.
    error
        How often the test is wrong, of a resistant and of a susceptible isolate alike.
    """
    agrees = resistant == (jnp.asarray(found) > 0.0)
    return jnp.where(agrees, jnp.log1p(-error), jnp.log(error))


def symptom_log_probability(
    severity: Scalar, grade: SymptomGrade, table: PriorTable, told: Scalar = 1.0
) -> Scalar:
    """Return the log probability of a symptom grade at this severity; of its denial if told -1."""
    if grade is SymptomGrade.IMPROVING:
        return _log_improving(severity, table, told)
    key, side = LEVELS[grade]
    level, scale = table.constant(f"{key}_threshold"), table.constant(f"{key}_scale")
    sign = 1.0 if side is Side.ABOVE else -1.0
    return jax.nn.log_sigmoid(told * sign * (severity - level) / scale)


def _log_improving(severity: Scalar, table: PriorTable, told: Scalar) -> Scalar:
    """Return the log of what the grades around *improving* leave; levels out of order nothing."""
    around = [jnp.exp(symptom_log_probability(severity, g, table)) for g in AROUND_IMPROVING]
    denied = jnp.minimum(around[0] + around[1], 1.0)
    share = jnp.where(jnp.asarray(told) > 0.0, 1.0 - denied, denied)
    possible = share > 0.0
    return jnp.where(possible, jnp.log(jnp.where(possible, share, 1.0)), -jnp.inf)
