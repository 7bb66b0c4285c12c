"""Monte Carlo error of a mean over an ensemble, under each hypothesis and averaged.

Under one hypothesis h with n effective draws and variance v of the quantity, the error of its mean
m_h is sqrt(v/n). The average m = sum w_h m_h also errs in its weights, through the errors e_h of
the log evidences (first order; the errors of different hypotheses are taken as independent):

    se(m)^2 = sum w_h^2 v_h / n_h + sum (w_h e_h (m_h - m))^2
"""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from lymphocast.forecast.ensemble import Ensemble
from lymphocast.forecast.results import AVERAGED
from lymphocast.inference.posterior import Fit

Floats = NDArray[np.float64]


@final
@dataclass(frozen=True)
class Mean:
    """A mean and its Monte Carlo standard error."""

    value: float
    se: float


@final
@dataclass(frozen=True)
class MonteCarlo:
    """How well an ensemble knows a mean.

    Parameters
    ----------
    ensemble
        The draws.
    sizes
        Effective number of draws of each hypothesis.
    evidence_se
        Standard error of each log evidence.
    """

    ensemble: Ensemble
    sizes: Floats
    evidence_se: Floats

    @classmethod
    def of(cls, ensemble: Ensemble, fit: Fit) -> "MonteCarlo":
        """Return it for an ensemble made of a fit; draws beyond the effective ones do not count."""
        ess = np.array([p.ess for p in fit.posteriors])
        errors = np.array([p.log_evidence_se for p in fit.posteriors])
        return cls(ensemble, np.maximum(np.minimum(ess, ensemble.size), 1.0), errors)

    def means(self, values: Floats) -> dict[str, Mean]:
        """Return the mean of lane values, averaged and under each hypothesis by name."""
        shares = self.ensemble.shares
        by_draw = np.asarray(values, dtype=np.float64).reshape(len(shares), self.ensemble.size)
        each, spread = by_draw.mean(axis=1), by_draw.var(axis=1)
        whole = float(shares @ each)
        draws = (shares**2 * spread / self.sizes).sum()
        weights = ((shares * self.evidence_se * (each - whole)) ** 2).sum()
        found = {AVERAGED: Mean(whole, float(np.sqrt(draws + weights)))}
        errors = np.sqrt(spread / self.sizes)
        for hypothesis, mean, error in zip(self.ensemble.hypotheses, each, errors, strict=True):
            found[hypothesis.name] = Mean(float(mean), float(error))
        return found
