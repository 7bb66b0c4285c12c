"""Virtual cohorts: patients drawn from a prior table under an entry rule and one treatment.

Day 0 is the entry: the first low count, and the first dose. The course model itself is that of
:mod:`lymphocast.engine.course`. A cohort drawn again with the same seed has the same standard
normals, so that a number searched for moves the answer smoothly.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from lymphocast.dataset.individual import DosePlan, DoseSegment, Moment
from lymphocast.engine.course import (
    added_count,
    infection_outcomes,
    latent_count,
    with_study_days,
)
from lymphocast.forecast.prior_trials.trials import Natural, Trial
from lymphocast.inference.error_model import culture_negative
from lymphocast.inference.parameters import latent_of
from lymphocast.models.prior_table import PriorTable, Weights, numbers, transform
from lymphocast.units import DAYS_PER_MONTH

Floats = NDArray[np.float64]
Conditions = NDArray[np.bool_]
STUDY_DRUG, ANTIBIOTIC = "il2", "antibiotic"
WEIGHTS = "neutral"  # the preset whose weights of S and R are those of patients with ICL
HALVINGS = 24  # of the time in which a count passes a limit: to seconds


@final
@dataclass(frozen=True)
class Cohort:
    """Virtual patients of one trial: ``theta`` holds a value of each parameter for each lane."""

    plan: DosePlan
    table: PriorTable
    theta: Mapping[str, Floats]

    @property
    def size(self) -> int:
        """Number of patients."""
        return len(self.theta["baseline_count"])

    def negative(self, month: float) -> Floats:
        """Return each patient's probability that one culture is negative."""
        day = month * DAYS_PER_MONTH
        burden, _ = infection_outcomes(self.plan, self.theta, (day,))
        return culture_negative(burden[0], self.table)

    def resistant(self, month: float) -> Conditions:
        """Return whether the infection is resistant by this month."""
        return self.theta["resistance_day"] <= month * DAYS_PER_MONTH

    def count(self, day: Floats) -> Floats:
        """Return the latent counts on a day of each patient's own."""
        return np.asarray(latent_count(self.plan, self.theta, day))

    def added(self, days: Floats) -> Floats:
        """Return what IL-2 adds on ``days``, ``[day, lane]``."""
        return np.asarray(added_count(self.plan, self.theta, days[:, None]))

    def passed(self, limit: float, last: Floats) -> tuple[Conditions, Floats]:
        """Return who is above a limit by the day ``last``, and when each passed it.

        Counts that may only rise are asked for, so that the last day decides; the day is found by
        halving. Days of those who did not pass mean nothing.
        """
        above = self.count(last) > limit
        low, high = 0.0 * last, last
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            over = self.count(middle) > limit
            low, high = np.where(over, low, middle), np.where(over, middle, high)
        return above, high

    def with_values(self, **values: Floats) -> "Cohort":
        """Return the cohort with some parameters given instead of drawn."""
        return Cohort(self.plan, self.table, {**self.theta, **values})


def plan_of(trial: Trial) -> DosePlan:
    """Return what a trial gives from day 0 on, at its own maintenance dose."""
    given = ((STUDY_DRUG, trial.il2_months), (ANTIBIOTIC, trial.antibiotic_months))
    doses = tuple(
        DoseSegment(drug, Moment.fixed(0.0), Moment.fixed(months * DAYS_PER_MONTH), 1.0, 1.0, 0)
        for drug, months in given
        if months
    )
    return DosePlan(STUDY_DRUG, ANTIBIOTIC, doses, Moment.fixed(0.0), 0.0, 0.0)


def draw_cohort(table: PriorTable, trial: Trial, size: int, seed: int) -> Cohort:
    """Return ``size`` draws from the priors, less those whom the entry rule does not find.

    Parameters
    ----------
    table
        The priors; a row or a constant for every parameter of the course model.
    trial
        Its natural course, entry rule and treatment. IL-2 adds cells where it is given; a higher
        count hastens nothing.
    size, seed
        Draws before the entry rule, and their seed.
    """
    rng = np.random.default_rng(seed)
    latents = [latent_of(row) for row in table.rows]
    z = rng.standard_normal((len(latents), size))
    given = numbers(table.rows)
    values = {
        one.name: np.asarray(transform(one.family, one.truncated, z[i], given[one.name]))
        for i, one in enumerate(latents)
    }
    values |= {c.parameter: np.full(size, c.value) for c in table.constants}
    recovers = rng.random(size) < recovery_share(table.presets[WEIGHTS], trial.natural)
    values |= {
        "il2": np.full(size, float(trial.il2_months > 0.0)),
        "recovery": recovers.astype(float),
        "infection": np.zeros(size),
        "clearance": np.zeros(size),
    }
    plan = plan_of(trial)
    theta = {n: np.broadcast_to(v, size) for n, v in with_study_days(plan, values).items()}
    cohort = Cohort(plan, table, theta)
    if trial.entry_below is None:
        return cohort
    found = cohort.count(np.zeros(size)) < trial.entry_below
    return Cohort(plan, table, {name: value[found] for name, value in theta.items()})


def recovery_share(weights: Weights, natural: Natural) -> float:
    """Return the probability of recovery by itself among the courses that a trial allows."""
    if natural is not Natural.ICL:
        return float(natural is Natural.RECOVERY)
    return weights.recovery / (weights.stable + weights.recovery)
