"""Ensemble: all draws of all hypotheses as lanes, and averages over any part of them.

The draws of the hypotheses stand side by side on the lane axis; a lane's weight is its
hypothesis' posterior probability divided by the number of draws. Whatever is computed lane by
lane can then be summarised under each hypothesis and averaged over all.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TypeVar, final

import jax
import numpy as np
from numpy.typing import NDArray

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.dataset.individual import DosePlan, Individual, Moment
from lymphocast.engine.course import FACTUAL, Treatment, added_count, latent_count, with_study_days
from lymphocast.engine.steps import instant
from lymphocast.forecast.results import AVERAGED, ByHypothesis, Interval
from lymphocast.inference.hypotheses import HYPOTHESES, Hypothesis
from lymphocast.inference.posterior import Fit
from lymphocast.models.component import Scalar

Floats = NDArray[np.float64]
Conditions = NDArray[np.bool_]
T = TypeVar("T")
LEVELS_90 = (0.05, 0.5, 0.95)


@final
@dataclass(frozen=True)
class Part:
    """Some lanes of an ensemble with their weights, which sum to 1."""

    lanes: slice
    weights: Floats

    def mean(self, values: Floats) -> float:
        """Return the weighted mean of lane values."""
        return float(values[self.lanes] @ self.weights)

    def probability(self, condition: Conditions) -> float:
        """Return the weight of the lanes in which a condition holds."""
        return min(1.0, float(self.weights[condition[self.lanes]].sum()))

    def quantiles(self, values: Floats, levels: tuple[float, ...]) -> Floats:
        """Return weighted quantiles over the last axis, ``[level, ...]``."""
        chosen = np.moveaxis(values[..., self.lanes], -1, 0)
        order = np.argsort(chosen, axis=0)
        ordered = np.take_along_axis(chosen, order, axis=0)
        cumulative = np.cumsum(self.weights[order], axis=0)
        found = []
        for level in levels:
            index = np.minimum((cumulative < level).sum(axis=0), len(ordered) - 1)
            found.append(np.take_along_axis(ordered, index[None], axis=0)[0])
        return np.stack(found)

    def interval(self, values: Floats) -> Interval:
        """Return median and central 90 % interval of lane values."""
        low, middle, high = self.quantiles(values, LEVELS_90)
        return Interval(float(low), float(middle), float(high))


@final
@dataclass(frozen=True)
class Ensemble:
    """Draws of all hypotheses side by side.

    Parameters
    ----------
    individual
        Whose doses and dates the lanes share.
    theta
        Parameter values, switches and study days, each ``[lane]``.
    size
        Draws of each hypothesis.
    hypotheses
        The hypotheses, in lane order.
    shares
        Posterior probability of each hypothesis.
    """

    individual: Individual
    theta: Mapping[str, Floats]
    size: int
    hypotheses: tuple[Hypothesis, ...]
    shares: Floats

    @property
    def lanes(self) -> int:
        """Number of lanes."""
        return self.size * len(self.hypotheses)

    @cached_property
    def weights(self) -> Floats:
        """Weight of each lane, ``[lane]``; they sum to 1."""
        return np.repeat(self.shares / self.size, self.size)

    @cached_property
    def whole(self) -> Part:
        """All lanes with their weights."""
        return Part(slice(0, self.lanes), self.weights)

    def part(self, index: int) -> Part:
        """The lanes of one hypothesis, equally weighted."""
        lanes = slice(index * self.size, (index + 1) * self.size)
        return Part(lanes, np.full(self.size, 1.0 / self.size))

    @cached_property
    def parts(self) -> dict[str, Part]:
        """The whole, named ``averaged``, then each hypothesis by name."""
        each = {h.name: self.part(i) for i, h in enumerate(self.hypotheses)}
        return {AVERAGED: self.whole, **each}

    def each(self, summarise: Callable[[Part], T]) -> ByHypothesis[T]:
        """Return a summary averaged over all hypotheses and under each of them."""
        return by_hypothesis({name: summarise(part) for name, part in self.parts.items()})

    def day(self, moment: Moment) -> Floats:
        """Return the study day of a moment in every lane."""
        return np.asarray(instant(moment, self.theta)) + np.zeros(self.lanes)

    def count(self, days: Floats, treatment: Treatment = FACTUAL) -> Floats:
        """Return the latent count at ``days`` (``[point, lane]`` or ``[point, 1]``)."""
        return np.asarray(_count(self.individual.plan, dict(self.theta), days, treatment))

    def added(self, days: Floats) -> Floats:
        """Return the cells that IL-2 adds at ``days``."""
        return np.asarray(_added(self.individual.plan, dict(self.theta), days))

    def thinned(self, size: int) -> "Ensemble":
        """Return an ensemble with the first ``size`` draws of each hypothesis."""
        kept = np.concatenate([np.arange(size) + i * self.size for i in range(len(self.shares))])
        theta = {name: value[kept] for name, value in self.theta.items()}
        return Ensemble(self.individual, theta, size, self.hypotheses, self.shares)


@partial(jax.jit, static_argnames=("plan",))
def _count(plan: DosePlan, theta: dict[str, Scalar], days: Scalar, treatment: Treatment) -> Scalar:
    return latent_count(plan, theta, days, treatment)


@partial(jax.jit, static_argnames=("plan",))
def _added(plan: DosePlan, theta: dict[str, Scalar], days: Scalar) -> Scalar:
    return added_count(plan, theta, days)


def by_hypothesis(rows: Mapping[str, T]) -> ByHypothesis[T]:
    """Return rows named ``averaged`` and by hypothesis as one result."""
    return ByHypothesis(
        rows[AVERAGED], {name: row for name, row in rows.items() if name != AVERAGED}
    )


def ensemble_of(fit: Fit) -> Ensemble:
    """Return all draws of a fit as lanes."""
    shares = np.array([fit.posterior_weights[h.name] for h in HYPOTHESES])
    size = len(next(iter(fit.posteriors[0].draws.values())))
    names = fit.posteriors[0].draws
    values = {n: np.concatenate([p.draws[n] for p in fit.posteriors]) for n in names}
    for switch in HYPOTHESES[0].switches:
        levels = [p.hypothesis.switches[switch] for p in fit.posteriors]
        values[switch] = np.repeat(np.array(levels), size)
    for name in ("burden_floor", "burden_headroom"):
        values[name] = np.full(size * len(shares), fit.table.constant(name))
    theta = {
        name: np.asarray(value) + np.zeros(size * len(shares))
        for name, value in with_study_days(fit.individual.plan, values).items()
    }
    return Ensemble(fit.individual, theta, size, HYPOTHESES, shares)
