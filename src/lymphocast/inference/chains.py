"""What chains of draws are worth: R-hat and effective sample sizes.

Rank-normalised split R-hat, and effective sizes of bulk and tails, as Vehtari et al. define them
(Bayesian Anal 2021;16:667-718, doi:10.1214/20-BA1221); autocovariances by FFT, summed by Geyer's
initial monotone sequence (Stat Sci 1992;7:473-483, doi:10.1214/ss/1177011137).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft
from scipy.special import ndtri
from scipy.stats import rankdata

Floats = NDArray[np.float64]

FEWEST = 4  # draws of a chain from which anything can be said
TAILS = (0.05, 0.95)


def r_hat(draws: Floats) -> float:
    """Return the larger of R-hat of the ranks and of their distances from the median.

    ``draws`` are ``[chain, draw]``; NaN if there are too few, or all are alike.
    """
    if not _sayable(draws):
        return float("nan")
    halves = _halves(draws)
    folded = np.abs(halves - np.median(halves))
    return max(_plain_r_hat(_normal_scores(halves)), _plain_r_hat(_normal_scores(folded)))


def bulk_size(draws: Floats) -> float:
    """Return the effective number of independent draws of the bulk; NaN as in :func:`r_hat`."""
    return _size(_normal_scores(_halves(draws))) if _sayable(draws) else float("nan")


def tail_size(draws: Floats) -> float:
    """Return the smaller effective size of the 5 % and 95 % quantiles; NaN as in :func:`r_hat`."""
    if not _sayable(draws):
        return float("nan")
    below = [_halves((draws <= np.quantile(draws, q)).astype(float)) for q in TAILS]
    return min(_size(part) for part in below)


def _sayable(draws: Floats) -> bool:
    enough = draws.shape[1] >= FEWEST and bool(np.isfinite(draws).all())
    return enough and bool(np.ptp(draws) > 0.0)


def _halves(draws: Floats) -> Floats:
    """Return each chain as two, ``[2 chain, draw / 2]``; the middle draw of an odd number goes."""
    half = draws.shape[1] // 2
    return np.concatenate([draws[:, :half], draws[:, -half:]])


def _normal_scores(draws: Floats) -> Floats:
    """Return each draw's rank among all as a normal quantile (Blom)."""
    ranks = rankdata(draws).reshape(draws.shape)
    return np.asarray(ndtri((ranks - 0.375) / (draws.size + 0.25)))


def _plain_r_hat(draws: Floats) -> float:
    length = draws.shape[1]
    between = length * draws.mean(axis=1).var(ddof=1)
    within = draws.var(axis=1, ddof=1).mean()
    return float(np.sqrt((between / within + length - 1.0) / length)) if within else float("nan")


def _size(draws: Floats) -> float:
    """Return chains x length over the sum of autocorrelations."""
    chains, length = draws.shape
    covariance = _autocovariance(draws)
    within = covariance[:, 0].mean() * length / (length - 1.0)
    variance = within * (length - 1.0) / length + draws.mean(axis=1).var(ddof=1)
    if not variance > 0.0:
        return float(draws.size)
    correlation = 1.0 - (within - covariance.mean(axis=0)) / variance
    correlation[0] = 1.0
    pairs = correlation[: length - length % 2].reshape(-1, 2).sum(axis=1)
    farthest = max((length - 3) // 2, 0)  # the last pair, which at most ends the sum
    ends = np.flatnonzero(pairs[:farthest] <= 0.0)
    kept = np.minimum.accumulate(pairs[: ends[0] if len(ends) else farthest])
    last = correlation[2 * len(kept)]
    time = 2.0 * kept.sum() - 1.0 + max(float(last), 0.0)
    total = float(chains * length)
    return float(total / max(time, 1.0 / np.log10(total)))


def _autocovariance(draws: Floats) -> Floats:
    length = draws.shape[1]
    centred = draws - draws.mean(axis=1, keepdims=True)
    padded = next_fast_len(2 * length)
    spectrum = rfft(centred, padded, axis=1)
    found = irfft(np.abs(spectrum) ** 2, padded, axis=1)[:, :length]
    return np.asarray(found / length)
