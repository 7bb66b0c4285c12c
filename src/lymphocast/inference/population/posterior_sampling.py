"""A population's posterior by the no-U-turn sampler (:mod:`lymphocast.inference.nuts`).

1. The most likely parameters are sought by a first-order method, Laplace's where an observation has
   no residual. They and their curvature give, with the priors', the centre c and the metric of the
   shared coordinates; effects have theirs from each individual's mode at c (:mod:`.hierarchical`).
2. Chains move in all coordinates at once; what they draw does not depend on the approximation, only
   how fast they do.

An SD of effects that the search leaves near 0 begins at a tenth of the file's, where its logarithm
still matters.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, final

import jax
import numpy as np
from numpy.typing import NDArray

from lymphocast.errors import UsageError
from lymphocast.inference.chain_diagnostics import chain_doubts, chain_stats, worth
from lymphocast.inference.mode import Mode, ModeStatus
from lymphocast.inference.nuts import NutsSettings, sample_nuts
from lymphocast.inference.population.descent import DescentStatus, Place, descend
from lymphocast.inference.population.hierarchical import HierarchicalDensity, density_around
from lymphocast.inference.population.hierarchical_form import HierarchicalForm, Kind
from lymphocast.inference.population.objective import Objective
from lymphocast.inference.population.posterior import PopulationPosterior
from lymphocast.inference.population.problem import Population
from lymphocast.inference.population.shared_priors import SharedFamily
from lymphocast.inference.population.uncertainty import covariances, reported

Floats = NDArray[np.float64]
Progress = Callable[[str, float], None]

USUAL = NutsSettings(draws=1_000)
SMALLEST = 0.1  # of the file's SD: where a vanishing SD begins
MOST_STEPS = 50  # to the centre
SETTLED = 1e-8  # squared length of a step that is left, in the metric of the curvature
STEP = 1e-5  # for slopes of one vector's coordinates in another's


@final
@dataclass(frozen=True)
class SampledPopulation:
    """What was sampled: the vectors ``[chain, draw, row]``, their posterior, and doubts."""

    vectors: Floats
    posterior: PopulationPosterior
    messages: tuple[str, ...]

    @property
    def middle(self) -> Floats:
        """The medians of the vector's rows."""
        return np.asarray(np.median(self.vectors, axis=(0, 1)))


@final
class _Start(NamedTuple):
    """Centre and covariance of the shared coordinates."""

    centre: Floats
    covariance: Floats


