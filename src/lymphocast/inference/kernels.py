"""Compiled functions of one density, shared by every sampler and every change of a prior.

Numbers of priors, switches of hypotheses and the counts to include are arguments, so that a
sensitivity row or a left-out count compiles nothing anew.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import final

import lymphocast._jax  # noqa: F401  (64-bit floats before the first array)
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from lymphocast.engine.course import infection_outcomes
from lymphocast.inference.density import CourseDensity
from lymphocast.inference.hypotheses import Hypothesis
from lymphocast.models.component import Scalar, Values
from lymphocast.models.prior_table import Numbers

Floats = NDArray[np.float64]


@final
@dataclass(frozen=True)
class Target:
    """What is to be sampled: prior numbers and the counts included (1) or left out (0)."""

    numbers: Numbers
    included: tuple[float, ...]


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
        """Return the target with all counts and the density's own priors."""
        return Target(self.density.numbers(), (1.0,) * len(self.density.individual.counts))

    def without_last(self) -> Target:
        """Return the target without the last count."""
        full = self.everything()
        return Target(full.numbers, (*full.included[:-1], 0.0))

    def count_density(
        self, z: Scalar, numbers: Numbers, included: Scalar, switches: Values
    ) -> tuple[Scalar, Scalar]:
        """Return whether the entry rule holds and the log likelihood of the counts, by lane."""
        theta = self.density.theta(self.density.count_values(z, numbers, switches))
        each = self.density.count_log_likelihood(theta)
        total = jnp.sum(jnp.where(included[:, None] > 0.0, each, 0.0), axis=0)
        return self.density.entered(theta), jnp.where(jnp.isnan(total), -jnp.inf, total)

    @cached_property
    def _counts(self) -> "jax.stages.Wrapped":
        return jax.jit(self.count_density)

    @cached_property
    def _infection_likelihood(self) -> "jax.stages.Wrapped":
        return jax.jit(self.density.infection_log_likelihood)

    @cached_property
    def _count_values(self) -> "jax.stages.Wrapped":
        return jax.jit(self.density.count_values)

    @cached_property
    def _infection_values(self) -> "jax.stages.Wrapped":
        return jax.jit(self.density.infection_values)

    def counts(self, z: Floats, target: Target, hypothesis: Hypothesis) -> Floats:
        """Return the log likelihood of the counts, -inf where the entry rule fails, ``[lane]``."""
        included = jnp.asarray(target.included)
        entered, total = self._counts(z, target.numbers, included, hypothesis.switches)
        return np.asarray(jnp.where(entered, total, -jnp.inf))

    def entered(self, z: Floats, target: Target, hypothesis: Hypothesis) -> NDArray[np.bool_]:
        """Return whether the entry rule holds, ``[lane]``."""
        included = jnp.asarray(target.included)
        entered, _ = self._counts(z, target.numbers, included, hypothesis.switches)
        return np.asarray(entered)

    def infection(
        self, z: Floats, target: Target, hypothesis: Hypothesis, z_infection: Floats
    ) -> Floats:
        """Return the log likelihood of cultures and symptoms, ``[lane]``."""
        days = self.density.infection_days
        if not days:
            return np.zeros(z.shape[1])
        values = {
            **self._count_values(z, target.numbers, hypothesis.switches),
            **self._infection_values(z_infection, target.numbers),
        }
        theta = self.density.theta(values)
        burden, severity = infection_outcomes(self.density.individual.plan, theta, days)
        total = np.asarray(self._infection_likelihood(burden, severity))
        return np.where(np.isnan(total), -np.inf, total)

    def values(
        self, z: Floats, target: Target, hypothesis: Hypothesis, z_infection: Floats
    ) -> dict[str, Floats]:
        """Return parameter values by name, ``[lane]``; switches and constants left out."""
        found = {
            **self._count_values(z, target.numbers, hypothesis.switches),
            **self._infection_values(z_infection, target.numbers),
        }
        names = {x.name for x in (*self.density.count_latents, *self.density.infection_latents)}
        return {name: np.asarray(value) for name, value in found.items() if name in names}
