"""Fit a PEtab problem: the best fit by its own objective, or draws of its posterior.

``map`` makes -ln(likelihood x prior density) small over the scaled parameters, within their bounds:
the objective that PEtab defines. Starts are screened at random within the bounds, and the best of
them and the nominal values are followed by L-BFGS-B (Byrd et al. 1995, doi:10.1137/0916069) with
slopes in reverse. Around the best fit the posterior is taken for a normal distribution on the
parameters' scales, cut at their bounds; its Hessian is made of central differences of slopes.

The other methods sample the posterior as they do for any model: every prior is then a monotone map
of a standard normal, cut at the bounds and normalised.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import exp, inf, log, nan, pi
from typing import NamedTuple, final

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.engine.settings import SolverSettings
from lymphocast.errors import UsageError
from lymphocast.inference.fitting import versions
from lymphocast.inference.individual_fit import (
    DRAWS,
    Diagnostics,
    FitStatus,
    IndividualFit,
    SamplingMethod,
    fit_density,
)
from lymphocast.inference.lane_density import density_of
from lymphocast.inference.parameters import ParameterSpace
from lymphocast.inference.petab_likelihood import (
    IMPLICIT,
    LN10,
    PetabLikelihood,
    petab_log_prior,
    unscaled,
)
from lymphocast.interchange.petab_problem import (
    PetabParameter,
    PetabPriorFamily,
    PetabProblem,
    PetabScale,
)
from lymphocast.models.component import Scalar
from lymphocast.models.prior_table import Family, Grade, Prior

Floats = NDArray[np.float64]

SCREENED = 64  # random starts whose objective is looked at
FOLLOWED = 4  # of them, beside the nominal values
STEPS = 500
SETTLED = 1e-12  # relative fall of the objective at which a descent ends
WALL = 1e10  # the objective where the likelihood is nothing: higher than any that is fitted
STEP = 1e-3  # of a scaled parameter, for differences of slopes that are right to about 1e-6
NEAR = 1e-6  # share of the range between the bounds within which a parameter is at a bound
SAME = 0.1  # of ln: starts that end this near the best have found the same fit
TRIES = 100  # batches of draws in which those within the bounds are sought


@final
@dataclass(frozen=True)
class PetabFit:
    """The fit of a PEtab problem.

    Parameters
    ----------
    fit
        Draws, not transformed, with diagnostics and, where the method finds one, the best fit as
        ``mode``.
    log_likelihood, log_prior
        At the best fit, the prior density that of the scaled parameters; NaN without one.
    starts, agreeing
        How many starts were followed, and how many of them ended at the best fit (within 0.1 of
        its objective).
    """

    fit: IndividualFit
    log_likelihood: float = nan
    log_prior: float = nan
    starts: int = 0
    agreeing: int = 0


def fit_petab(
    problem: PetabProblem,
    *,
    method: SamplingMethod,
    seed: int,
    draws: int | None = None,
    solver: SolverSettings = IMPLICIT,
) -> PetabFit:
    """Fit the estimated parameters of a problem.

    Parameters
    ----------
    problem
        Model, measurements and parameter table.
    method
        ``map`` for the best fit; the others sample.
    seed
        Seed of every random number.
    draws
        Draws of all chains together; the method's usual number if ``None``.
    solver
        Method and tolerances of the engine.

    Raises
    ------
    UsageError
        If no parameter is estimated, no start has a likelihood above 0, or a prior cannot be
        sampled from.
    """
    if not problem.estimated:
        msg = f"{problem.name}: no parameter is estimated; needed one or more"
        raise UsageError(msg)
    number = draws or DRAWS[method.value]
    likelihood = PetabLikelihood(problem, solver=solver)
    if method is SamplingMethod.MAP:
        return _best_fit(problem, likelihood, seed, number)
    space = petab_space(problem)
    density = density_of(space, jax.vmap(likelihood.log_likelihood))
    found = fit_density(problem.name, density, method=method, seed=seed, draws=number)
    # The mode of the standard normals is not the best fit that PEtab means.
    return PetabFit(replace(found, mode={}))


def petab_space(problem: PetabProblem) -> ParameterSpace:
    """Return the priors of the estimated parameters as maps of standard normals.

    Raises
    ------
    UsageError
        If a prior cannot be sampled from: no finite bounds where it is uniform, or Laplace.
    """
    return ParameterSpace(tuple(map(_row, problem.estimated)))


LAPLACES = {
    PetabPriorFamily.LAPLACE,
    PetabPriorFamily.LOG_LAPLACE,
    PetabPriorFamily.SCALED_LAPLACE,
}
UNIFORMS = {None, PetabPriorFamily.UNIFORM, PetabPriorFamily.SCALED_UNIFORM}


def _row(parameter: PetabParameter) -> Prior:
    """Return the prior row of a parameter's value."""
    prior, scale = parameter.prior, parameter.scale
    family = None if prior is None else prior.family
    low, high = parameter.lower, parameter.upper
    row = partial(
        Prior, parameter.name, unit="1", grade=Grade.ASSUMED, doi="", rationale="The problem's."
    )
    if family in LAPLACES:
        msg = f"'{parameter.name}' has a Laplace prior, which is not sampled from; needed map"
        raise UsageError(msg)
    if family in UNIFORMS:
        if prior is not None:
            own = scale if family is PetabPriorFamily.SCALED_UNIFORM else PetabScale.LIN
            low, high = max(low, own.back(prior.first)), min(high, own.back(prior.second))
        logs = scale is not PetabScale.LIN and family is not PetabPriorFamily.UNIFORM
        if not (np.isfinite(low) and np.isfinite(high) and low < high and (low > 0.0 or not logs)):
            msg = f"'{parameter.name}' is uniform from {low:g} to {high:g}; needed a finite range"
            raise UsageError(msg)
        return row(Family.LOGUNIFORM if logs else Family.UNIFORM, 0.0, 0.0, low, high)
    assert prior is not None  # noqa: S101  (only a uniform one may be left out)
    first, second = prior.first, prior.second
    logs = scale is not PetabScale.LIN and family is PetabPriorFamily.SCALED_NORMAL
    unit = LN10 if logs and scale is PetabScale.LOG10 else 1.0
    if logs or family is PetabPriorFamily.LOG_NORMAL:
        return row(Family.LOGNORMAL, exp(first * unit), second * unit, max(low, 0.0), high)
    return row(Family.NORMAL, first, second, low, high)


