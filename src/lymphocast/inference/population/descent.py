"""The descent to the most likely parameters of a population.

A quasi-Newton method (BFGS) whose slopes are central differences: a place and its neighbours on
both sides in every direction are one call. The neighbours also give the curvature in each
direction, of which the first metric is made. It ends where the fall that is still promised is small
beside 1, which is what a likelihood ratio is measured in.
"""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from lymphocast.inference.population.objective import Marginal, Objective

Floats = NDArray[np.float64]

STEP = 1e-3  # of a row of the vector, for slopes
MOST_STEPS = 200
LARGEST_MOVE = 1.0  # of a row in one step: a factor e of a parameter on the log scale
SETTLED = 1e-6  # fall of the objective that is still promised
SUFFICIENT = 1e-4  # share of the promised fall that a step must bring (Armijo)
MOST_BACK_OFFS = 20


@final
class DescentStatus(Enum):
    """How a descent ended."""

    SETTLED = "The objective settled."
    STUCK = "No step along the slope brings the objective down, though it promises to."
    STEPS_EXHAUSTED = "The descent used up its steps before the objective had settled."
    NOT_FINITE = "The objective is not finite at the values to begin with."


@final
class Place(NamedTuple):
    """A place with the objective, its slopes, those of each individual, and the modes."""

    x: Floats
    value: float
    slopes: Floats
    bend: Floats
    each: Floats
    each_slopes: Floats
    eta: Floats
    covariance: Floats


@final
@dataclass(frozen=True)
class Descent:
    """Where a descent ended, how, and after how many steps."""

    place: Place
    status: DescentStatus
    steps: int


def width_of(size: int) -> int:
    """Return how many places one call takes: a place and its neighbours."""
    return 2 * size + 1


def look(objective: Objective, x: Floats) -> Place:
    """Return a place with its slopes."""
    unit = STEP * np.eye(len(x))
    found: Marginal = objective.at(np.concatenate([x[None], x + unit, x - unit]))
    each = found.each
    total = each.sum(axis=1)
    up, down = slice(1, 1 + len(x)), slice(1 + len(x), None)
    with np.errstate(invalid="ignore"):
        each_slopes = (each[up] - each[down]) / (2.0 * STEP)
        bend = (total[up] - 2.0 * total[0] + total[down]) / STEP**2
    slopes = each_slopes.sum(axis=1)
    return Place(
        x,
        float(total[0]),
        slopes,
        bend,
        each[0],
        each_slopes,
        found.eta[0],
        found.covariance[0],
    )


def descend(objective: Objective, start: Floats) -> Descent:
    """Return the place of the smallest objective that a descent from ``start`` finds."""
    here = look(objective, start)
    if not np.isfinite(here.value) or not np.isfinite(here.slopes).all():
        return Descent(here, DescentStatus.NOT_FINITE, 0)
    objective.keep(here.eta)
    inverse, fresh = _first_metric(here), True
    for taken in range(MOST_STEPS):
        step = -inverse @ here.slopes
        promised = float(step @ here.slopes)
        if promised >= 0.0:
            inverse, fresh = _first_metric(here), True
            continue
        if -0.5 * promised < SETTLED:
            return Descent(here, DescentStatus.SETTLED, taken)
        there = _search(objective, here, step * min(1.0, LARGEST_MOVE / np.abs(step).max()))
        if there is None:
            if fresh:
                return Descent(here, DescentStatus.STUCK, taken)
            inverse, fresh = _first_metric(here), True
            continue
        inverse, fresh = _updated(inverse, there.x - here.x, there.slopes - here.slopes), False
        here = there
        objective.keep(here.eta)
    return Descent(here, DescentStatus.STEPS_EXHAUSTED, MOST_STEPS)


def _first_metric(here: Place) -> Floats:
    """Return an inverse Hessian made of the bends; where there is none, a step of a tenth."""
    bend = np.where(here.bend > 1e-3, here.bend, np.maximum(10.0 * np.abs(here.slopes), 1e-3))
    return np.diag(1.0 / bend)


def _search(objective: Objective, here: Place, step: Floats) -> Place | None:
    for _ in range(MOST_BACK_OFFS):
        there = look(objective, here.x + step)
        promised = float(here.slopes @ step)
        sound = np.isfinite(there.value) and np.isfinite(there.slopes).all()
        if sound and there.value <= here.value + SUFFICIENT * promised:
            return there
        step = 0.3 * step
    return None


def _updated(inverse: Floats, moved: Floats, turned: Floats) -> Floats:
    """Return the BFGS update of an inverse Hessian; as it was if the curvature is not positive."""
    curvature = float(moved @ turned)
    if not curvature > 1e-12:
        return inverse
    shift = np.eye(len(moved)) - np.outer(moved, turned) / curvature
    return np.asarray(shift @ inverse @ shift.T + np.outer(moved, moved) / curvature)
