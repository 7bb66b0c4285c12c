"""Importance sampling: posterior and evidence of each hypothesis with nothing to tune.

Stage 1, counts. A pilot from the prior shows where the posterior lies in z; draws then come from a
defensive mixture (Hesterberg 1995, doi:10.1080/00401706.1995.10484303) of the prior and a mixture
of multivariate t fitted to the pilot, in blocks until the effective size is reached.
With ``from_prior`` the draws are the prior's own: slower, nothing adapted, the oracle.

Stage 2, infection. Draws of the counts' posterior are paired with prior draws of the infection;
the mean of the likelihood of cultures and symptoms is the second factor of the evidence:

    Z = P(counts | entry) E[P(cultures, symptoms)]       expectation over the counts' posterior

Without H3 the second factor does not depend on the counts, and the same draws of the infection
serve every hypothesis, so that hypotheses that say the same have the same evidence exactly.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import final

import numpy as np
from scipy.special import logsumexp

from lymphocast.errors import UsageError
from lymphocast.inference.evidence import (
    Floats,
    HypothesisPosterior,
    effective_size,
    systematic,
)
from lymphocast.inference.hypotheses import HYPOTHESES, Hypothesis
from lymphocast.inference.kernels import Kernels, Target
from lymphocast.inference.proposal import Mixture, heat_of
from lymphocast.inference.weighing import BlockSettings, weighed

RAREST_ENTRY = 1e-3  # share of prior draws that enter; below it nothing is left to weigh
WORKERS = 2  # explanations sampled at a time; their random numbers are their own
Progress = Callable[[str, float], None]


@final
@dataclass(frozen=True)
class ImportanceSettings:
    """How many draws to spend on each hypothesis.

    Parameters
    ----------
    pilot
        Prior draws for the proposal and for the probability of entry.
    block, max_blocks, ess_target
        Draws come in blocks until the effective size is reached or the blocks are used up.
    pairs
        Pairs of count and infection draws in stage 2.
    draws
        Equally weighted posterior draws kept.
    from_prior
        Draw from the prior alone.
    """

    pilot: int = 100_000
    block: int = 100_000
    max_blocks: int = 16
    ess_target: float = 40_000.0
    pairs: int = 24_576
    draws: int = 10_000
    from_prior: bool = False


@final
@dataclass(frozen=True)
class _Counts:
    """Stage 1 of one explanation of the counts."""

    z: Floats
    log_weights: Floats
    log_evidence: float
    relative_variance: float
    ess: float
    evaluations: int


def sample_importance(
    kernels: Kernels,
    target: Target,
    seed: int,
    settings: ImportanceSettings,
    progress: Progress | None = None,
    only: Sequence[Hypothesis] = HYPOTHESES,
) -> tuple[HypothesisPosterior, ...]:
    """Return the posteriors of the hypotheses in ``only``, in the order of ``HYPOTHESES``.

    ``only`` holds a hypothesis together with its twin that differs in H3 alone.
    """
    rng = np.random.default_rng([seed, 1])
    z_infection = rng.standard_normal((kernels.infection_size, settings.pairs))
    explanations = [h for h in only if not h.clearance]
    nowhere = np.zeros((kernels.count_size, settings.pairs))
    plain = kernels.infection(nowhere, target, explanations[0], z_infection)
    run = _Run(kernels, target, settings, seed, z_infection, plain)
    return over_explanations(run.explanation, explanations, progress)


def over_explanations(
    sample: Callable[[Hypothesis], Sequence[HypothesisPosterior]],
    explanations: Sequence[Hypothesis],
    progress: Progress | None,
) -> tuple[HypothesisPosterior, ...]:
    """Return the posteriors of all explanations and their twins, in the order of ``HYPOTHESES``.

    Two explanations are sampled at a time; their random numbers must be their own.
    """
    found: dict[Hypothesis, HypothesisPosterior] = {}
    with ThreadPoolExecutor(WORKERS) as pool:
        for i, twins in enumerate(pool.map(sample, explanations)):
            found |= {posterior.hypothesis: posterior for posterior in twins}
            if progress is not None:
                progress("weighing hypotheses", (i + 1) / len(explanations))
    return tuple(found[h] for h in HYPOTHESES if h in found)


@final
@dataclass(frozen=True)
class _Run:
    """What both stages of every hypothesis share.

    ``plain`` is the log likelihood of the infection's draws without H3, where counts do not
    matter.
    """

    kernels: Kernels
    target: Target
    settings: ImportanceSettings
    seed: int
    z_infection: Floats
    plain: Floats

    def explanation(self, without: Hypothesis) -> tuple[HypothesisPosterior, HypothesisPosterior]:
        """Sample a hypothesis without H3 and its twin with it, which shares its counts."""
        rng = np.random.default_rng([self.seed, 2, HYPOTHESES.index(without)])
        counts = self.counts(without, rng)
        kept = counts.z[:, systematic(counts.log_weights, self.settings.pairs, rng)]
        hastened = replace(without, clearance=True)
        linked = self.plain
        if hastened.count_changes:
            linked = self.kernels.infection(kept, self.target, hastened, self.z_infection)
        return (
            self.join(without, counts, kept, self.plain, rng),
            self.join(hastened, counts, kept, linked, rng),
        )

    def counts(self, hypothesis: Hypothesis, rng: np.random.Generator) -> _Counts:
        """Stage 1: draws of the counts' latents with their weights."""
        settings, size = self.settings, self.kernels.count_size
        pilot = rng.standard_normal((size, settings.pilot))
        pilot_weights = self.kernels.counts(pilot, self.target, hypothesis)
        entered = float(np.mean(self.kernels.entered(pilot, self.target, hypothesis)))
        refuse_rare_entry(entered, hypothesis, self.kernels)
        heat = heat_of(pilot_weights)
        proposal = None if settings.from_prior else Mixture.fitted(pilot, heat * pilot_weights, rng)
        blocks = BlockSettings(settings.block, settings.max_blocks, settings.ess_target)
        found = weighed(
            lambda z: self.kernels.counts(z, self.target, hypothesis), size, proposal, rng, blocks
        )
        missed_entry = (1.0 - entered) / (entered * settings.pilot)
        return _Counts(
            z=found.z,
            log_weights=found.log_weights,
            log_evidence=found.log_evidence - np.log(entered),
            relative_variance=found.relative_variance + missed_entry,
            ess=found.ess,
            evaluations=found.evaluations + settings.pilot,
        )

    def join(
        self,
        hypothesis: Hypothesis,
        counts: _Counts,
        kept: Floats,
        log_likelihood: Floats,
        rng: np.random.Generator,
    ) -> HypothesisPosterior:
        """Stage 2: weigh pairs by the likelihood of cultures, isolates and symptoms.

        Under H3 a pair is resampled as a whole. Without it the two posteriors are independent,
        and each is resampled by its own weights.
        """
        draws, number = self.settings.draws, len(log_likelihood)
        infection = systematic(log_likelihood, draws, rng)
        count = infection if hypothesis.clearance else rng.choice(number, draws, replace=False)
        values = self.kernels.values(
            kept[:, count], self.target, hypothesis, self.z_infection[:, infection]
        )
        pairs_ess = effective_size(log_likelihood)
        if not min(pairs_ess, counts.ess):
            name = self.kernels.density.individual.id
            msg = (
                f"record '{name}' cannot be fitted: under '{hypothesis.label}' no draw gives its "
                "counts, cultures and symptoms a probability above 0; needed other priors"
            )
            raise UsageError(msg)
        spread = (number / pairs_ess - 1.0) / min(float(number), counts.ess)
        return HypothesisPosterior(
            hypothesis=hypothesis,
            draws=values,
            log_evidence=counts.log_evidence + float(logsumexp(log_likelihood)) - np.log(number),
            log_evidence_se=float(np.sqrt(counts.relative_variance + spread)),
            ess=min(counts.ess, pairs_ess, float(draws)),
            evaluations=counts.evaluations + number,
        )


def refuse_rare_entry(entered: float, hypothesis: Hypothesis, kernels: Kernels) -> None:
    """Refuse a record whose entry rule the priors hardly allow.

    Raises
    ------
    UsageError
        If fewer than one prior draw in a thousand satisfies the rule.
    """
    if entered < RAREST_ENTRY:
        individual = kernels.density.individual
        message = (
            f"record '{individual.id}' cannot be fitted: under '{hypothesis.counts_label}' fewer "
            f"than one prior draw in {1.0 / RAREST_ENTRY:.0f} has a latent count below "
            f"{individual.entry.below:g} /uL at the entry; needed an 'entry_below' or priors that "
            "allow it"
        )
        raise UsageError(message)
