"""The most probable effects of every individual: all individuals at several places at once.

The mode of eta is that of the joint density of observations and effects,

    l(eta) = -ln p(y | eta) + eta' Omega^-1 eta / 2

found by Newton's method with each individual's own step: the curvature is the expected one of a
normal error (Gauss-Newton) for first-order methods, and the observed one, by differences of slopes,
for Laplace's. A step that does not bring l down is shortened; curvature that is not positive is
taken for positive.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple, final

import jax
import numpy as np
from numpy.typing import NDArray

from lymphocast.inference.population.joint import Around, first_order, with_slopes
from lymphocast.inference.population.problem import Population, Spread

Floats = NDArray[np.float64]
Evaluate = Callable[[Floats], Around]

MOST_STEPS = 100
SETTLED = 1e-14  # squared length of a step that is left, in the metric of the curvature
SHORTEST = 1e-6  # share of a step below which an individual is left where it is
ROUNDING = 1e-12  # relative rise that is rounding
STEP = 1e-4  # of an effect's standard deviation, for differences of slopes


@final
class Approximation(StrEnum):
    """How the integral over an individual's effects is approximated."""

    FOCE = "foce"
    FOCEI = "focei"
    LAPLACE = "laplace"


@final
class Modes(NamedTuple):
    """The modes ``[place, individual, effect]``, and -ln p(y | eta) around them."""

    eta: Floats
    around: Around


def find_modes(population: Population, spread: Spread, how: Approximation, start: Floats) -> Modes:
    """Return the modes of all individuals' effects.

    Parameters
    ----------
    population, spread
        The observations, and the places.
    how
        Which curvature is used; without interaction the variance of the observations is that of
        no effects.
    start
        Where the search begins, ``[place, individual, effect]``.
    """
    precision = np.asarray(np.linalg.inv(spread.covariance), float)[:, None]
    evaluate = _evaluation(population, spread, how)
    here = _joint(evaluate(start), start, precision)
    eta, scale = start.copy(), np.ones(start.shape[:2])
    for _ in range(MOST_STEPS):
        step = -np.linalg.solve(_positive(here.curvature), here.slopes[..., None])[..., 0]
        left = -(step * here.slopes).sum(axis=-1)
        waiting = (left > SETTLED) & (scale > SHORTEST) & np.isfinite(here.value)
        if not waiting.any():
            break
        moved = np.where(waiting[..., None], eta + scale[..., None] * step, eta)
        there = _joint(evaluate(moved), moved, precision)
        allowed = here.value + ROUNDING * np.abs(here.value)
        better = waiting & (there.value <= allowed)
        eta = np.where(better[..., None], moved, eta)
        here = Around(
            np.where(better, there.value, here.value),
            np.where(better[..., None], there.slopes, here.slopes),
            np.where(better[..., None, None], there.curvature, here.curvature),
        )
        scale = np.where(better, np.minimum(1.0, 4.0 * scale), np.where(waiting, scale / 4, scale))
    return Modes(eta, here)


def _joint(found: Around, eta: Floats, precision: Floats) -> Around:
    """Return what the observations and the distribution of effects say together."""
    pulled = (precision @ eta[..., None])[..., 0]
    return Around(
        found.value + 0.5 * (eta * pulled).sum(axis=-1),
        found.slopes + pulled,
        found.curvature + precision,
    )


def _positive(curvature: Floats) -> Floats:
    """Return curvature with its negative directions turned, and none of it 0."""
    try:
        np.linalg.cholesky(curvature)
    except np.linalg.LinAlgError:
        sound = np.where(np.isfinite(curvature), curvature, np.eye(curvature.shape[-1]))
        values, vectors = np.linalg.eigh(sound)
        held = np.maximum(np.abs(values), 1e-3 * np.abs(values).max(axis=-1, keepdims=True) + 1e-12)
        return np.asarray((vectors * held[..., None, :]) @ vectors.swapaxes(-1, -2))
    return curvature


def _evaluation(population: Population, spread: Spread, how: Approximation) -> Evaluate:
    """Return the function from effects to -ln p(y | eta) with its derivatives."""
    joint, data, typical = population.joint, population.data, dict(spread.typical)
    if how is not Approximation.LAPLACE:

        def by_first_order(eta: Floats) -> Around:
            interaction = how is Approximation.FOCEI
            found = first_order(joint, interaction, data, typical, eta)
            return Around(*(np.asarray(x) for x in found))

        return by_first_order
    size, places = population.effects, len(spread.covariance)
    deviation = np.sqrt(np.diagonal(spread.covariance, axis1=1, axis2=2))
    # Of each place: itself, then a step up and a step down in each effect.
    steps = STEP * np.concatenate(
        [np.zeros((places, 1, size)), deviation[:, None] * _both_ways(size)], axis=1
    )
    wide = jax.tree.map(lambda v: np.repeat(v, 1 + 2 * size, axis=0), typical)

    def by_likelihood(eta: Floats) -> Around:
        shape = (places * (1 + 2 * size), *eta.shape[1:])
        moved = (eta[:, None] + steps[:, :, None]).reshape(shape)
        value, slopes = (np.asarray(x) for x in with_slopes(joint, data, wide, moved))
        value = value.reshape(places, 1 + 2 * size, -1)
        slopes = slopes.reshape(places, 1 + 2 * size, *eta.shape[1:])
        rise = slopes[:, 1 : 1 + size] - slopes[:, 1 + size :]
        rows = rise / (2.0 * STEP * deviation)[:, :, None, None]
        curved = -0.5 * (rows.transpose(0, 2, 1, 3) + rows.transpose(0, 2, 3, 1))
        return Around(-value[:, 0], -slopes[:, 0], curved)

    return by_likelihood


def _both_ways(size: int) -> Floats:
    return np.concatenate([np.eye(size), -np.eye(size)])
