"""Compiled functions of one density, shared by every sampler and every change of a prior.

Numbers of priors, switches of hypotheses, what was counted and the counts to include are
arguments, so that a sensitivity row, a left-out count, a simulated patient or another one with
equally many counts compiles nothing anew.
"""

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import final

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
from lymphocast.dataset.individual import Individual
from lymphocast.engine.blocks import in_blocks
from lymphocast.engine.course import infection_outcomes
from lymphocast.inference.density import CourseDensity, blank
from lymphocast.inference.hypotheses import Hypothesis
from lymphocast.models.component import Scalar, Values
from lymphocast.models.prior_table import Numbers, PriorTable

Floats = NDArray[np.float64]


@final
@dataclass(frozen=True)
class Target:
    """What is to be sampled.

    Parameters
    ----------
    numbers
        The numbers behind the priors, and what is measured of the counts.
    included
        For each count 1, or 0 where it is left out.
    told
        Whether each fact of the infection is as recorded (:meth:`CourseDensity.infection_terms`).
    """

    numbers: Numbers
    included: tuple[float, ...]
    told: tuple[float, ...]


@final
@dataclass(frozen=True)
class Kernels:
    """The compiled functions of a density."""

    density: CourseDensity

    @property
    def count_size(self) -> int:
        """Number of latents of the counts."""
        return len(self.density.count_latents)

    @property
    def infection_size(self) -> int:
        """Number of latents of the infection."""
        return len(self.density.infection_latents)

    def everything(self) -> Target:
        """Return the target with all that is recorded and the density's own priors."""
        individual = self.density.individual
        included = (1.0,) * len(individual.counts)
        told = (1.0,) * individual.infection_facts
        return Target(self.density.numbers(), included, told)

    def without_last(self) -> Target:
        """Return the target without the last count."""
        full = self.everything()
        return replace(full, included=(*full.included[:-1], 0.0))

    def count_density(
        self, z: Scalar, numbers: Numbers, included: Scalar, switches: Values
    ) -> Scalar:
        """Return the log likelihood of the counts, -inf where the entry rule fails, by lane."""
        theta = self.density.theta(self.density.count_values(z, numbers, switches))
        each = self.density.count_log_likelihood(theta, numbers)
        total = jnp.sum(jnp.where(included[:, None] > 0.0, each, 0.0), axis=0)
        return jnp.where(self.density.entered(theta) & ~jnp.isnan(total), total, -jnp.inf)

    def entry(self, z: Scalar, numbers: Numbers, switches: Values) -> Scalar:
        """Return whether the entry rule holds, by lane."""
        return self.density.entered(
            self.density.theta(self.density.count_values(z, numbers, switches))
        )

    def all_values(
        self, z: Scalar, z_infection: Scalar, numbers: Numbers, switches: Values
    ) -> dict[str, Scalar]:
        """Return every parameter with its study days, by lane."""
        counts = self.density.count_values(z, numbers, switches)
        infection = self.density.infection_values(z_infection, numbers)
        theta = self.density.theta({**counts, **infection})
        return {name: jnp.broadcast_to(value, z.shape[1:]) for name, value in theta.items()}

    @cached_property
    def _compiled(self) -> "_Compiled":
        density = self.density
        if density.drift:  # its covariance is made of the counts' own days
            return _Compiled(self)
        return _compiled(replace(density, individual=blank(density.individual)))

    def counts(self, z: Floats, target: Target, hypothesis: Hypothesis) -> Floats:
        """Return the log likelihood of the counts, -inf where the entry rule fails, ``[lane]``."""
        included, density = np.array(target.included), self._compiled.count_density
        total: Floats = in_blocks(
            lambda x: density(x, target.numbers, included, hypothesis.switches), z
        )
        return total

    def entered(self, z: Floats, target: Target, hypothesis: Hypothesis) -> NDArray[np.bool_]:
        """Return whether the entry rule holds, ``[lane]``."""
        found: NDArray[np.bool_] = in_blocks(
            lambda x: self._compiled.entry(x, target.numbers, hypothesis.switches), z
        )
        return found

    def draw_entered(
        self, target: Target, hypothesis: Hypothesis, number: int, rng: np.random.Generator
    ) -> Floats:
        """Return prior draws of the counts' latents that satisfy the entry rule."""
        kept: list[Floats] = []
        while sum(part.shape[1] for part in kept) < number:
            z = rng.standard_normal((self.count_size, number))
            kept.append(z[:, self.entered(z, target, hypothesis)])
        return np.concatenate(kept, axis=1)[:, :number]

    def infection(
        self, z: Floats, target: Target, hypothesis: Hypothesis, z_infection: Floats
    ) -> Floats:
        """Return the log likelihood of the facts of the infection, ``[lane]``."""
        days = self.density.individual.infection_days
        if not days:
            return np.zeros(z.shape[1])
        theta = self.theta(z, target, hypothesis, z_infection)
        outcomes = infection_outcomes(self.density.individual.plan, theta, days)
        told, likelihood = np.array(target.told), self._compiled.infection_likelihood
        total: Floats = in_blocks(
            lambda b, s, r: likelihood(b, s, r, told), *outcomes, theta["resistance_day"]
        )
        return np.where(np.isnan(total), -np.inf, total)

    def values(
        self, z: Floats, target: Target, hypothesis: Hypothesis, z_infection: Floats
    ) -> dict[str, Floats]:
        """Return parameter values by name, ``[lane]``; switches and constants left out."""
        found = self.theta(z, target, hypothesis, z_infection)
        latents = (*self.density.count_latents, *self.density.infection_latents)
        return {latent.name: found[latent.name] for latent in latents}

    def theta(
        self, z: Floats, target: Target, hypothesis: Hypothesis, z_infection: Floats
    ) -> dict[str, Floats]:
        """Return all that the model reads by name, ``[lane]``: switches and constants too."""
        theta: dict[str, Floats] = in_blocks(
            lambda x, y: self._compiled.all_values(x, y, target.numbers, hypothesis.switches),
            z,
            z_infection,
        )
        return theta


@final
@dataclass(frozen=True)
class _Compiled:
    """Functions compiled once for every individual of one shape."""

    kernels: Kernels

    @cached_property
    def count_density(self) -> "jax.stages.Wrapped":
        return jax.jit(self.kernels.count_density)

    @cached_property
    def entry(self) -> "jax.stages.Wrapped":
        return jax.jit(self.kernels.entry)

    @cached_property
    def infection_likelihood(self) -> "jax.stages.Wrapped":
        def total(burden: Scalar, severity: Scalar, resistance: Scalar, told: Scalar) -> Scalar:
            density = self.kernels.density
            return jnp.sum(
                density.infection_terms(burden, severity, resistance, list(told)), axis=0
            )

        return jax.jit(total)

    @cached_property
    def all_values(self) -> "jax.stages.Wrapped":
        return jax.jit(self.kernels.all_values)


@lru_cache(maxsize=16)
def _compiled(shape: CourseDensity) -> _Compiled:
    return _Compiled(Kernels(shape))


@lru_cache(maxsize=8)
def kernels_of(individual: Individual, table: PriorTable, *, drift: bool = False) -> Kernels:
    """Return the compiled functions of one individual under one prior table, made once."""
    return Kernels(CourseDensity(individual, table, drift))
