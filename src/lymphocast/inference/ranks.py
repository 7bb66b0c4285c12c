"""Ranks of true values among posterior draws, and whether they look uniform.

If data are simulated from the prior and the posterior is right, the rank of each true quantity
among independent posterior draws is uniform (Talts et al. 2018, arXiv:1804.06788). The empirical
distribution of N ranks is compared with a band that holds it everywhere, for all quantities at
once, with a stated probability (Säilynoja, Bürkner, Vehtari 2022,
doi:10.1007/s11222-022-10090-6).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

Floats = NDArray[np.float64]
Ranks = NDArray[np.int64]

SIMULATIONS = 4_000  # of uniform ranks, to find the width of the band


@final
@dataclass(frozen=True)
class Uniformity:
    """How far the ranks of one quantity lie from uniform ones.

    Parameters
    ----------
    ranks
        Rank of the true value among the draws, ``[replicate]``, from 0 to the number of draws.
    inside
        Whether their distribution lies within the band everywhere.
    largest
        Largest distance of the empirical from the uniform distribution function.
    """

    ranks: Ranks
    inside: bool
    largest: float


def rank_of(draws: Floats, truth: Floats, rng: np.random.Generator) -> Ranks:
    """Return the rank of each truth ``[replicate]`` among its draws ``[replicate, draw]``.

    Where draws equal the truth, as in a quantity of few values, its place among them is random.
    """
    below = (draws < truth[:, None]).sum(axis=1)
    equal = (draws == truth[:, None]).sum(axis=1)
    return np.asarray(below + rng.integers(0, equal + 1))


def uniformity(
    ranks: Mapping[str, Ranks], draws: int, seed: int, probability: float = 0.95
) -> dict[str, Uniformity]:
    """Compare the ranks of several quantities with uniform ones.

    Parameters
    ----------
    ranks
        By quantity, ``[replicate]``.
    draws
        Number of draws among which the ranks were taken.
    seed
        Of the simulations that give the band.
    probability
        With which the ranks of *all* quantities stay inside if they are uniform.
    """
    number = len(next(iter(ranks.values())))
    lowest = _least_tail(number, draws, len(ranks), seed, probability)
    found = {}
    for name, own in ranks.items():
        counts = _cumulative(own[None], draws)[0]
        expected = np.arange(1, draws + 1) / (draws + 1)
        found[name] = Uniformity(
            own,
            bool(_tails(counts[None], number, draws)[0] >= lowest),
            float(np.max(np.abs(counts / number - expected))),
        )
    return found


def seen_distance(number: int, draws: int, quantities: int, seed: int, probability: float) -> float:
    """Return the distance from uniform that is always seen: the half-width of the band's middle.

    Parameters
    ----------
    number, draws, quantities
        Ranks of each quantity, draws among which they were taken, and how many quantities.
    seed, probability
        As of :func:`uniformity`.
    """
    tail = _least_tail(number, draws, quantities, seed, probability)
    middle = (draws + 1) // 2 / (draws + 1)
    return float(middle - binom.ppf(tail, number, middle) / number)


def _cumulative(ranks: Ranks, draws: int) -> Ranks:
    """Return how many ranks lie below 1, 2, ..., ``draws``, ``[set, draw]``."""
    counts = np.stack([np.bincount(own, minlength=draws + 1) for own in ranks])
    return np.asarray(np.cumsum(counts, axis=1)[:, :-1])


def _tails(counts: Ranks, number: int, draws: int) -> Floats:
    """Return the smallest two-sided binomial tail over all points, ``[set]``."""
    share = np.arange(1, draws + 1) / (draws + 1)
    low = binom.cdf(counts, number, share)
    high = binom.sf(counts - 1, number, share)
    return np.asarray(np.minimum(low, high).min(axis=1))


@lru_cache(maxsize=16)
def _least_tail(number: int, draws: int, quantities: int, seed: int, probability: float) -> float:
    """Return the tail below which the sets of a share of ``1 - probability`` fall."""
    rng = np.random.default_rng([seed, 20])
    ranks = rng.integers(0, draws + 1, (SIMULATIONS, number))
    each = probability ** (1.0 / quantities)  # quantities counted as independent: a wider band
    return float(np.quantile(_tails(_cumulative(ranks, draws), number, draws), 1.0 - each))
