"""The posterior mode of one individual and the normal distribution around it (Laplace).

The mode is that of the density of z, the standard normals behind the parameters. For normal and
log-normal priors it is the mode in the parameter and in its logarithm, as the field's empirical
Bayes estimates are. Around the mode the posterior is approximated by a normal distribution with the
inverse of the Hessian H of -ln(likelihood x prior) as covariance; the evidence is then

    ln Z = ln L(mode) - z'z / 2 - ln det(H) / 2

since the 2 pi of the normal prior and of the integral cancel (Tierney and Kadane 1986,
doi:10.1080/01621459.1986.10478240).

The search: prior draws are screened in one call; from the best a quasi-Newton method (BFGS, with
the Hessian of the best draw to begin with) descends by forward slopes within a box, backing off
from whatever is not finite. The Hessian is made of central differences of slopes.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from lymphocast.inference.lane_density import LaneDensity

Floats = NDArray[np.float64]

FARTHEST = 30.0  # of z in each coordinate: where a quantile is still a number
STEP = 1e-3  # of z for differences of slopes; the slopes are right to about 1e-7
SHARE_OF_SD = 0.05  # the step where the posterior is narrow, in its own standard deviations
LARGEST_MOVE = 3.0  # of z in one step
SUFFICIENT = 1e-4  # share of the promised fall that a step must bring (Armijo)
BACK_OFF = 0.25
MOST_BACK_OFFS = 25
SETTLED = 1e-7  # half the squared length of the last step in the posterior's own metric
WORKERS = 2


@final
class ModeStatus(Enum):
    """How a search for the mode ended."""

    FOUND = "The mode was found."
    NOT_FOUND = "No start leads to a finite posterior."
    NOT_SETTLED = "The search used up its steps before the mode had settled."
    NOT_A_MODE = "The posterior does not fall away in every direction where the search ended."
    AT_THE_EDGE = "The search ended at the edge of what can be computed."


@final
@dataclass(frozen=True)
class ModeSettings:
    """Prior draws that are screened, starts that are followed, and most steps of each."""

    screened: int = 64
    starts: int = 4
    steps: int = 100


@final
@dataclass(frozen=True)
class Mode:
    """A posterior mode.

    Parameters
    ----------
    z, log_posterior
        Where it is, and ln(likelihood) - z'z/2 there.
    covariance, root
        Of the normal distribution around it, and its Cholesky root; where the Hessian is not
        positive definite, negative curvature is taken for none beside the prior's.
    log_evidence
        By Laplace's method; NaN unless the mode was found.
    status
        How the search ended.
    evaluations
        Lanes in which the likelihood was evaluated, with slopes or without.
    """

    z: Floats
    log_posterior: float
    covariance: Floats
    root: Floats
    log_evidence: float
    status: ModeStatus
    evaluations: int

    def draw(self, number: int, rng: np.random.Generator) -> Floats:
        """Return draws of the normal distribution around the mode, ``[row, draw]``."""
        normal = rng.standard_normal((len(self.z), number))
        return np.asarray(self.z[:, None] + self.root @ normal)


@final
class _Place(NamedTuple):
    """Somewhere in z: the value that is made small, and its slopes."""

    z: Floats
    value: float
    slopes: Floats
    settled: bool = False


def find_mode(density: LaneDensity, seed: int, settings: ModeSettings | None = None) -> Mode:
    """Return the posterior mode and the normal distribution around it; never raises."""
    settings = settings or ModeSettings()
    counted = _Counted(density)
    starts = _starts(counted, seed, settings)
    if not starts:
        nothing = np.eye(density.size)
        empty = np.zeros(density.size)
        return Mode(
            empty, -np.inf, nothing, nothing, np.nan, ModeStatus.NOT_FOUND, counted.evaluations
        )
    hessian = _hessian(counted, starts[0].z)
    inverse = _inverse(hessian)[0]
    with ThreadPoolExecutor(WORKERS) as pool:
        ends = list(pool.map(partial(_descend, counted, inverse, settings.steps), starts))
    best = min(ends, key=lambda place: place.value)
    return _finished(counted, best)


class _Counted:
    """The negative log posterior with its slopes, and how often it was asked for."""

    def __init__(self, density: LaneDensity) -> None:
        self.density, self.evaluations = density, 0

    def at(self, z: Floats) -> tuple[Floats, Floats]:
        """Return values ``[lane]`` and slopes ``[row, lane]``; a value may be infinite."""
        self.evaluations += z.shape[1]
        found, slopes = self.density.with_slopes(z)
        return 0.5 * (z * z).sum(axis=0) - found, z - slopes

    def place(self, z: Floats) -> _Place:
        """Return one place."""
        value, slopes = self.at(z[:, None])
        return _Place(z, float(value[0]), slopes[:, 0])


def _starts(counted: _Counted, seed: int, settings: ModeSettings) -> list[_Place]:
    """Return the best of some prior draws, the middle of the prior among them, best first."""
    z = np.random.default_rng([seed, 11]).standard_normal((counted.density.size, settings.screened))
    z[:, 0] = 0.0
    counted.evaluations += z.shape[1]
    values = 0.5 * (z * z).sum(axis=0) - counted.density.log_likelihood(z)
    order = np.argsort(values, kind="stable")[: settings.starts]
    return [counted.place(z[:, i]) for i in order if np.isfinite(values[i])]


def _descend(counted: _Counted, inverse: Floats, steps: int, start: _Place) -> _Place:
    """Follow the slopes down from a start by BFGS, within the box."""
    here, inverse = start, inverse.copy()
    for _ in range(steps):
        step = -inverse @ here.slopes
        fall = float(step @ here.slopes)
        if not fall < 0.0:
            inverse, step = np.eye(len(here.z)), -here.slopes
            fall = float(step @ here.slopes)
        if -0.5 * fall < SETTLED:
            return here._replace(settled=True)
        there = _search(counted, here, step * min(1.0, LARGEST_MOVE / np.abs(step).max()))
        if there is None:
            return here
        inverse = _updated(inverse, there.z - here.z, there.slopes - here.slopes)
        here = there
    return here


def _search(counted: _Counted, here: _Place, step: Floats) -> _Place | None:
    """Return the first place along a step that falls enough, backing off; none if there is none."""
    for _ in range(MOST_BACK_OFFS):
        there = counted.place(np.clip(here.z + step, -FARTHEST, FARTHEST))
        promised = float(here.slopes @ (there.z - here.z))
        if np.isfinite(there.value) and there.value <= here.value + SUFFICIENT * promised:
            return there if (there.z != here.z).any() else None
        step = BACK_OFF * step
    return None


def _updated(inverse: Floats, moved: Floats, turned: Floats) -> Floats:
    """Return the BFGS update of an inverse Hessian; as it was if the curvature is not positive."""
    curvature = float(moved @ turned)
    if not curvature > 1e-12:
        return inverse
    shift = np.eye(len(moved)) - np.outer(moved, turned) / curvature
    return np.asarray(shift @ inverse @ shift.T + np.outer(moved, moved) / curvature)


def _hessian(counted: _Counted, z: Floats) -> Floats:
    """Return the Hessian by central differences of slopes, in steps that fit the posterior."""
    size = len(z)
    steps = np.full(size, STEP)
    for _ in range(2):
        moved = np.concatenate([z[:, None] + np.diag(steps), z[:, None] - np.diag(steps)], axis=1)
        values, slopes = counted.at(moved)
        if not np.isfinite(values).all():
            return np.full((size, size), np.nan)
        rows = (slopes[:, :size] - slopes[:, size:]) / (2.0 * steps)
        found = 0.5 * (rows + rows.T)
        own = SHARE_OF_SD / np.sqrt(np.maximum(np.diag(found), 1.0))
        if (own > 0.5 * STEP).all():
            return found
        steps = np.minimum(own, STEP)
    return found


def _inverse(hessian: Floats) -> tuple[Floats, bool]:
    """Return the inverse of a Hessian, and whether it is positive definite as it is.

    Curvature below a tenth of the prior's is replaced by the prior's.
    """
    if not np.isfinite(hessian).all():
        return np.eye(len(hessian)), False
    values, vectors = np.linalg.eigh(hessian)
    positive = bool((values > 0.0).all())
    held = np.where(values > 0.1, values, 1.0) if not positive else values
    return np.asarray((vectors / held) @ vectors.T), positive


def _finished(counted: _Counted, best: _Place) -> Mode:
    """Return the mode with its Hessian, after a last Newton step if that helps."""
    hessian = _hessian(counted, best.z)
    covariance, positive = _inverse(hessian)
    if positive and not best.settled:
        best, hessian = _polished(counted, best, covariance, hessian)
        covariance, positive = _inverse(hessian)
    status = ModeStatus.FOUND
    if (np.abs(best.z) >= FARTHEST).any():
        status = ModeStatus.AT_THE_EDGE
    elif not positive:
        status = ModeStatus.NOT_A_MODE
    elif not best.settled:
        status = ModeStatus.NOT_SETTLED
    log_evidence = np.nan
    if status is ModeStatus.FOUND:
        log_evidence = -best.value - 0.5 * float(np.linalg.slogdet(hessian)[1])
    root = np.asarray(np.linalg.cholesky(0.5 * (covariance + covariance.T)), float)
    return Mode(best.z, -best.value, covariance, root, log_evidence, status, counted.evaluations)


def _polished(
    counted: _Counted, best: _Place, covariance: Floats, hessian: Floats
) -> tuple[_Place, Floats]:
    """Return where a few Newton steps lead; settled if the last one was short."""
    for _ in range(3):
        fall = float(best.slopes @ covariance @ best.slopes)
        if 0.5 * fall < SETTLED:
            return best._replace(settled=True), hessian
        there = _search(counted, best, -covariance @ best.slopes)
        if there is None:
            break
        best = there
        hessian = _hessian(counted, best.z)
        covariance, positive = _inverse(hessian)
        if not positive:
            break
    # What the slopes' own error leaves: a step far below any digit that is printed.
    fall = float(best.slopes @ covariance @ best.slopes)
    return best._replace(settled=0.5 * fall < 1e3 * SETTLED), hessian