@final
class _End(NamedTuple):
    """Where a descent ended, and the objective there."""

    x: Floats
    value: float


class _Objective:
    """-ln(likelihood x prior density) of scaled parameters, with its slopes."""

    def __init__(self, problem: PetabProblem, likelihood: PetabLikelihood) -> None:
        self.problem, self.parameters = problem, problem.estimated
        self.low = np.array([p.scale.of(p.lower) for p in self.parameters])
        self.high = np.array([p.scale.of(p.upper) for p in self.parameters])

        def negative(x: Scalar) -> Scalar:
            theta = self.values(x)
            return -(likelihood.log_likelihood(theta) + self.log_prior(x))

        self._with_slopes = jax.jit(jax.value_and_grad(negative))
        self._value = jax.jit(negative)

    def values(self, x: Scalar) -> dict[str, Scalar]:
        """Return the parameters by name, not transformed; ``x`` is ``[row, ...]``."""
        return {p.name: unscaled(p, x[i]) for i, p in enumerate(self.parameters)}

    def log_prior(self, x: Scalar) -> Scalar:
        """Return the log prior density of the scaled parameters."""
        return petab_log_prior(self.problem, {p.name: x[i] for i, p in enumerate(self.parameters)})

    def value(self, x: Floats) -> float:
        """Return the objective; infinite where there is none."""
        found = float(self._value(jnp.asarray(x)))
        return found if np.isfinite(found) else inf

    def with_slopes(self, x: Floats) -> tuple[float, Floats]:
        """Return the objective and its slopes; a flat wall where there is none."""
        value, slopes = self._with_slopes(jnp.asarray(x))
        if not (np.isfinite(value) and np.isfinite(slopes).all()):
            return WALL, np.zeros(len(x))
        return float(value), np.asarray(slopes, float)

    def descend(self, start: Floats) -> _End:
        """Follow the slopes down from a start, within the bounds."""
        found = minimize(
            self.with_slopes,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=list(zip(self.low, self.high, strict=True)),
            options={"maxiter": STEPS, "ftol": SETTLED, "gtol": 1e-6, "maxcor": 20},
        )
        return _End(np.asarray(found.x, float), float(found.fun))


def _best_fit(
    problem: PetabProblem, likelihood: PetabLikelihood, seed: int, draws: int
) -> PetabFit:
    objective = _Objective(problem, likelihood)
    ends = [objective.descend(start) for start in _starts(objective, seed)]
    best = min(ends, key=lambda end: end.value)
    agreeing = sum(end.value - best.value < SAME for end in ends)
    around = _around(objective, best)
    x, left = _draws(objective, best.x, around, np.random.default_rng([seed, 21]), draws)
    messages = [*around.messages]
    if left:
        messages.append(f"{left} of {draws} draws fell outside the bounds and were moved there.")
    values = {n: np.asarray(v)[None, :] for n, v in objective.values(x).items()}
    mode = {n: float(v) for n, v in objective.values(best.x).items()}
    fit = IndividualFit(
        id=problem.name,
        method=SamplingMethod.MAP,
        seed=seed,
        draws=values,
        mode=mode,
        log_evidence=around.log_evidence,
        log_evidence_se=nan,
        stats={},
        diagnostics=Diagnostics(ess=float(draws), messages=tuple(messages)),
        status=FitStatus.DOUBTFUL if messages else FitStatus.DONE,
        versions=versions(),
    )
    prior = float(objective.log_prior(best.x))
    return PetabFit(fit, -best.value - prior, prior, len(ends), agreeing)


