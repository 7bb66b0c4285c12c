"""Adaptive tempered sequential Monte Carlo: posterior and evidence of each hypothesis.

Particles start from the prior under the entry rule (:mod:`lymphocast.inference.tempering`).
Independent islands give the standard error of the evidence.

Without H3 counts and infection do not know of each other: each has particles of its own, the
infection the same under every such hypothesis, and the evidence is a product. With H3 they move
together, except where the count never changes or nothing is known of the infection, so that H3 says
nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from lymphocast.inference.evidence import Floats, HypothesisPosterior
from lymphocast.inference.hypotheses import HYPOTHESES, Hypothesis
from lymphocast.inference.importance import Progress, over_explanations
from lymphocast.inference.kernels import Kernels, Target
from lymphocast.inference.tempering import Island, SmcSettings, pooled, temper, unmoved


def sample_smc(
    kernels: Kernels,
    target: Target,
    seed: int,
    settings: SmcSettings,
    progress: Progress | None = None,
) -> tuple[HypothesisPosterior, ...]:
    """Return the posterior of every hypothesis, in the order of ``HYPOTHESES``."""
    run = _Run.of(kernels, target, settings, seed)
    explanations = [h for h in HYPOTHESES if not h.clearance]
    return over_explanations(run.explanation, explanations, progress)


@final
@dataclass(frozen=True)
class _Run:
    """What all hypotheses share; ``infection`` are the islands of the infection without H3."""

    kernels: Kernels
    target: Target
    settings: SmcSettings
    seed: int
    infection: tuple[Island, ...]

    @classmethod
    def of(cls, kernels: Kernels, target: Target, settings: SmcSettings, seed: int) -> "_Run":
        bare = cls(kernels, target, settings, seed, ())
        islands = tuple(bare.infection_alone(j) for j in range(settings.islands))
        return replace(bare, infection=islands)

    def rng(self, *key: int) -> np.random.Generator:
        """Return the random numbers of one part of the run."""
        return np.random.default_rng([self.seed, 3, *key])

    def infection_alone(self, island: int) -> Island:
        """Temper the infection's latents where counts do not matter."""
        rng, size = self.rng(len(HYPOTHESES), island), self.kernels.infection_size
        z = rng.standard_normal((size, self.settings.particles))
        if not self.kernels.density.individual.infection_days:
            return unmoved(z)
        nowhere = np.zeros((self.kernels.count_size, self.settings.particles))
        plain = HYPOTHESES[0]
        return temper(
            lambda at: self.kernels.infection(nowhere, self.target, plain, at),
            z,
            rng,
            self.settings,
        )

    def explanation(self, without: Hypothesis) -> tuple[HypothesisPosterior, HypothesisPosterior]:
        """Sample a hypothesis without H3 and its twin with it."""
        apart = [self.apart(without, j) for j in range(self.settings.islands)]
        hastened = replace(without, clearance=True)
        linked = apart
        told = self.kernels.density.individual.tells_of_infection
        if told and hastened.count_changes:
            linked = [self.linked(hastened, j) for j in range(self.settings.islands)]
        pairs = ((without, apart), (hastened, linked))
        first, second = (
            _combine(self.kernels, self.target, h, islands, self.seed) for h, islands in pairs
        )
        return first, second

    def apart(self, hypothesis: Hypothesis, island: int) -> Island:
        """Temper the counts' latents, and join them to the infection's."""
        rng = self.rng(HYPOTHESES.index(hypothesis), island)
        z = self.kernels.draw_entered(self.target, hypothesis, self.settings.particles, rng)
        counts = temper(
            lambda at: self.kernels.counts(at, self.target, hypothesis), z, rng, self.settings
        )
        other = self.infection[island]
        order = rng.permutation(self.settings.particles)
        return Island(
            np.concatenate([counts.z, other.z[:, order]]),
            np.concatenate([counts.family, other.family[:, order]]),
            counts.log_evidence + other.log_evidence,
            counts.evaluations,
        )

    def linked(self, hypothesis: Hypothesis, island: int) -> Island:
        """Temper all latents together."""
        rng, kernels = self.rng(HYPOTHESES.index(hypothesis), island), self.kernels
        number, split = self.settings.particles, kernels.count_size
        entered = kernels.draw_entered(self.target, hypothesis, number, rng)
        z = np.concatenate([entered, rng.standard_normal((kernels.infection_size, number))])

        def density(at: Floats) -> Floats:
            counts, infection = at[:split], at[split:]
            return kernels.counts(counts, self.target, hypothesis) + kernels.infection(
                counts, self.target, hypothesis, infection
            )

        return temper(density, z, rng, self.settings)


def _combine(
    kernels: Kernels,
    target: Target,
    hypothesis: Hypothesis,
    islands: Sequence[Island],
    seed: int,
) -> HypothesisPosterior:
    found = pooled(islands, np.random.default_rng([seed, 4]))
    split = kernels.count_size
    return HypothesisPosterior(
        hypothesis=hypothesis,
        draws=kernels.values(found.z[:split], target, hypothesis, found.z[split:]),
        log_evidence=found.log_evidence,
        log_evidence_se=found.log_evidence_se,
        ess=found.ess,
        evaluations=found.evaluations,
    )
