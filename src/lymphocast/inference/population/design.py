"""What a population shares: typical values, covariate effects, random effects, occasions.

An individual's parameter is

    p_i = g^-1( g(theta  c_1(x_i) c_2(x_i) ...) + eta_i )

with g the effect's transform (:mod:`lymphocast.models.random_effects`), eta_i ~ Normal(0, Omega),
and one factor c for each covariate effect, with coefficient b and the individual's first value x:

    power         (x / reference)^b
    exponential   exp(b (x - reference))
    linear        1 + b (x - reference)
    shift         1 + b where x equals a value, or lies below one; 1 elsewhere

Effects whose covariances are given form a block, all of whose covariances are estimated; other
effects are independent. Between occasions a parameter moves once more, by an effect of its own for
each occasion (:mod:`lymphocast.models.occasion_effects`), all with the same variance.

Parameters of error models (:mod:`lymphocast.inference.error_model`) stand among the typical values.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import final

import numpy as np
from numpy.typing import NDArray

from lymphocast.errors import UsageError
from lymphocast.inference.individual_density import Endpoint
from lymphocast.inference.population.shared_priors import SharedPrior
from lymphocast.models.component import Scalar
from lymphocast.models.maths import exp
from lymphocast.models.random_effects import EffectTransform, covariance_fault

Floats = NDArray[np.float64]


@final
@dataclass(frozen=True)
class Typical:
    """A typical value, or the value of a parameter that does not scatter.

    Parameters
    ----------
    name, value
        The parameter, and where its search begins.
    fixed
        Whether it stays there.
    transform
        How its effect changes it; ``None`` if it does not scatter.
    positive
        Whether it must stay above 0 without an effect, as standard deviations must.
    """

    name: str
    value: float
    fixed: bool = False
    transform: EffectTransform | None = None
    positive: bool = True

    def __post_init__(self) -> None:
        """Check the value."""
        if not isfinite(self.value):
            msg = f"parameter '{self.name}': found {self.value}; needed a finite number"
            raise UsageError(msg)
        if self.transform is not None and not self.transform.allows(self.value):
            msg = (
                f"parameter '{self.name}' with a {self.transform} effect: found {self.value:g}; "
                "needed a value that it can scatter around"
            )
            raise UsageError(msg)


@final
class CovariateForm(StrEnum):
    """How a covariate changes a typical value."""

    POWER = "power"
    EXPONENTIAL = "exponential"
    LINEAR = "linear"
    SHIFT = "shift"


@final
@dataclass(frozen=True)
class CovariateEffect:
    """A factor of a typical value.

    Parameters
    ----------
    parameter, column
        What it changes, and the covariate.
    form
        The formula.
    reference
        Where the factor is 1; of a shift, the value that is compared with.
    below
        Of a shift, whether x < reference counts rather than x = reference.
    value, fixed
        Where the coefficient's search begins, and whether it stays there.
    """

    parameter: str
    column: str
    form: CovariateForm
    reference: float
    value: float
    fixed: bool = False
    below: bool = False

    @property
    def name(self) -> str:
        """The coefficient's name."""
        return f"{self.parameter}.{self.column}"

    def factor(self, x: Scalar, coefficient: Scalar) -> Scalar:
        """Return the factor by place and individual from ``[individual]`` and ``[place]``."""
        b = coefficient[..., None]
        if self.form is CovariateForm.POWER:
            return (x / self.reference) ** b
        if self.form is CovariateForm.EXPONENTIAL:
            return exp(b * (x - self.reference))
        if self.form is CovariateForm.LINEAR:
            return 1.0 + b * (x - self.reference)
        return 1.0 + b * (x < self.reference if self.below else x == self.reference)

    def check(self, x: Floats) -> None:
        """Refuse values that the formula has no factor for."""
        if self.form is CovariateForm.POWER and not (np.all(x > 0.0) and self.reference > 0.0):
            msg = (
                f"covariate '{self.column}' as a power: found {x.min():g} (reference "
                f"{self.reference:g}); needed values above 0"
            )
            raise UsageError(msg)


@final
@dataclass(frozen=True)
class PopulationDesign:
    """Everything that a population shares.

    Parameters
    ----------
    typical
        Typical values and other parameters, each once.
    covariance
        Omega at the start, in the order of the parameters that have an effect.
    endpoints
        What is observed.
    covariates
        Covariate effects.
    between
        Variances between occasions at the start, by parameter; they are log-normal effects.
    priors
        Priors that replace the default ones (:mod:`.shared_priors`); only ``nuts`` reads them.

    Raises
    ------
    UsageError
        If a name stands twice or is unknown, or the matrix is no covariance matrix.
    """

    typical: tuple[Typical, ...]
    covariance: tuple[tuple[float, ...], ...]
    endpoints: tuple[Endpoint, ...]
    covariates: tuple[CovariateEffect, ...] = ()
    between: tuple[tuple[str, float], ...] = ()
    priors: tuple[SharedPrior, ...] = ()

    def __post_init__(self) -> None:
        """Check names and numbers."""
        names = [t.name for t in self.typical]
        coefficients = [c.name for c in self.covariates]
        for given, what in ((names, "parameter"), (coefficients, "covariate effect")):
            twice = sorted({n for n in given if given.count(n) > 1})
            if twice:
                msg = f"{what} '{twice[0]}' stands twice; needed once"
                raise UsageError(msg)
        asked = [*(c.parameter for c in self.covariates), *(n for n, _ in self.between)]
        unknown = [n for n in asked if n not in names]
        if unknown:
            msg = f"'{unknown[0]}' is changed and has no typical value; needed one"
            raise UsageError(msg)
        self._check_covariance()

    def _check_covariance(self) -> None:
        effects = self.effects
        if not effects and not self.between:
            msg = "a population without a random effect; needed at least one"
            raise UsageError(msg)
        if len(self.covariance) != len(effects):
            msg = f"{len(self.covariance)} rows of covariances for {len(effects)} effects"
            raise UsageError(msg)
        fault = covariance_fault(effects, self.covariance)
        if fault is not None:
            where = f"row {effects[fault.row]}, column {effects[fault.column]}"
            msg = f"covariance of effects, {where}: found {fault.found}; needed {fault.needed}"
            raise UsageError(msg)
        variances = [(n, self.covariance[i][i]) for i, n in enumerate(effects)]
        for name, variance in (*variances, *self.between):
            if not variance > 0.0:
                msg = f"variance of '{name}': found {variance:g}; needed one above 0 to begin with"
                raise UsageError(msg)

    @property
    def effects(self) -> tuple[str, ...]:
        """Parameters with an effect between individuals."""
        return tuple(t.name for t in self.typical if t.transform is not None)

    @property
    def transforms(self) -> tuple[EffectTransform, ...]:
        """Their transforms."""
        return tuple(t.transform for t in self.typical if t.transform is not None)

    @property
    def blocks(self) -> tuple[tuple[int, ...], ...]:
        """Effects that vary together: each effect is in one block."""
        found: list[set[int]] = []
        for i, row in enumerate(self.covariance):
            mine = {i, *(j for j, value in enumerate(row) if value != 0.0)}
            joined = [block for block in found if block & mine]
            found = [block for block in found if not block & mine]
            found.append(mine.union(*joined))
        return tuple(tuple(sorted(block)) for block in sorted(found, key=min))
