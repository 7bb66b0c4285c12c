"""A PEtab problem: a model, what was measured, and which parameters are to be found."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import final

from lymphocast.interchange.exchange import Dropped
from lymphocast.interchange.sbml_import import ImportedModel
from lymphocast.models.formula import Formula


@final
class PetabScale(StrEnum):
    """On which scale a parameter is estimated, or an observable compared."""

    LIN = "lin"
    LOG = "log"
    LOG10 = "log10"

    def of(self, value: float) -> float:
        """Return a value on this scale; minus infinity for 0 on a logarithmic one."""
        if self is PetabScale.LIN:
            return value
        if value <= 0.0:
            return -math.inf
        return math.log(value) if self is PetabScale.LOG else math.log10(value)

    def back(self, value: float) -> float:
        """Return the value that stands at a place on this scale."""
        if self is PetabScale.LIN:
            return value
        return math.exp(value) if self is PetabScale.LOG else 10.0**value


@final
class Noise(StrEnum):
    """How a measurement scatters around an observable."""

    NORMAL = "normal"
    LAPLACE = "laplace"


@final
class PetabPriorFamily(StrEnum):
    """The prior distributions that PEtab names."""

    UNIFORM = "uniform"
    NORMAL = "normal"
    LAPLACE = "laplace"
    LOG_NORMAL = "logNormal"
    LOG_LAPLACE = "logLaplace"
    SCALED_UNIFORM = "parameterScaleUniform"
    SCALED_NORMAL = "parameterScaleNormal"
    SCALED_LAPLACE = "parameterScaleLaplace"


@final
@dataclass(frozen=True)
class PetabPrior:
    """A prior: bounds of a uniform one, location and scale of the others, as PEtab writes them."""

    family: PetabPriorFamily
    first: float
    second: float


@final
@dataclass(frozen=True)
class PetabParameter:
    """One row of the parameter table; bounds and nominal value are not transformed.

    Parameters
    ----------
    name
        Its identifier.
    scale
        On which it is estimated.
    lower, upper
        Bounds.
    nominal
        Its value where it is not estimated, a start value where it is; ``None`` if not stated.
    estimated
        Whether it is to be found.
    prior
        Its prior; uniform on its scale between the bounds if ``None``.
    """

    name: str
    scale: PetabScale
    lower: float
    upper: float
    nominal: float | None
    estimated: bool
    prior: PetabPrior | None = None


@final
@dataclass(frozen=True)
class PetabObservable:
    """What is compared with measurements, and how these scatter."""

    name: str
    formula: Formula
    noise: Formula
    transformation: PetabScale = PetabScale.LIN
    distribution: Noise = Noise.NORMAL


@final
@dataclass(frozen=True)
class PetabMeasurement:
    """One measured value.

    Parameters
    ----------
    observable, condition
        Identifiers.
    time
        In the model's unit.
    value
        What was measured.
    observable_values, noise_values
        What stands for ``observableParameter1_...`` and ``noiseParameter1_...``, in order.
    """

    observable: str
    condition: str
    time: float
    value: float
    observable_values: tuple[Formula, ...] = ()
    noise_values: tuple[Formula, ...] = ()


@final
@dataclass(frozen=True)
class PetabProblem:
    """A problem of format version 1.

    Parameters
    ----------
    name
        Name of the problem's file.
    model
        The SBML model. Whatever conditions or parameters set is one of its parameters.
    conditions
        For each condition what it sets: symbols of the model, and numbers or parameters.
    observables, measurements, parameters
        The rows of the tables.
    dropped
        What is not held: figures, names, and what the model's reader left out.
    """

    name: str
    model: ImportedModel
    conditions: Mapping[str, Mapping[str, Formula]]
    observables: Mapping[str, PetabObservable]
    measurements: tuple[PetabMeasurement, ...]
    parameters: Mapping[str, PetabParameter]
    dropped: tuple[Dropped, ...] = field(default=())

    @property
    def estimated(self) -> tuple[PetabParameter, ...]:
        """The parameters to be found, in the table's order."""
        return tuple(p for p in self.parameters.values() if p.estimated)

    @property
    def nominal(self) -> dict[str, float]:
        """The nominal value of every parameter that has one."""
        return {n: p.nominal for n, p in self.parameters.items() if p.nominal is not None}
