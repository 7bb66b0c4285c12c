"""The draws of a population's posterior, and what they are worth."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from lymphocast.inference.chains import bulk_size, r_hat, tail_size

Floats = NDArray[np.float64]

INTERVAL = (0.025, 0.975)


@final
@dataclass(frozen=True)
class PopulationPosterior:
    """Equally weighted draws of everything that is unknown.

    Parameters
    ----------
    draws
        Typical values, coefficients, variances and covariances, ``[chain, draw]``.
    effects
        Every individual's effects, ``[chain, draw, individual, effect]``.
    individual
        Individuals' own values of the parameters with an effect, ``[chain, draw, individual]``.
    stats
        What the sampler did, ``[chain, draw]``, under the names that ArviZ gives.
    priors
        Priors as text, by name.
    """

    draws: Mapping[str, Floats]
    effects: Floats
    individual: Mapping[str, Floats]
    stats: Mapping[str, Floats]
    priors: Mapping[str, str]

    @property
    def divergences(self) -> int:
        """How many transitions diverged."""
        return int(self.stats["diverging"].sum())

    def r_hat(self, name: str) -> float:
        """Return R-hat of an estimate."""
        return r_hat(self.draws[name])

    def ess(self, name: str) -> float:
        """Return the smaller effective number of draws of an estimate's bulk and tails."""
        own = self.draws[name]
        return min(bulk_size(own), tail_size(own))

    def interval(self, name: str) -> tuple[float, float]:
        """Return the bounds of an estimate's central 95 %."""
        low, high = np.quantile(self.draws[name], INTERVAL)
        return float(low), float(high)
