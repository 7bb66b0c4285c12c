"""What is read of one course of treatment in every draw: areas, times, culture, symptoms.

The count is read every week and taken as straight in between, so that areas and times follow
exactly from the readings (trapezia; shares of each week above a threshold). Burden and severity
are read every 30 days and on the named days.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import NDArray

from lymphocast.dataset.individual import Individual
from lymphocast.engine.course import Treatment, infection_looks
from lymphocast.forecast.ensemble import Conditions, Ensemble
from lymphocast.forecast.plan import THRESHOLDS
from lymphocast.inference.error_model import culture_negative
from lymphocast.models.prior_table import PriorTable
from lymphocast.units import DAYS_PER_YEAR

Floats = NDArray[np.float64]
COUNT_STEP = 7.0  # days between readings of the count
LOOK_STEP = 30.0  # days between looks at burden and severity
YEARS_AHEAD = (1.0, 2.0)  # after the last count, without further treatment


def area_under(days: Floats, values: Floats) -> Floats:
    """Return the area under values that are straight between ``days``, ``[lane]``.

    Parameters
    ----------
    days
        In increasing order, ``[point]``.
    values
        Values on those days, ``[point, lane]``.
    """
    return np.asarray(np.trapezoid(values, days, axis=0))


def time_above(days: Floats, values: Floats, limit: float) -> Floats:
    """Return how long values that are straight between ``days`` are at or above a limit."""
    over = values - limit
    first, last = over[:-1], over[1:]
    high, low = np.maximum(first, last), np.minimum(first, last)
    crossing = (high >= 0.0) & (low < 0.0)
    share = np.where(crossing, high / np.where(crossing, high - low, 1.0), low >= 0.0)
    return np.asarray(np.diff(days) @ share)


def came_back(gone: Conditions) -> Conditions:
    """Return where what had gone at the first look was there again at a later one, ``[lane]``."""
    return np.asarray(gone[0] & ~gone.all(axis=0))


@final
@dataclass(frozen=True)
class Occasion:
    """A named day, by the middle of its interval."""

    name: str
    study_day: float


@final
@dataclass(frozen=True)
class Calendar:
    """The days on which courses are compared.

    Parameters
    ----------
    individual
        Whose record they come from; uncertain times stand at their middle.
    """

    individual: Individual

    @cached_property
    def stops(self) -> dict[str, float]:
        """When each drug that was given was last given."""
        plan = self.individual.plan
        drugs = {"antibiotic-stop": plan.antibiotic, "il2-stop": plan.study_drug}
        return {
            name: self.individual.nominal(plan.stretches(drug)[-1].stop)
            for name, drug in drugs.items()
            if drug is not None
        }

    @property
    def last_count(self) -> float:
        """When the last count was taken."""
        return self.individual.nominal(self.individual.counts[-1].at)

    @cached_property
    def window(self) -> Floats:
        """Days on which the count is read: from the first dose to the last count."""
        plan = self.individual.plan
        start = self.individual.nominal(plan.stretches(plan.study_drug)[0].start)
        return np.append(np.arange(start, self.last_count, COUNT_STEP), self.last_count)

    @cached_property
    def occasions(self) -> tuple[Occasion, ...]:
        """Named days on which culture and symptoms are read, in order of time."""
        days = {**self.stops, "last-count": self.last_count}
        if self.individual.cultures:
            days = {"first-culture": self.individual.cultures[0].day, **days}
        for years in YEARS_AHEAD:
            days[f"last-count+{years:g}y"] = self.last_count + years * DAYS_PER_YEAR
        begin = self.individual.plan.infection_start
        found = [Occasion(name, float(round(day))) for name, day in days.items() if day > begin]
        return tuple(sorted(found, key=lambda o: o.study_day))

    @cached_property
    def looks(self) -> tuple[float, ...]:
        """Days on which burden and severity are read."""
        begin, end = self.individual.plan.infection_start, self.occasions[-1].study_day
        regular = np.arange(begin, end, LOOK_STEP).tolist()
        return tuple(sorted({*regular, *(o.study_day for o in self.occasions)}))

    def date_of(self, study_day: float) -> date:
        """Return the day of the calendar."""
        return self.individual.day_zero + timedelta(days=round(study_day))


@final
@dataclass(frozen=True)
class Infection:
    """Culture and symptoms of one course, ``[look, lane]``.

    ``negative`` is the probability that one culture on that day is negative, ``clear`` whether
    the burden lies below a culture's limit of detection, ``resolved`` whether severity lies below
    the level that is read as *resolved*.
    """

    looks: tuple[float, ...]
    negative: Floats
    clear: Conditions
    resolved: Conditions

    def at(self, study_day: float) -> int:
        """Return the place of a day among the looks."""
        return self.looks.index(study_day)

    def came_back(self, gone: Conditions, origin: float, until: float) -> Conditions:
        """Return where what had gone at ``origin`` was there again at a look by ``until``."""
        return came_back(gone[self.at(origin) : self.at(until) + 1])


def infections_of(
    ensemble: Ensemble,
    table: PriorTable,
    looks: tuple[float, ...],
    courses: Sequence[tuple[str, Treatment]],
) -> dict[str, Infection]:
    """Return culture and symptoms under every course, by its name.

    Without the study drug the infection differs only in lanes in which the drug adds cells and a
    higher count hastens clearance; the others are those of the course with it, exactly.
    """
    theta = ensemble.theta
    touched = np.flatnonzero((theta["il2"] > 0.0) & (theta["clearance"] > 0.0))
    some = {name: values[touched] for name, values in theta.items()}
    given: dict[float, tuple[Floats, Floats]] = {}
    found = {}
    for name, treatment in courses:
        plan, antibiotic = ensemble.individual.plan, float(treatment.antibiotic)
        if antibiotic not in given:
            full = Treatment(antibiotic=antibiotic)
            given[antibiotic] = infection_looks(plan, theta, looks, full)
        burden, severity = given[antibiotic]
        if treatment.study_drug != 1.0 and len(touched):
            burden, severity = burden.copy(), severity.copy()
            burden[:, touched], severity[:, touched] = infection_looks(plan, some, looks, treatment)
        found[name] = _infection(looks, burden, severity, table)
    return found


def _infection(
    looks: tuple[float, ...], burden: Floats, severity: Floats, table: PriorTable
) -> Infection:
    return Infection(
        looks,
        culture_negative(burden, table),
        burden < 0.0,
        severity < table.constant("resolved_threshold"),
    )


@final
@dataclass(frozen=True)
class Counts:
    """The count of one course: area and times over the window, and counts on named days."""

    area: Floats
    mean: Floats
    above: Mapping[int, Floats]
    on: Mapping[str, Floats]


def read_counts(
    ensemble: Ensemble, window: Floats, named: Mapping[str, Floats], treatment: Treatment
) -> Counts:
    """Return what is read of the count under one course.

    ``named`` holds study days by name, ``[lane]``.
    """
    counts = ensemble.count(window[:, None], treatment)
    area = area_under(window, counts)
    on = ensemble.count(np.stack(list(named.values())), treatment)
    return Counts(
        area=area,
        mean=area / (window[-1] - window[0]),
        above={limit: time_above(window, counts, limit) for limit in THRESHOLDS},
        on=dict(zip(named, on, strict=True)),
    )
