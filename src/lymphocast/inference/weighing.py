"""Importance sampling in standard normals: draws of a defensive mixture, and their weights.

Draws come from a mixture (Hesterberg 1995, doi:10.1080/00401706.1995.10484303) of the prior and of
a proposal, in blocks until the effective size is reached. If the first block is very uneven, the
proposal is fitted to it once more; if it was so uneven that its weights had to be tempered for
that, again and again, until a block needs no tempering.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np
from scipy.special import logsumexp

from lymphocast.inference.evidence import Floats, effective_size
from lymphocast.inference.proposal import Mixture, heat_of

PRIOR_SHARE = 0.2  # of the defensive mixture; bounds every weight by 1/0.2 of the prior's
POOR = 0.15  # effective share below which the proposal is fitted once more
MOST_FITS = 12  # of a proposal whose weights are tempered


@final
@dataclass(frozen=True)
class BlockSettings:
    """Draws of a block, most blocks, and the effective size at which no more are taken."""

    block: int
    max_blocks: int
    ess_target: float


@final
@dataclass(frozen=True)
class Weighed:
    """Draws ``[row, draw]`` with log weights, whose mean is the evidence."""

    z: Floats
    log_weights: Floats
    ess: float
    evaluations: int

    @property
    def log_evidence(self) -> float:
        """Log of the mean weight."""
        return float(logsumexp(self.log_weights)) - float(np.log(len(self.log_weights)))

    @property
    def relative_variance(self) -> float:
        """Variance of the evidence's estimate, as a share of its square."""
        return 1.0 / self.ess - 1.0 / len(self.log_weights) if self.ess else np.inf


def weighed(
    log_likelihood: Callable[[Floats], Floats],
    size: int,
    proposal: Mixture | None,
    rng: np.random.Generator,
    settings: BlockSettings,
) -> Weighed:
    """Return draws of the prior, or of its mixture with a proposal, and their log weights."""
    zs: list[Floats] = []
    weights: list[Floats] = []
    ess, spent, fits, tempered = 0.0, 0, 0, False
    while len(zs) < settings.max_blocks and ess < settings.ess_target:
        z, log_ratio = _propose(proposal, size, settings.block, rng)
        block = log_likelihood(z) + log_ratio
        spent += settings.block
        if proposal is not None and not zs and _poor(block):
            heat = heat_of(block)
            tempered |= heat < 1.0
            if fits < (MOST_FITS if tempered else 1):
                proposal, fits = Mixture.fitted(z, heat * block, rng), fits + 1
                continue
        zs.append(z)
        weights.append(block)
        ess = effective_size(np.concatenate(weights))
    return Weighed(np.concatenate(zs, axis=1), np.concatenate(weights), ess, spent)


def _poor(log_weights: Floats) -> bool:
    """Whether a first block is so uneven that it serves better as a second pilot."""
    return effective_size(log_weights) < POOR * len(log_weights)


def _propose(
    proposal: Mixture | None, size: int, number: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return draws and the log ratio of the prior's density to that of the proposal."""
    z = rng.standard_normal((size, number))
    if proposal is None:
        return z, np.zeros(number)
    fitted = proposal.draw(number, rng)
    z = np.where(rng.random(number) < PRIOR_SHARE, z, fitted)
    log_prior = -0.5 * (z * z).sum(axis=0) - 0.5 * size * np.log(2.0 * np.pi)
    mixture = np.logaddexp(
        np.log(PRIOR_SHARE) + log_prior, np.log1p(-PRIOR_SHARE) + proposal.log_density(z)
    )
    return z, log_prior - mixture
