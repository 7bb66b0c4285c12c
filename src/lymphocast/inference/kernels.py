"""Compiled functions of one density, shared by every sampler and every change of a prior.

Numbers of priors, switches of hypotheses and the counts to include are arguments, so that a
sensitivity row or a left-out count compiles nothing anew.
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
from lymphocast.inference.density import CourseDensity
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
        The numbers behind the priors.
    included
        For each count 1, or 0 where it is left out.
    log_counts, told
        The observations: ln of the counts, and whether each culture and symptom is as recorded
        (:meth:`CourseDensity.infection_terms`).
    """

    numbers: Numbers
    included: tuple[float, ...]
    log_counts: tuple[float, ...]
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
        facts = len(individual.cultures) + len(individual.symptoms)
        included, told = (1.0,) * len(individual.counts), (1.0,) * facts
        return Target(self.density.numbers(), included, self.density.log_counts(), told)

    def without_last(self) -> Target:
        """Return the target without the last count."""
        full = self.everything()
        return replace(full, included=(*full.included[:-1], 0.0))

    def count_density(
        self, z: Scalar, numbers: Numbers, included: Scalar, log_counts: Scalar, switches: Values
    ) -> Scalar:
        """Return the log likelihood of the counts, -inf where the entry rule fails, by lane."""
        theta = self.density.theta(self.density.count_values(z, numbers, switches))
        log_latent = self.density.log_latent(theta)
        each = self.density.count_terms(log_latent, theta["count_sd"], list(log_counts))
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
    def _count_density(self) -> "jax.stages.Wrapped":
        return jax.jit(self.count_density)

    @cached_property
    def _entry(self) -> "jax.stages.Wrapped":
        return jax.jit(self.entry)

    @cached_property
    def _infection_likelihood(self) -> "jax.stages.Wrapped":
        def total(burden: Scalar, severity: Scalar, told: Scalar) -> Scalar:
            return jnp.sum(self.density.infection_terms(burden, severity, list(told)), axis=0)

        return jax.jit(total)

    @cached_property
    def _all_values(self) -> "jax.stages.Wrapped":
        return jax.jit(self.all_values)

    def counts(self, z: Floats, target: Target, hypothesis: Hypothesis) -> Floats:
        """Return the log likelihood of the counts, -inf where the entry rule fails, ``[lane]``."""
        seen = np.array(target.included), np.array(target.log_counts)
        total: Floats = in_blocks(
            lambda x: self._count_density(x, target.numbers, *seen, hypothesis.switches), z
        )
        return total

    def entered(self, z: Floats, target: Target, hypothesis: Hypothesis) -> NDArray[np.bool_]:
        """Return whether the entry rule holds, ``[lane]``."""
        found: NDArray[np.bool_] = in_blocks(
            lambda x: self._entry(x, target.numbers, hypothesis.switches), z
        )
        return found

    def infection(
        self, z: Floats, target: Target, hypothesis: Hypothesis, z_infection: Floats
    ) -> Floats:
        """Return the log likelihood of cultures and symptoms, ``[lane]``."""
        days = self.density.individual.infection_days
        if not days:
            return np.zeros(z.shape[1])
        theta = self.theta(z, target, hypothesis, z_infection)
        outcomes = infection_outcomes(self.density.individual.plan, theta, days)
        told = np.array(target.told)
        total: Floats = in_blocks(lambda b, s: self._infection_likelihood(b, s, told), *outcomes)
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
            lambda x, y: self._all_values(x, y, target.numbers, hypothesis.switches),
            z,
            z_infection,
        )
        return theta


@lru_cache(maxsize=8)
def kernels_of(individual: Individual, table: PriorTable, *, drift: bool = False) -> Kernels:
    """Return the compiled functions of one individual under one prior table, made once."""
    return Kernels(CourseDensity(individual, table, drift))
