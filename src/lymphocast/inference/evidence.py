"""What a sampler returns for each hypothesis, and the small statistics that samplers share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from lymphocast.inference.hypotheses import Hypothesis

Floats = NDArray[np.float64]
BISECTIONS = 50


@final
@dataclass(frozen=True)
class HypothesisPosterior:
    """Posterior of one hypothesis: equally weighted draws and its evidence.

    Parameters
    ----------
    draws
        Parameter values by name, each ``[draw]``.
    log_evidence, log_evidence_se
        ln of the probability of the data, given that the entry rule holds; its standard error.
    ess
        Effective number of independent draws behind the posterior.
    evaluations
        Number of likelihood evaluations spent.
    """

    hypothesis: Hypothesis
    draws: Mapping[str, Floats]
    log_evidence: float
    log_evidence_se: float
    ess: float
    evaluations: int

    @property
    def kept(self) -> float:
        """Effective number of the draws that are kept: no more than there are."""
        return min(self.ess, float(min(len(values) for values in self.draws.values())))


def effective_size(log_weights: Floats) -> float:
    """Return the effective sample size (sum w)^2 / sum w^2 (Kong 1992); 0 if all w are 0."""
    if not np.isfinite(log_weights).any():
        return 0.0
    return float(np.exp(2.0 * logsumexp(log_weights) - logsumexp(2.0 * log_weights)))


def largest_power(log_weights: Floats, most: float, wanted: float) -> float:
    """Return the largest power of weights, up to ``most``, that leaves ``wanted`` effective draws.

    By bisection; weights of 0 stay 0.
    """
    known = log_weights[np.isfinite(log_weights)]
    known = known - known.max(initial=-np.inf)

    def enough(power: float) -> bool:
        weights = np.exp(power * known)
        return bool(weights.sum() ** 2 >= wanted * (weights @ weights))

    if enough(most):
        return most
    low, high = 0.0, most
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if enough(middle) else (low, middle)
    return low


def systematic(log_weights: Floats, number: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return ``number`` indices by systematic resampling, in random order."""
    weights = np.exp(log_weights - log_weights.max())
    positions = (rng.random() + np.arange(number)) / number
    chosen = np.searchsorted(np.cumsum(weights) / weights.sum(), positions)
    return rng.permutation(np.minimum(chosen, len(weights) - 1))
