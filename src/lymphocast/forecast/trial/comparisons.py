"""Comparisons of two arms: an estimate with its interval; NaN where too little was seen.

``difference``       means, with Welch's t interval (Welch 1947, doi:10.1093/biomet/34.1-2.28)
``ancova``           ln ratio to baseline, adjusted for ln baseline by least squares; t interval
``risk-difference``  proportions, with the hybrid score interval (Newcombe 1998, method 10,
                     doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I)
``log-rank``         ln hazard ratio (O - E) / V with the hypergeometric variance (Peto et al. 1977,
                     doi:10.1038/bjc.1977.1); its test is the log-rank test

An arm is better where the difference is above 0. A comparison rejects "no difference" if the
interval does not hold 0.
"""

from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import t as student

from lymphocast.forecast.trial.protocol import AnalysisMethod

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
FEWEST = 2  # patients of an arm: with one there is no variance


@final
class Compared(NamedTuple):
    """An estimate, its interval, and how many patients of each arm it is made of."""

    estimate: float
    low: float
    high: float
    arm: int
    control: int

    @property
    def rejects(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0.0 or self.high < 0.0


@final
@dataclass(frozen=True)
class Group:
    """The patients of one arm: values, whether a time ended with its event, baseline counts."""

    value: Floats
    event: Flags
    baseline: Floats

    def seen(self) -> "Group":
        """Return the patients whose value is not missing."""
        kept = np.isfinite(self.value)
        return Group(self.value[kept], self.event[kept], self.baseline[kept])


def compare(method: AnalysisMethod, arm: Group, control: Group, alpha: float) -> Compared:
    """Return an arm compared with a control; missing values are left out."""
    one, other = arm.seen(), control.seen()
    sizes = len(one.value), len(other.value)
    if min(sizes) < FEWEST:
        return Compared(np.nan, np.nan, np.nan, *sizes)
    compute = {
        AnalysisMethod.DIFFERENCE: _difference,
        AnalysisMethod.ANCOVA: _ancova,
        AnalysisMethod.RISK: _risk,
        AnalysisMethod.LOG_RANK: _log_rank,
    }[method]
    return Compared(*compute(one, other, alpha), *sizes)


def _difference(arm: Group, control: Group, alpha: float) -> tuple[float, float, float]:
    parts = [(g.value.var(ddof=1) / len(g.value), len(g.value) - 1) for g in (arm, control)]
    variance = sum(part for part, _ in parts)
    estimate = float(arm.value.mean() - control.value.mean())
    if variance == 0.0:
        return estimate, estimate, estimate
    freedom = variance**2 / sum(part**2 / n for part, n in parts)
    half = float(student.ppf(1.0 - alpha / 2.0, freedom) * np.sqrt(variance))
    return estimate, estimate - half, estimate + half


def _ancova(arm: Group, control: Group, alpha: float) -> tuple[float, float, float]:
    value = np.concatenate([arm.value, control.value])
    given = np.repeat([1.0, 0.0], [len(arm.value), len(control.value)])
    before = np.log(np.concatenate([arm.baseline, control.baseline]))
    design = np.column_stack([np.ones_like(value), given, before - before.mean()])
    freedom = len(value) - design.shape[1]
    if freedom < 1 or np.linalg.matrix_rank(design) < design.shape[1]:
        return np.nan, np.nan, np.nan
    root = np.linalg.inv(design.T @ design)
    slopes = root @ (design.T @ value)
    left = value - design @ slopes
    error = float(np.sqrt(left @ left / freedom * root[1, 1]))
    half = float(student.ppf(1.0 - alpha / 2.0, freedom)) * error
    return float(slopes[1]), float(slopes[1]) - half, float(slopes[1]) + half


def _wilson(group: Group, alpha: float) -> tuple[float, float, float]:
    """Return a proportion with its score interval (Wilson 1927, doi:10.2307/2276774)."""
    n, p, z = len(group.value), float(group.value.mean()), float(ndtri(1.0 - alpha / 2.0))
    middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n)
    half = z * np.sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n)) / (1.0 + z * z / n)
    return p, float(middle - half), float(middle + half)


def _risk(arm: Group, control: Group, alpha: float) -> tuple[float, float, float]:
    p1, low1, high1 = _wilson(arm, alpha)
    p2, low2, high2 = _wilson(control, alpha)
    down = np.hypot(p1 - low1, high2 - p2)
    up = np.hypot(high1 - p1, p2 - low2)
    return p1 - p2, float(p1 - p2 - down), float(p1 - p2 + up)


def _log_rank(arm: Group, control: Group, alpha: float) -> tuple[float, float, float]:
    time = np.concatenate([arm.value, control.value])
    event = np.concatenate([arm.event, control.event])
    given = np.repeat([True, False], [len(arm.value), len(control.value)])
    excess = variance = 0.0
    for day in np.unique(time[event]):
        risk = time >= day
        ends = risk & event & (time == day)
        n, d, n1 = int(risk.sum()), int(ends.sum()), int((risk & given).sum())
        excess += float((ends & given).sum()) - d * n1 / n
        if n > 1:
            variance += d * (n1 / n) * (1.0 - n1 / n) * (n - d) / (n - 1)
    if variance == 0.0:
        return np.nan, np.nan, np.nan
    estimate, error = excess / variance, 1.0 / np.sqrt(variance)
    half = float(ndtri(1.0 - alpha / 2.0)) * float(error)
    return estimate, estimate - half, estimate + half
