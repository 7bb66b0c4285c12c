"""First passage: by which day a count has been below a threshold, or at or above one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import final

import numpy as np
from numpy.typing import NDArray

from lymphocast.forecast.ensemble import Part
from lymphocast.forecast.plan_results import Passage

Floats = NDArray[np.float64]
HALF = 0.5 - 1e-12  # room for rounding in a sum of weights


@final
@dataclass(frozen=True)
class Extremes:
    """The lowest and the highest count since the origin, each ``[day, lane]``.

    ``days`` are the days on which passages are told.
    """

    days: tuple[date, ...]
    lowest: Floats
    highest: Floats

    @classmethod
    def of(cls, counts: Floats, places: NDArray[np.int64], days: Sequence[date]) -> "Extremes":
        """Return the extremes on some of the days on which counts are read."""
        lowest = np.minimum.accumulate(counts, axis=0)[places]
        return cls(tuple(days), lowest, np.maximum.accumulate(counts, axis=0)[places])

    def below(self, part: Part, thresholds: Sequence[int]) -> dict[int, Passage]:
        """Return the first passages below thresholds."""
        return {n: self._passage(part, self.lowest < n) for n in thresholds}

    def above(self, part: Part, thresholds: Sequence[int]) -> dict[int, Passage]:
        """Return the first passages to thresholds or above."""
        return {n: self._passage(part, self.highest >= n) for n in thresholds}

    def _passage(self, part: Part, been: NDArray[np.bool_]) -> Passage:
        p = tuple(part.probability(row) for row in been)
        median = next((day for day, x in zip(self.days, p, strict=True) if x >= HALF), None)
        return Passage(p, median, max(0.0, 1.0 - p[-1]))
