"""Random effects: how the parameters of individuals scatter around their typical values.

With eta ~ Normal(0, Omega) and the typical value theta, an individual's parameter is

    log-normal    theta exp(eta)
    additive      theta + eta
    logit         p with  logit p = logit theta + eta

Omega is the covariance matrix of all effects. It may be semidefinite: a variance of 0 leaves the
typical value, effects with a correlation of 1 move together.

Draws are eta = L z with Omega = L L' (Cholesky, a pivot of 0 giving a column of zeros) and z from
NumPy's PCG64, seeded by the seed and the individual's place. An individual's draws are therefore
the same whatever else is drawn, and more of them continue the same sequence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite, sqrt
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from lymphocast.errors import UsageError
from lymphocast.models.component import Scalar, Values
from lymphocast.models.maths import exp, log

Floats = NDArray[np.float64]

ROUNDING = 1e-9
"""Share of a variance below which a difference is rounding of printed numbers, not meant."""


@final
class EffectTransform(StrEnum):
    """How an effect changes its parameter."""

    LOG_NORMAL = "log-normal"
    ADDITIVE = "additive"
    LOGIT = "logit"

    def apply(self, typical: Scalar, eta: Scalar) -> Scalar:
        """Return an individual's parameter."""
        if self is EffectTransform.ADDITIVE:
            return typical + eta
        if self is EffectTransform.LOG_NORMAL:
            return typical * exp(eta)
        return 1.0 / (1.0 + exp(log(1.0 / typical - 1.0) - eta))

    def allows(self, typical: float) -> bool:
        """Return whether a parameter with this typical value can scatter so."""
        low, high = {
            EffectTransform.ADDITIVE: (-np.inf, np.inf),
            EffectTransform.LOG_NORMAL: (0.0, np.inf),
            EffectTransform.LOGIT: (0.0, 1.0),
        }[self]
        return low < typical < high


@final
class CovarianceFault(NamedTuple):
    """What is wrong with a covariance matrix: where, what stands there, what is needed."""

    row: int
    column: int
    found: str
    needed: str


@final
@dataclass(frozen=True)
class RandomEffects:
    """Which parameters scatter, how, and their covariance.

    Parameters
    ----------
    parameters
        Names of the parameters, each once.
    covariance
        Covariance matrix of the effects, in that order.
    transforms
        How each effect changes its parameter; all log-normal if empty.

    Raises
    ------
    UsageError
        If a name stands twice, sizes differ, or the matrix is no covariance matrix.
    """

    parameters: tuple[str, ...]
    covariance: tuple[tuple[float, ...], ...]
    transforms: tuple[EffectTransform, ...] = ()

    def __post_init__(self) -> None:
        """Check names, sizes and the matrix."""
        number = len(self.parameters)
        if not self.transforms:
            object.__setattr__(self, "transforms", (EffectTransform.LOG_NORMAL,) * number)
        twice = sorted({n for n in self.parameters if self.parameters.count(n) > 1})
        if twice:
            msg = f"random effects: '{twice[0]}' has two; needed one for each parameter"
            raise UsageError(msg)
        sizes = [len(self.transforms), len(self.covariance), *map(len, self.covariance)]
        if not number or any(size != number for size in sizes):
            msg = f"random effects of {number} parameters: needed as many rows, columns, transforms"
            raise UsageError(msg)
        fault = covariance_fault(self.parameters, self.covariance)
        if fault is not None:
            where = f"row {self.parameters[fault.row]}, column {self.parameters[fault.column]}"
            msg = f"random effects, {where}: found {fault.found}; needed {fault.needed}"
            raise UsageError(msg)

    def draw(self, generator: np.random.Generator, number: int) -> Floats:
        """Return effects of the next ``number`` individuals, ``[individual, effect]``."""
        normal = generator.standard_normal((number, len(self.parameters)))
        effects = np.zeros_like(normal)
        for j, column in enumerate(factor(np.asarray(self.covariance)).T):
            effects += normal[:, j, None] * column  # no product of matrices: its order may vary
        return effects

    def individual(self, theta: Values, effects: Scalar) -> dict[str, Scalar]:
        """Return the parameters of individuals.

        Parameters
        ----------
        theta
            Typical values by name.
        effects
            Their effects, ``[..., effect]``; the parameters that scatter become ``[...]``.
        """
        found = dict(theta)
        for i, (name, transform) in enumerate(zip(self.parameters, self.transforms, strict=True)):
            found[name] = transform.apply(theta[name], effects[..., i])
        return found

    def check_typical(self, theta: Mapping[str, float]) -> None:
        """Refuse typical values that cannot scatter as they are meant to.

        Raises
        ------
        UsageError
            If a parameter has no typical value, or one outside the range of its transform.
        """
        ranges = {
            EffectTransform.LOG_NORMAL: "a value above 0",
            EffectTransform.LOGIT: "one between 0 and 1",
        }
        for name, transform in zip(self.parameters, self.transforms, strict=True):
            if name not in theta:
                msg = f"random effect of '{name}': found no typical value; needed one"
                raise UsageError(msg)
            value = float(theta[name])
            if not transform.allows(value):
                needed = ranges.get(transform, "a finite one")
                msg = (
                    f"random effect of '{name}' is {transform}, its typical value {value:g}; "
                    f"needed {needed}, or another transform"
                )
                raise UsageError(msg)


