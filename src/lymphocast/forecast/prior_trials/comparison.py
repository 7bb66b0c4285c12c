"""Compare a prior table with published trials: predicted, observed, inside or outside.

A share is inside if the predicted share lies in the 95 % binomial interval of the observed one,
by Clopper and Pearson [1]_, which never covers less than 95 %. What IL-2 adds to a group is inside
if the observed effect lies in the central 95 % of the effects that the prior expects of such a
trial; the median effect and, where the source states an interval, whether it lies therein stand
beside it. A mean time is inside if the predicted one lies in the interval given with it.

References
----------
.. [1] Clopper CJ, Pearson ES. The use of confidence or fiducial limits illustrated in the case of
   the binomial. Biometrika 1934;26:404-413. doi:10.1093/biomet/26.4.404
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from lymphocast.forecast.prior_trials.cohort import Cohort, draw_cohort
from lymphocast.forecast.prior_trials.gains import HIGHEST, LOWEST, group_effects
from lymphocast.forecast.prior_trials.trials import (
    Endpoint,
    Target,
    Transport,
    Trial,
    TrialFile,
)
from lymphocast.models.prior_table import PriorTable
from lymphocast.units import DAYS_PER_MONTH

Floats = NDArray[np.float64]
BATCHES = 10  # parts whose answers' scatter is the Monte Carlo error of a median
DRAWS = 40_000
SEED = 20040501
Progress = Callable[[str, float], None]


@final
class Verdict(StrEnum):
    """Whether a prior agrees with a published number."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    NOT_COMPARED = "not compared"


@final
@dataclass(frozen=True)
class Span:
    """An interval, both ends belonging to it."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether a value lies in it."""
        return self.low <= value <= self.high


@final
@dataclass(frozen=True)
class Comparison:
    """One target beside what the prior predicts.

    Parameters
    ----------
    trial, target
        What was published.
    verdict
        Inside, outside, or not compared for the target's reason.
    interval
        Of the observed number: binomial for a share, else what the source states; or ``None``.
    predicted, error
        What the prior predicts and its Monte Carlo standard error; of an effect the median.
    expected, without
        Central 95 % of a group's effect, with the transport and without it; of IL-2 alone.
    """

    trial: Trial
    target: Target
    verdict: Verdict
    interval: Span | None = None
    predicted: float = 0.0
    error: float = 0.0
    expected: Span | None = None
    without: Span | None = None

    @property
    def missed(self) -> bool:
        """Whether a target that must hold is not met."""
        return self.target.must_hold and self.verdict is not Verdict.INSIDE


def binomial_interval(event: float, of: float, confidence: float = 0.95) -> Span:
    """Return the interval of Clopper and Pearson for a share.

    ``event`` need not be whole: a source that prints only a percentage has no whole number.
    """
    tail = 0.5 * (1.0 - confidence)
    low = betaincinv(event, of - event + 1.0, tail) if event > 0.0 else 0.0
    high = betaincinv(event + 1.0, of - event, 1.0 - tail) if event < of else 1.0
    return Span(float(low), float(high))


def compare(
    table: PriorTable,
    published: TrialFile,
    seed: int,
    draws: int = DRAWS,
    progress: Progress | None = None,
) -> tuple[Comparison, ...]:
    """Compare a prior table with every target of every trial.

    Parameters
    ----------
    table
        Priors of the course model.
    published
        Trials and transport.
    seed, draws
        Of each virtual cohort.
    progress
        Called with a stage's name and the fraction that is done.
    """
    found: list[Comparison] = []
    for i, trial in enumerate(published.trials):
        cohort = draw_cohort(table, trial, draws, seed)
        for target in trial.targets:
            found.append(_compared(cohort, trial, target, published.transport, draws, seed))
        if progress is not None:
            progress("running virtual trials", (i + 1) / len(published.trials))
    return tuple(found)


def _compared(
    cohort: Cohort, trial: Trial, target: Target, transport: Transport, draws: int, seed: int
) -> Comparison:
    interval = _interval(target)
    if target.endpoint is Endpoint.NONE or target.observed is None:
        return Comparison(trial, target, Verdict.NOT_COMPARED, interval)
    if not target.endpoint.of_il2:
        predicted, error = predicted_mean(PATIENTS[target.endpoint](cohort, target))
        inside = interval is not None and interval.holds(predicted)
        return Comparison(trial, target, _verdict(inside), interval, predicted, error)
    effects = group_effects(cohort.table, trial, target, transport, draws, seed)
    expected, without = _central(effects.with_transport), _central(effects.without)
    if target.endpoint is Endpoint.RISE:
        predicted, error = predicted_mean(effects.with_transport)
        inside = interval is not None and interval.holds(predicted)
    else:
        predicted, error = _median(effects.with_transport)
        inside = expected.holds(target.observed)
    verdict = _verdict(inside)
    return Comparison(trial, target, verdict, interval, predicted, error, expected, without)


def predicted_mean(values: Floats) -> tuple[float, float]:
    """Return the mean over virtual patients and its Monte Carlo standard error."""
    return float(values.mean()), float(values.std() / np.sqrt(len(values)))


def _median(values: Floats) -> tuple[float, float]:
    parts = [float(np.median(part)) for part in np.array_split(values, BATCHES)]
    return float(np.median(values)), float(np.std(parts, ddof=1) / np.sqrt(BATCHES))


def _central(values: Floats) -> Span:
    low, high = np.quantile(values, (LOWEST, HIGHEST))
    return Span(float(low), float(high))


def _interval(target: Target) -> Span | None:
    if target.event is not None and target.of is not None:
        return binomial_interval(target.event, target.of)
    if target.low is None or target.high is None:
        return None
    return Span(target.low, target.high)


def _verdict(inside: bool) -> Verdict:
    return Verdict.INSIDE if inside else Verdict.OUTSIDE


def _negative(cohort: Cohort, target: Target) -> Floats:
    return cohort.negative(target.month)


def _resistant(cohort: Cohort, target: Target) -> Floats:
    return cohort.resistant(target.month).astype(float)


def _recovered(cohort: Cohort, target: Target) -> Floats:
    return cohort.passed(target.above, _last(cohort, target))[0].astype(float)


def _recovery_month(cohort: Cohort, target: Target) -> Floats:
    above, day = cohort.passed(target.above, _last(cohort, target))
    return day[above] / DAYS_PER_MONTH


def _last(cohort: Cohort, target: Target) -> Floats:
    """Last day of each patient's follow-up; exponential times are spread evenly, not drawn."""
    if not target.spread_follow_up:
        return np.full(cohort.size, target.month * DAYS_PER_MONTH)
    shares = (np.arange(cohort.size) + 0.5) / cohort.size
    return np.asarray(-np.log2(shares) * target.month * DAYS_PER_MONTH)


PATIENTS: Mapping[Endpoint, Callable[[Cohort, Target], Floats]] = {
    Endpoint.CULTURE_NEGATIVE: _negative,
    Endpoint.RESISTANT: _resistant,
    Endpoint.RECOVERED: _recovered,
    Endpoint.RECOVERY_MONTH: _recovery_month,
}
