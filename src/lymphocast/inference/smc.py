"""Adaptive tempered sequential Monte Carlo: posterior and evidence of each hypothesis.

Particles start from the prior under the entry rule (:mod:`lymphocast.inference.tempering`).
Independent islands give the standard error of the evidence.
"""

import numpy as np

from lymphocast.inference.evidence import Floats, HypothesisPosterior
from lymphocast.inference.hypotheses import HYPOTHESES, Hypothesis
from lymphocast.inference.importance import Progress
from lymphocast.inference.kernels import Kernels, Target
from lymphocast.inference.tempering import Island, SmcSettings, pooled, temper


def sample_smc(
    kernels: Kernels,
    target: Target,
    seed: int,
    settings: SmcSettings,
    progress: Progress | None = None,
) -> tuple[HypothesisPosterior, ...]:
    """Return the posterior of every hypothesis, in the order of ``HYPOTHESES``."""
    found = []
    for i, hypothesis in enumerate(HYPOTHESES):
        # The same numbers for hypotheses that differ in H3 alone, so that their ratio is sharp.
        islands = [
            _run(kernels, target, hypothesis, np.random.default_rng([seed, 3, i // 2, j]), settings)
            for j in range(settings.islands)
        ]
        found.append(_combine(kernels, target, hypothesis, islands, seed))
        if progress is not None:
            progress("weighing hypotheses", (i + 1) / len(HYPOTHESES))
    return tuple(found)


def _combine(
    kernels: Kernels,
    target: Target,
    hypothesis: Hypothesis,
    islands: list[Island],
    seed: int,
) -> HypothesisPosterior:
    found = pooled(islands, np.random.default_rng([seed, 4]))
    split = kernels.count_size
    return HypothesisPosterior(
        hypothesis=hypothesis,
        draws=kernels.values(found.z[:split], target, hypothesis, found.z[split:]),
        log_evidence=found.log_evidence,
        log_evidence_se=found.log_evidence_se,
        ess=float(found.distinct),
        evaluations=found.evaluations,
    )


def _run(
    kernels: Kernels,
    target: Target,
    hypothesis: Hypothesis,
    rng: np.random.Generator,
    settings: SmcSettings,
) -> Island:
    z = _entered_prior(kernels, target, hypothesis, rng, settings.particles)
    return temper(lambda at: _log_likelihood(kernels, target, hypothesis, at), z, rng, settings)


def _entered_prior(
    kernels: Kernels,
    target: Target,
    hypothesis: Hypothesis,
    rng: np.random.Generator,
    number: int,
) -> Floats:
    """Draw from the prior until ``number`` draws satisfy the entry rule."""
    kept: list[Floats] = []
    while sum(part.shape[1] for part in kept) < number:
        z = rng.standard_normal((kernels.count_size + kernels.infection_size, number))
        entered = kernels.entered(z[: kernels.count_size], target, hypothesis)
        kept.append(z[:, entered])
    return np.concatenate(kept, axis=1)[:, :number]


def _log_likelihood(kernels: Kernels, target: Target, hypothesis: Hypothesis, z: Floats) -> Floats:
    counts, infection = z[: kernels.count_size], z[kernels.count_size :]
    return kernels.counts(counts, target, hypothesis) + kernels.infection(
        counts, target, hypothesis, infection
    )