def _starts(objective: _Objective, seed: int) -> list[Floats]:
    """Return the nominal values, if they stand within the bounds, and the best random starts."""
    parameters, low, high = objective.parameters, objective.low, objective.high
    nominal = np.array([nan if p.nominal is None else p.scale.of(p.nominal) for p in parameters])
    middle = np.where(np.isfinite(nominal), nominal, 0.0)
    lowest = np.where(np.isfinite(low), low, np.minimum(middle, high) - 1.0)
    highest = np.where(np.isfinite(high), high, np.maximum(middle, low) + 1.0)
    rng = np.random.default_rng([seed, 20])
    drawn = rng.uniform(lowest, highest, (SCREENED, len(parameters)))
    screened = sorted((_End(x, objective.value(x)) for x in drawn), key=lambda end: end.value)
    starts = [end.x for end in screened[:FOLLOWED] if np.isfinite(end.value)]
    inside = bool(np.all((nominal >= low) & (nominal <= high)))
    if inside and np.isfinite(objective.value(nominal)):
        starts.insert(0, nominal)
    if not starts:
        msg = (
            f"{objective.problem.name}: none of {SCREENED} starts within the bounds has a "
            "likelihood above 0; needed other bounds or nominal values"
        )
        raise UsageError(msg)
    return starts


@final
class _Around(NamedTuple):
    """The normal distribution around the best fit: its root ``[row, row]``, 0 where held."""

    root: Floats
    log_evidence: float
    messages: tuple[str, ...]


def _around(objective: _Objective, best: _End) -> _Around:
    """Return the normal distribution around the best fit."""
    low, high = objective.low, objective.high
    width = np.where(np.isfinite(high - low), high - low, 1.0)
    held = (best.x - low < NEAR * width) | (high - best.x < NEAR * width)
    messages = [
        f"'{p.name}' is at its bound {value:.6g} and is held there."
        for p, value, at in zip(
            objective.parameters, objective.values(best.x).values(), held, strict=True
        )
        if at
    ]
    free = np.flatnonzero(~held)
    hessian = _hessian(objective, best.x, free)
    values, vectors = np.linalg.eigh(hessian)
    flat = ~(values > 0.0)
    if flat.any():
        names = sorted({objective.parameters[free[int(np.argmax(np.abs(v)))]].name
                        for v in vectors.T[flat]})  # fmt: skip
        messages.append(f"The objective does not rise in every direction: see {', '.join(names)}.")
    spread = np.where(flat, 0.0, 1.0 / np.sqrt(np.where(flat, 1.0, values)))
    root = np.zeros((len(low), len(low)))
    root[np.ix_(free, free)] = vectors * spread
    evidence = nan
    if not messages:
        evidence = -best.value + 0.5 * (len(values) * log(2.0 * pi) - float(np.log(values).sum()))
    return _Around(root, evidence, tuple(messages))


def _hessian(objective: _Objective, x: Floats, free: NDArray[np.intp]) -> Floats:
    """Return the Hessian over the free rows by central differences of slopes."""
    columns = []
    for row in free:
        step = np.zeros(len(x))
        room = min(x[row] - objective.low[row], objective.high[row] - x[row])
        step[row] = min(STEP, 0.5 * room)
        above, below = (objective.with_slopes(x + sign * step)[1] for sign in (1.0, -1.0))
        columns.append((above - below)[free] / (2.0 * step[row]))
    found = np.array(columns).reshape(len(free), len(free))
    return np.asarray(0.5 * (found + found.T))


def _draws(
    objective: _Objective, x: Floats, around: _Around, rng: np.random.Generator, number: int
) -> tuple[Floats, int]:
    """Return draws ``[row, draw]`` within the bounds, and how many had to be moved there."""
    low, high = objective.low[:, None], objective.high[:, None]
    found = np.empty((len(x), 0))
    for _ in range(TRIES):
        new = x[:, None] + around.root @ rng.standard_normal((len(x), number))
        found = np.concatenate([found, new[:, ((new >= low) & (new <= high)).all(axis=0)]], axis=1)
        if found.shape[1] >= number:
            return found[:, :number], 0
    left = number - found.shape[1]
    return np.concatenate([found, np.clip(new[:, :left], low, high)], axis=1), left


def petab_lines(found: PetabFit, problem: PetabProblem) -> Sequence[str]:
    """Return how the fit ended: the objective, then each parameter of the best fit."""
    fit = found.fit
    lines = [" ".join([f"{fit.id}: {fit.status.value}", *fit.diagnostics.messages])]
    if found.starts:
        lines += [
            f"-ln likelihood {-found.log_likelihood:.6g} at the best fit, ln prior "
            f"{found.log_prior:.6g}",
            f"{found.agreeing} of {found.starts} starts ended there",
        ]
    scales: Mapping[str, PetabScale] = {p.name: p.scale for p in problem.estimated}
    for name, draws in fit.draws.items():
        low, middle, high = np.quantile(draws, [0.05, 0.5, 0.95])
        at = fit.mode.get(name)
        best = "" if at is None else f"best {at:.5g}, "
        lines.append(
            f"  {name} ({scales[name]}): {best}median {middle:.5g}, 90 % {low:.5g} to {high:.5g}"
        )
    return lines