def generator_of(seed: int, place: int) -> np.random.Generator:
    """Return the random numbers of the individual at a place, from 0."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(place,))))


def covariance_fault(
    names: Sequence[str], matrix: Sequence[Sequence[float]]
) -> CovarianceFault | None:
    """Return what keeps a square matrix from being a covariance matrix, or ``None``."""
    for i, row in enumerate(matrix):
        for j, value in enumerate(row):
            fault = _entry_fault(names, matrix, i, j, value)
            if fault is not None:
                return fault
    lost = _indefinite_row(np.asarray(matrix, float))
    if lost is None:
        return None
    found = f"correlations of {names[lost]} that no effects have"
    return CovarianceFault(lost, lost, found, "a positive semidefinite matrix")


def _entry_fault(
    names: Sequence[str], matrix: Sequence[Sequence[float]], i: int, j: int, value: float
) -> CovarianceFault | None:
    if not isfinite(value):
        return CovarianceFault(i, j, f"{value:g}", "a finite number")
    if i == j:
        negative = value < 0.0
        return CovarianceFault(i, j, f"{value:g}", "a variance of 0 or more") if negative else None
    if j > i:
        return None
    largest = sqrt(matrix[i][i] * matrix[j][j]) if matrix[i][i] > 0.0 else 0.0
    if abs(value - matrix[j][i]) > ROUNDING * largest:
        needed = f"{matrix[j][i]:g}, as in row {names[j]}, column {names[i]}"
        return CovarianceFault(i, j, f"{value:g}", needed)
    if abs(value) > largest * (1.0 + ROUNDING):
        needed = f"at most {largest:g} in size, the product of the standard deviations"
        return CovarianceFault(i, j, f"{value:g}", needed)
    return None


def factor(matrix: Floats) -> Floats:
    """Return the lower factor L of a semidefinite matrix L L'."""
    return _cholesky(matrix)[0]


def _indefinite_row(matrix: Floats) -> int | None:
    return _cholesky(matrix)[1]


def _cholesky(matrix: Floats) -> tuple[Floats, int | None]:
    """Return the lower factor, and the first row at which the matrix is not semidefinite."""
    factor = np.zeros_like(matrix)
    deviation = np.sqrt(np.maximum(np.diag(matrix), 0.0))
    for j in range(len(matrix)):
        rest = matrix[j:, j] - factor[j:, :j] @ factor[j, :j]
        if rest[0] > ROUNDING * matrix[j, j]:
            factor[j:, j] = rest / np.sqrt(rest[0])
            continue
        # Of a pivot that is 0 but for rounding, what is below must be as well.
        allowed = np.sqrt(ROUNDING) * deviation[j] * deviation[j:]
        if rest[0] < -ROUNDING * matrix[j, j] or np.any(np.abs(rest) > allowed):
            return factor, j
    return factor, None