def sample_population(
    population: Population,
    objective: Objective,
    seed: int,
    draws: int | None = None,
    progress: Progress | None = None,
) -> SampledPopulation:
    """Return draws of a population's posterior.

    Parameters
    ----------
    population, objective
        The observations, and the approximation in which the centre is sought.
    seed, draws
        Seed of all random numbers; draws of all chains together, the usual number if ``None``.
    progress
        Called with a stage's name and the share that is done.

    Raises
    ------
    UsageError
        If a prior does not fit, or the objective is not finite to begin with.
    """
    form = HierarchicalForm(population.design)
    settings = USUAL
    if draws is not None:
        settings = replace(USUAL, draws=-(-draws // USUAL.chains))
    start = _start(population, objective, form)
    if progress is not None:
        progress("nuts", 0.3)
    density = density_around(objective, form, start.centre)
    found = sample_nuts(density, _metric(density, start), seed, settings)
    posterior, vectors = _told(population, form, density, found.z, chain_stats(found))
    return SampledPopulation(vectors, posterior, chain_doubts(worth(found.z), found.divergent))


def _start(population: Population, objective: Objective, form: HierarchicalForm) -> _Start:
    """Return the normal distribution near the shared coordinates' posterior."""
    ended = descend(objective, population.form.start())
    if ended.status is DescentStatus.NOT_FINITE:
        msg = f"nuts: {ended.status.value} Needed other values"
        raise UsageError(msg)
    first = form.coordinates(population.form.start())
    best = form.coordinates(ended.place.x)
    low = np.array([r.kind in {Kind.DEVIATION, Kind.BETWEEN} for r in form.rows])
    best = np.where(low, np.maximum(best, first + np.log(SMALLEST)), best)
    turned = _turned(form, best)
    curved = np.asarray(turned.T @ _curvature(objective, ended.place) @ turned, float)
    centre = _most_probable(form, best, curved)
    covariance = np.linalg.inv(curved + _prior_curvature(form, centre))
    return _Start(centre, np.asarray(covariance, float))


def _most_probable(form: HierarchicalForm, best: Floats, curved: Floats) -> Floats:
    """Return the mode under the priors of a likelihood that is normal around its best place.

    Every prior is log-concave in its coordinate, so that Newton's method has one place to go to.
    """
    slopes = jax.jit(jax.grad(lambda u: form.log_prior(u[:, None])[0]))
    u = best
    for _ in range(MOST_STEPS):
        rise = np.asarray(slopes(u)) - curved @ (u - best)
        step = np.linalg.solve(curved + _prior_curvature(form, u), rise)
        if rise @ step < SETTLED:
            break
        u = np.asarray(u + step / max(1.0, float(np.abs(step).max())))
    return u


def _curvature(objective: Objective, place: Place) -> Floats:
    """Return the curvature of -ln L; where it is not positive, that along each axis alone."""
    inverse = covariances(objective, place.x).model
    if np.isfinite(inverse).all():
        return np.asarray(np.linalg.inv(inverse))
    bend = np.where(np.isfinite(place.bend), place.bend, 0.0)
    return np.asarray(np.diag(0.5 * np.maximum(bend, 0.0)))


def _turned(form: HierarchicalForm, u: Floats) -> Floats:
    """Return how the vector moves with the coordinates, ``[vector row, coordinate]``."""
    steps = STEP * np.eye(len(u))
    return (form.vectors(u + steps) - form.vectors(u - steps)).T / (2.0 * STEP)


def _prior_curvature(form: HierarchicalForm, u: Floats) -> Floats:
    """Return the curvature of the priors; of half-normal and LKJ ones that of their bulk or more.

    The bulk of a half-normal prior has an SD of about 1 of ln.
    """
    found = []
    for row, own in zip(form.rows, u, strict=True):
        if row.prior.family is SharedFamily.LKJ:
            found.append(2.0 * row.lkj)
        elif row.prior.family is SharedFamily.HALFNORMAL:
            found.append(max(1.0, 2.0 * float(np.exp(own) / row.prior.scale) ** 2))
        else:
            found.append(row.prior.scale**-2)
    return np.diag(found)


def _metric(density: HierarchicalDensity, start: _Start) -> Mode:
    """Return the normal distribution that chains begin at and that is their metric."""
    rows, size = len(start.centre), density.size
    covariance, z = np.eye(size), np.zeros(size)
    covariance[:rows, :rows], z[:rows] = start.covariance, start.centre
    root = np.eye(size)
    root[:rows, :rows] = np.linalg.cholesky(start.covariance)
    value = float(density.log_likelihood(z[:, None])[0]) - 0.5 * float(z @ z)
    return Mode(z, value, covariance, root, np.nan, ModeStatus.FOUND, 1)


def _told(
    population: Population,
    form: HierarchicalForm,
    density: HierarchicalDensity,
    z: Floats,
    stats: Mapping[str, Floats],
) -> tuple[PopulationPosterior, Floats]:
    """Return the posterior by name, and the vectors of its draws."""
    chains, number, size = z.shape
    flat = z.reshape(chains * number, size)
    vectors = form.vectors(flat[:, : len(form.rows)])
    names, values = reported(population.form, vectors)
    effects = density.effects(flat.T)
    typical = population.spread(population.form.values(vectors)).typical
    individual = {
        name: np.asarray(way.apply(typical[name], effects[..., i]))
        for i, (name, way) in enumerate(population.joint.effects[: len(population.design.effects)])
    }

    def by_chain(own: Floats) -> Floats:
        return own.reshape(chains, number, *own.shape[1:])

    posterior = PopulationPosterior(
        {n: by_chain(v) for n, v in zip(names, values.T, strict=True) if np.ptp(v) > 0.0},
        by_chain(effects),
        {n: by_chain(v) for n, v in individual.items()},
        stats,
        form.described,
    )
    return posterior, by_chain(vectors)
