"""Random numbers by counter: each belongs to a seed, a trial, a patient, a purpose and an index.

Philox 4x32 with ten rounds (Salmon et al. 2011, doi:10.1145/2063384.2063405) turns a counter of
four words under a key of two into four random words. The key is the seed, the counter is (trial,
patient, purpose, index). No number depends on what else is drawn, in which order or by which
worker.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from lymphocast.errors import UsageError

Floats = NDArray[np.float64]
Words = NDArray[np.uint64]
ROUNDS = 10
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)  # Salmon et al. 2011, table 2, as the next line
STEPS = (0x9E3779B9, 0xBB67AE85)
MASK = 0xFFFFFFFF
MOST_SEED = 2**64 - 1
WHOLE_TRIAL = MASK
"""The patient of numbers that belong to a trial as a whole."""
_KEPT = np.uint64(26)  # bits of each of two words that make a uniform number


@final
class Purpose(IntEnum):
    """What a random number is for."""

    STATE = 1
    SHARED = 2
    PRIOR = 3
    COURSE = 4
    SCREENING = 5
    WINDOW = 6
    VISIT_MISSED = 7
    READING = 8
    DROPOUT = 9
    DOSE = 10
    RULE = 11
    CULTURE = 12
    COVARIATES = 13
    OCCASION = 14


def philox(
    counter: tuple[Words, Words, Words, Words], key: tuple[int, int]
) -> tuple[Words, Words, Words, Words]:
    """Return four random words of 32 bits for each counter, each held in 64 bits."""
    mask, half = np.uint64(MASK), np.uint64(32)
    first, second = (np.uint64(m) for m in MULTIPLIERS)
    x0, x1, x2, x3 = counter
    for turn in range(ROUNDS):
        k0, k1 = (np.uint64((k + turn * s) & MASK) for k, s in zip(key, STEPS, strict=True))
        p0, p1 = first * x0, second * x2
        x0, x1, x2, x3 = (p1 >> half) ^ x1 ^ k0, p1 & mask, (p0 >> half) ^ x3 ^ k1, p0 & mask
    return x0, x1, x2, x3


@final
@dataclass(frozen=True)
class Counters:
    """The random numbers of some patients, one lane each.

    Parameters
    ----------
    seed
        Seed of the run.
    trial, patient
        Whose they are, ``[lane]``, each below 2^32.
    """

    seed: int
    trial: Words
    patient: Words

    def __post_init__(self) -> None:
        """Check the seed."""
        if not 0 <= self.seed <= MOST_SEED:
            msg = f"found the seed {self.seed}; needed a whole number from 0 to {MOST_SEED}"
            raise UsageError(msg)

    @property
    def of_trial(self) -> "Counters":
        """The numbers of each lane's trial as a whole."""
        return Counters(self.seed, self.trial, np.full_like(self.patient, WHOLE_TRIAL))

    def only(self, lanes: NDArray[np.bool_]) -> "Counters":
        """Return the numbers of some of the lanes."""
        return Counters(self.seed, self.trial[lanes], self.patient[lanes])

    def uniform(self, purpose: Purpose, begin: int, number: int) -> Floats:
        """Return uniform numbers of the indices from ``begin`` on, ``[index, lane]``."""
        shape = (number, len(self.trial))
        index = np.arange(begin, begin + number, dtype=np.uint64)[:, None]
        words = (self.trial, self.patient, np.uint64(purpose), index)
        full = [np.broadcast_to(np.asarray(word, np.uint64), shape) for word in words]
        key = (self.seed & MASK, self.seed >> 32)
        high, low, _, _ = philox((full[0], full[1], full[2], full[3]), key)
        shift = np.uint64(32) - _KEPT
        bits = ((high >> shift) << _KEPT) | (low >> shift)
        return np.asarray((bits.astype(np.float64) + 0.5) * 2.0**-52)

    def normal(self, purpose: Purpose, begin: int, number: int) -> Floats:
        """Return standard normal numbers of the indices from ``begin`` on, ``[index, lane]``."""
        return np.asarray(ndtri(self.uniform(purpose, begin, number)))
