"""What IL-2 adds in a group of patients, from the prior of one patient's gain.

The prior of one patient's gain is log-normal, with SD s of ln. What lies between patients of one
trial is half of s, as in a series of patients; the rest is shared by a trial's patients: its
regimen, its population and, for a trial in another disease, the transport:

    s^2 = (0.5 s)^2 + shared^2,     shared^2 = regimen^2 + transport^2

*With* the transport a trial's patients share the whole of ``shared``: what the prior says of a
group with ICL. *Without*, they share what is left of it: what it says of a group in the population
that the effect was measured in. Each virtual trial draws the shared part once and its patients
anew; where s^2 leaves nothing for the regimen the remainder is 0.
"""

from dataclasses import dataclass
from math import log, sqrt
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from lymphocast.errors import UsageError
from lymphocast.forecast.prior_trials.cohort import Cohort, draw_cohort
from lymphocast.forecast.prior_trials.trials import (
    Endpoint,
    Statistic,
    Target,
    Transport,
    Trial,
)
from lymphocast.inference.series_grid import TYPICAL_SPREAD
from lymphocast.models.prior_table import Family, Prior, PriorTable
from lymphocast.units import DAYS_PER_MONTH

Floats = NDArray[np.float64]
REPEATS = 50  # draws of what a group shares for each draw of its patients
MOST_PATIENTS = 200  # of a virtual group; a larger one varies with what it shares alone
POINTS = 24  # instants over which a patient's course is averaged
LOWEST, HIGHEST = 0.025, 0.975  # central 95 %


@final
@dataclass(frozen=True)
class Spread:
    """How the SD of ln(gain) of the prior is divided."""

    between: float
    shared: float
    left: float

    @classmethod
    def of(cls, row: Prior, transport: Transport) -> "Spread":
        """Divide a row's scale.

        Raises
        ------
        UsageError
            If the gain is not log-normal: then it has no SD of ln.
        """
        if row.family is not Family.LOGNORMAL:
            msg = f"found a {row.family} prior of the gain; needed lognormal to compare with trials"
            raise UsageError(msg)
        between = TYPICAL_SPREAD * row.scale
        shared = sqrt(row.scale**2 - between**2)
        return cls(between, shared, sqrt(max(0.0, shared**2 - transport.log_sd**2)))


@final
@dataclass(frozen=True)
class GroupEffects:
    """A group's statistic in many virtual trials, with and without the transport."""

    with_transport: Floats
    without: Floats


def group_effects(
    table: PriorTable, trial: Trial, target: Target, transport: Transport, draws: int, seed: int
) -> GroupEffects:
    """Return what the group of a trial shows, in as many virtual trials as ``draws`` make."""
    patients = min(target.patients or trial.patients, MOST_PATIENTS)
    trials = max(1, draws // patients)
    spread = Spread.of(table.row("gain"), transport)
    cohort = draw_cohort(table, trial, trials * patients, seed)
    rng = np.random.default_rng([seed, 1])
    repeats = REPEATS if target.endpoint is Endpoint.GAIN else 1
    shared = rng.standard_normal((repeats, trials))
    own = rng.standard_normal((trials, patients))
    response = own_response(cohort, target).reshape(trials, patients)
    typical = table.row("gain").location * response * np.exp(spread.between * own)
    if target.endpoint is Endpoint.GAIN:
        # Mean and median of a group are proportional to what its patients share.
        statistic = np.median if target.statistic is Statistic.MEDIAN else np.mean
        group = statistic(typical, axis=1)
        found = [(np.exp(sd * shared) * group).ravel() for sd in (spread.shared, spread.left)]
        return GroupEffects(*found)
    entry = target.entry_low + (target.entry_high - target.entry_low) * rng.random(own.shape)
    change = rng.standard_normal(own.shape)
    rises = [typical * np.exp(sd * shared.T) / entry for sd in (spread.shared, spread.left)]
    return GroupEffects(*(_rose(target, rise, change).mean(axis=1) for rise in rises))


def own_response(cohort: Cohort, target: Target) -> Floats:
    """Return what IL-2 adds in each patient for each cell/uL of the gain: it is proportional."""
    end = target.month * DAYS_PER_MONTH
    days = (np.arange(POINTS) + 0.5) * end / POINTS if target.averaged else np.array([end])
    unit = cohort.with_values(gain=np.ones(cohort.size))
    return np.asarray(unit.added(days).mean(axis=0))


def _rose(target: Target, added: Floats, change: Floats) -> Floats:
    """Whether each second count is above the first by the share asked for.

    The ratio of the counts without IL-2 is log-normal, placed so that the control arm's share has
    risen by as much.
    """
    needed = 1.0 + target.above
    middle = log(needed) + target.own_change_sd * float(ndtri(target.control_share))
    alone = np.exp(middle + target.own_change_sd * change)
    return (alone + added > needed).astype(float)
