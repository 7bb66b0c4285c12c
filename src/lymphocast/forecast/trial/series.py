"""What is seen of virtual patients in one arm: counts and cultures at visits.

Between visits the count follows the course model: the natural course in closed form, the gain
marched exactly from one change of the dose to the next. The burden moves between its walls from
one day of the calendar to the next: the trapezoid of its rate, a week apart at most, and the
antibiotic for exactly the days on which it works.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import NDArray

from lymphocast.engine.course import INFECTION
from lymphocast.forecast.course_plan import Horizon, follow_plan, visit_days
from lymphocast.forecast.trial.counters import Counters, Purpose
from lymphocast.forecast.trial.fitted import fitted_course
from lymphocast.forecast.trial.patients import Patients, measured, natural
from lymphocast.forecast.trial.protocol import Arm, FittedPopulation, TrialProtocol
from lymphocast.inference.error_model import culture_negative

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
WEEK = 7  # days between two points of a burden


@final
@dataclass(frozen=True)
class Series:
    """Visits of some patients, as the endpoints read them.

    Parameters
    ----------
    days
        Planned days, ``[visit]``.
    counts
        Measured counts, ``[visit, lane]``.
    present
        Whether the patient was seen, ``[visit, lane]``.
    negative
        Whether the culture was negative, ``[visit, lane]``; ``None`` without cultures.
    """

    days: Floats
    counts: Floats
    present: Flags
    negative: Flags | None


@final
class KeyedChance:
    """The random numbers of a plan, by patient."""

    def __init__(self, counters: Counters) -> None:
        self.counters = counters
        self.read = 0

    def taken(self, share: float, number: int, lanes: int) -> Flags:
        """Return whether each dose is taken of which a share is missed, ``[dose, lane]``."""
        return np.asarray(self.counters.uniform(Purpose.DOSE, 0, number) >= share)

    def reading(self, lanes: int) -> Floats:
        """Return a standard normal for the reading of the next visit, ``[lane]``."""
        self.read += 1
        return np.asarray(self.counters.normal(Purpose.RULE, self.read, 1)[0])


@final
@dataclass(frozen=True)
class Clinic:
    """Some patients with everything that does not depend on their arm."""

    protocol: TrialProtocol
    counters: Counters
    patients: Patients

    @cached_property
    def days(self) -> Floats:
        """Every day of the calendar on which something is read."""
        protocol, visits = self.protocol, self.protocol.visits
        last = int(protocol.length)
        around = np.arange(-visits.window, visits.window + 1)
        days = [np.clip(np.add.outer(visits.days, around).ravel(), 0, last + visits.window)]
        days += [visit_days(arm.plan, protocol.length) for arm in protocol.arms]
        if visits.cultures:
            days.append(np.arange(0, last + visits.window, WEEK))
        return np.unique(np.concatenate(days).astype(float))

    @cached_property
    def natural(self) -> dict[str, Floats]:
        """The count without the drug, and before any change, on those days."""
        return natural(self.patients.theta, self.days)

    @cached_property
    def planned(self) -> Floats:
        """The planned days of the visits."""
        return np.array(self.protocol.visits.days, float)

    @cached_property
    def kept(self) -> Floats:
        """The days on which the visits take place, ``[visit, lane]``."""
        width = self.protocol.visits.window
        uniform = self.counters.uniform(Purpose.WINDOW, 0, len(self.planned))
        moved = np.floor(uniform * (2 * width + 1)) - width
        moved[0] = 0.0
        return np.asarray(np.maximum(self.planned[:, None] + moved, 0.0))

    @cached_property
    def lost(self) -> Floats:
        """The day on which each patient is lost to follow-up, ``[lane]``; infinite for none."""
        if self.protocol.hazard == 0.0:
            return np.full(len(self.counters.trial), np.inf)
        uniform = self.counters.uniform(Purpose.DROPOUT, 0, 1)[0]
        return np.asarray(-np.log(uniform) / self.protocol.hazard)

    @cached_property
    def present(self) -> Flags:
        """Whether each visit takes place, ``[visit, lane]``."""
        uniform = self.counters.uniform(Purpose.VISIT_MISSED, 0, len(self.planned))
        found = (uniform >= self.protocol.visits.missed) & (self.kept <= self.lost)
        found[0] = True
        return found

    @cached_property
    def whites(self) -> Floats:
        """Standard normals of the errors of reading, ``[visit, lane]``."""
        return self.counters.normal(Purpose.READING, 0, len(self.planned))

    def latent(self, arm: Arm) -> Floats:
        """Return the latent value on every day in an arm, ``[day, lane]``."""
        population, theta = self.protocol.population, self.patients.theta
        if isinstance(population, FittedPopulation):
            return fitted_course(population, theta, arm.doses, self.days)
        none = np.zeros(len(self.counters.trial))
        horizon = Horizon(theta, self.days, self.natural["natural_count"], none)
        return follow_plan(horizon, arm.plan, KeyedChance(self.counters)).counts

    def follow(self, arm: Arm) -> tuple[Series, Series]:
        """Return what is seen of the patients in an arm, and what would be if nothing got lost.

        The second has every visit on its planned day, with the same errors of reading.
        """
        counts = self.latent(arm)
        burden = self._burden(arm, counts) if self.protocol.visits.cultures else None
        whole = np.broadcast_to(self.planned[:, None], self.kept.shape)
        everyone = np.full(self.kept.shape, True)
        return (
            self._read(counts, burden, self.kept, self.present),
            self._read(counts, burden, whole, everyone),
        )

    def _read(self, counts: Floats, burden: Floats | None, days: Floats, present: Flags) -> Series:
        place = np.searchsorted(self.days, days)
        lane = np.arange(counts.shape[1])
        population = self.protocol.population
        seen = measured(population, self.patients.theta, counts[place, lane], self.whites)
        present = present & np.isfinite(seen)  # what nothing solves is missing
        if burden is None or isinstance(population, FittedPopulation):
            return Series(self.planned, seen, present, None)
        shows = culture_negative(burden[place, lane], population.table)
        uniform = self.counters.uniform(Purpose.CULTURE, 0, len(self.planned))
        return Series(self.planned, seen, present, uniform < shows)

    def _burden(self, arm: Arm, counts: Floats) -> Floats:
        """Return the log burden on every day, ``[day, lane]``."""
        theta, days = self.patients.theta, self.days
        zero = np.zeros(())
        own = {**theta, "resistance_day": theta["resistance_time"]}
        inputs = {
            "antibiotic": zero,
            "count": counts,
            "untreated_count": np.broadcast_to(self.natural["untreated_count"], counts.shape),
        }
        rate = np.broadcast_to(INFECTION.free_rate(zero, inputs, own), counts.shape)
        low, high = INFECTION.walls(own)
        burden = np.empty_like(counts)
        burden[0] = own["initial_burden"]
        for i, width in enumerate(np.diff(days)):
            free = 0.5 * (rate[i] + rate[i + 1]) * width
            killed = own["kill"] * _works(arm, own["resistance_day"], days[i], days[i + 1])
            burden[i + 1] = np.clip(burden[i] + free - killed, low, high)
        return burden


def _works(arm: Arm, resistance: Floats, begin: float, end: float) -> Floats | float:
    """Days between two on which the antibiotic is given and kills; resistance arises under it."""
    if arm.antibiotic is None:
        return 0.0
    start, stop = arm.antibiotic
    last = np.minimum(np.minimum(stop, start + resistance), end)
    return np.maximum(last - max(start, begin), 0.0)
