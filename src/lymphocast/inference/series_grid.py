"""What the patients of a series share: priors of the shared numbers, on a grid.

The priors of the effect m and the spread w are made from the wide prior of one patient's gain, SD s
of ln: ln m has the same median and SD s sqrt(1 - 0.5^2), w is half-normal with scale 0.5 s. At
w = 0.5 s one patient's gain then has exactly the wide prior, so that a series of one tells nearly
what the single fit tells. The mean time to recovery r is log-normal around that of the wide prior.
"""

from dataclasses import dataclass
from math import log, sqrt
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

Floats = NDArray[np.float64]

TYPICAL_SPREAD = 0.5  # share of the wide prior's SD that lies between patients; assumed
SPREADS = np.arange(1, 9) / 10.0  # grid of w as shares of the wide SD; below 1 bounds the weights
EFFECT_POINTS, RECOVERY_POINTS = 61, 31
REACH = 3.0  # of the grids, in SD of the shared prior
RECOVERY_SD = 0.7  # SD of ln(r) in its prior; assumed, holds the 12 to 120 months of the cohorts


@final
@dataclass(frozen=True)
class Wide:
    """Wide priors of one patient: median and SD of ln of the gain, mean of the delay."""

    gain: float
    gain_sd: float
    delay: float


@final
@dataclass(frozen=True)
class SharedNumber:
    """A grid of one shared number and its posterior probabilities, which sum to 1."""

    values: Floats
    weights: Floats

    def quantile(self, share: float) -> float:
        """Return a quantile, interpolated in the logarithm between the points."""
        below = np.cumsum(self.weights) - 0.5 * self.weights
        return float(np.exp(np.interp(share, below, np.log(self.values))))


@final
@dataclass(frozen=True)
class Grid:
    """The shared numbers: cells of (m, w) and points of r, with the log of their prior."""

    wide: Wide

    @property
    def effect(self) -> Floats:
        """Points of ln m."""
        sd = self.wide.gain_sd * sqrt(1.0 - TYPICAL_SPREAD**2)
        return log(self.wide.gain) + REACH * sd * np.linspace(-1.0, 1.0, EFFECT_POINTS)

    @property
    def spread(self) -> Floats:
        """Points of w."""
        return self.wide.gain_sd * SPREADS

    @property
    def recovery(self) -> Floats:
        """Points of r."""
        reach = REACH * RECOVERY_SD * np.linspace(-1.0, 1.0, RECOVERY_POINTS)
        return np.asarray(self.wide.delay * np.exp(reach))

    def log_prior(self) -> tuple[Floats, Floats]:
        """Log prior of the cells, row by row of m, and of the points of r; each sums to 1."""
        effect = -0.5 * (REACH * np.linspace(-1.0, 1.0, EFFECT_POINTS)) ** 2
        spread = -0.5 * (SPREADS / TYPICAL_SPREAD) ** 2
        recovery = -0.5 * (REACH * np.linspace(-1.0, 1.0, RECOVERY_POINTS)) ** 2
        cells = (effect[:, None] + spread[None, :]).ravel()
        return cells - logsumexp(cells), recovery - logsumexp(recovery)

    def gain_ratio(self, gain: Floats) -> Floats:
        """Density of gains in each cell over that of the wide prior, ``[cell, draw]``."""
        x = np.log(gain)
        sd = np.tile(self.spread, EFFECT_POINTS)[:, None]
        centre = np.repeat(self.effect, len(SPREADS))[:, None]
        wide = 0.5 * ((x - log(self.wide.gain)) / self.wide.gain_sd) ** 2
        narrow = -0.5 * ((x - centre) / sd) ** 2
        return np.asarray(np.exp(narrow + wide) * (self.wide.gain_sd / sd))

    def delay_ratio(self, delay: Floats, horizon: float) -> Floats:
        """Density of delays at each r over that of the wide prior, ``[point, draw]``."""
        mean = self.recovery[:, None]
        within = delay < horizon
        density = np.where(within, self.wide.delay / mean, 1.0)
        survived = np.minimum(delay, horizon) * (1.0 / self.wide.delay - 1.0 / mean)
        return np.asarray(density * np.exp(survived))
