"""A straight line for each individual: a linear mixed model, whose likelihood is normal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import multivariate_normal

from lymphocast.dataset.events import EventRecord, EventTable
from lymphocast.inference.error_model import AdditiveError
from lymphocast.inference.individual_density import Endpoint
from lymphocast.inference.population.design import PopulationDesign, Typical
from lymphocast.models.component import Dosing, Scalar, Values, Variable
from lymphocast.models.random_effects import EffectTransform

Floats = NDArray[np.float64]

LINE = (Endpoint("line", "amount", AdditiveError("line.sd")),)


@final
@dataclass(frozen=True)
class StraightLine:
    """Something that changes at a constant rate from a level."""

    name: ClassVar = "line"
    states: ClassVar = (Variable("amount", "mg", "what changes"),)
    parameters: ClassVar = (
        Variable("level", "mg", "where it begins"),
        Variable("slope", "mg/d", "its rate"),
    )
    inputs: ClassVar[tuple[str, ...]] = ()
    outputs: ClassVar[tuple[Variable, ...]] = ()

    def initial(self, theta: Values) -> Values:
        return {"amount": theta["level"]}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        return {}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return {"amount": theta["slope"] + 0.0 * state["amount"]}

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return {}


def tables(times: Sequence[float], y: Floats) -> list[EventTable]:
    """Return one individual for each row of ``y``, seen at the same times."""
    return [
        EventTable(str(i), tuple(EventRecord(t, value=float(v)) for t, v in zip(times, row)))  # noqa: B905
        for i, row in enumerate(y)
    ]


def design(
    level: float, slope: float, sd: float, covariance: Floats, *, slope_scatters: bool = True
) -> PopulationDesign:
    """Return additive effects on the level and, if it scatters, the slope."""
    way = EffectTransform.ADDITIVE
    return PopulationDesign(
        (
            Typical("level", level, transform=way, positive=False),
            Typical(
                "slope",
                slope,
                fixed=not slope_scatters,
                transform=way if slope_scatters else None,
                positive=False,
            ),
            Typical("line.sd", sd),
        ),
        tuple(map(tuple, covariance.tolist())),
        LINE,
    )


def draw(
    times: Sequence[float],
    individuals: int,
    mean: Floats,
    covariance: Floats,
    sd: float,
    seed: int,
) -> Floats:
    """Return observations ``[individual, time]`` of lines that scatter around ``mean``."""
    rng = np.random.default_rng(seed)
    lines = rng.multivariate_normal(mean, covariance, individuals)
    basis = np.stack([np.ones(len(times)), np.asarray(times)])
    return np.asarray(lines @ basis + sd * rng.standard_normal((individuals, len(times))))


def log_likelihood(
    times: Sequence[float], y: Floats, mean: Floats, covariance: Floats, sd: float
) -> float:
    """Return the log likelihood of straight lines in closed form."""
    basis = np.stack([np.ones(len(times)), np.asarray(times)])
    own = basis.T @ covariance @ basis + sd**2 * np.eye(len(times))
    return float(multivariate_normal(mean @ basis, own).logpdf(y).sum())
