"""The same patient under the factual and each counterfactual course: outcomes beyond one count.

The same draws run through all courses; a difference is taken draw by draw before it is
summarised, so that it is exactly zero where a course is the factual one.
"""

from dataclasses import dataclass
from functools import cached_property, partial
from typing import final

import numpy as np
from numpy.typing import NDArray

from lymphocast.forecast.attribution import key_days, scenarios_of
from lymphocast.forecast.ensemble import Conditions, Ensemble, by_hypothesis, ensemble_of
from lymphocast.forecast.monte_carlo import MonteCarlo
from lymphocast.forecast.outcome_results import (
    Chance,
    Compared,
    CourseOutcome,
    InfectionPoint,
    Recurrence,
)
from lymphocast.forecast.plan import THRESHOLDS
from lymphocast.forecast.readings import (
    Calendar,
    Counts,
    Infection,
    infections_of,
    read_counts,
)
from lymphocast.forecast.results import ByHypothesis
from lymphocast.inference.posterior import Fit

Floats = NDArray[np.float64]
OUTCOME_DRAWS = 500  # of each hypothesis: error of a probability below 0.023, stated with it
NAMED = ("second", "il2-stop", "last-count")  # days of key_days after the entry count
FACTUAL_NAME = "factual"


@final
@dataclass(frozen=True)
class Courses:
    """The courses of treatment, read in the same draws; ``infections`` is empty without a fact."""

    ensemble: Ensemble
    calendar: Calendar
    counts: dict[str, Counts]
    infections: dict[str, Infection]
    errors: MonteCarlo

    @classmethod
    def of(cls, fit: Fit, draws: int = OUTCOME_DRAWS) -> "Courses":
        """Run all courses in ``draws`` draws of each hypothesis of a fit."""
        whole = ensemble_of(fit)
        ensemble = whole.thinned(min(draws, whole.size))
        calendar = Calendar(fit.individual)
        named = dict(zip(NAMED, key_days(ensemble)[1:], strict=True))
        # No drug but the study drug touches a count, so two readings serve the four courses.
        scenarios = scenarios_of(fit.individual)
        doses = {treatment.study_drug: treatment for _, treatment in scenarios}
        read = {
            dose: read_counts(ensemble, calendar.window, named, treatment)
            for dose, treatment in doses.items()
        }
        return cls(
            ensemble,
            calendar,
            {name: read[treatment.study_drug] for name, treatment in scenarios},
            _infections(ensemble, fit, calendar),
            MonteCarlo.of(ensemble, fit),
        )

    @cached_property
    def summary(self) -> ByHypothesis[tuple[CourseOutcome, ...]]:
        """What the courses did, averaged and under each hypothesis."""
        rows = [_Reader(self, scenario).outcomes() for scenario in self.counts]
        return by_hypothesis({name: tuple(row[name] for row in rows) for name in rows[0]})


def _infections(ensemble: Ensemble, fit: Fit, calendar: Calendar) -> dict[str, Infection]:
    if not fit.individual.tells_of_infection:
        return {}
    return infections_of(ensemble, fit.table, calendar.looks, scenarios_of(fit.individual))


@final
@dataclass(frozen=True)
class _Reader:
    """One course beside the factual one."""

    courses: Courses
    scenario: str

    def outcomes(self) -> dict[str, CourseOutcome]:
        """Return the outcome of the course, averaged and by hypothesis."""
        mine = self.courses.counts[self.scenario]
        real = self.courses.counts[FACTUAL_NAME]
        on = {name: self.compared(real.on[name], mine.on[name]) for name in NAMED}
        area, mean = self.compared(real.area, mine.area), self.compared(real.mean, mine.mean)
        above = {n: self.compared(real.above[n], mine.above[n]) for n in THRESHOLDS}
        told = bool(self.courses.infections)
        infection, recurrence = (self.points(), self.recurrences()) if told else ([], [])
        return {
            name: CourseOutcome(
                scenario=self.scenario,
                counts={day: found[name] for day, found in on.items()},
                area=area[name],
                mean_count=mean[name],
                days_above={limit: found[name] for limit, found in above.items()},
                infection=tuple(point[name] for point in infection),
                recurrence=tuple(row[name] for row in recurrence),
            )
            for name in self.courses.ensemble.parts
        }

    def compared(self, real: Floats, mine: Floats) -> dict[str, Compared]:
        """Return a quantity and its paired difference, by part."""
        lost = real - mine
        means = self.courses.errors.means(lost)
        return {
            name: Compared(
                part.interval(mine), part.interval(lost), means[name].value, means[name].se
            )
            for name, part in self.courses.ensemble.parts.items()
        }

    def chances(self, real: Floats | Conditions, mine: Floats | Conditions) -> dict[str, Chance]:
        """Return a probability and its paired difference, by part."""
        real, mine = real.astype(np.float64), mine.astype(np.float64)
        own, lost = self.courses.errors.means(mine), self.courses.errors.means(real - mine)
        return {
            name: Chance(min(1.0, own[name].value), own[name].se, lost[name].value, lost[name].se)
            for name in own
        }

    @property
    def pair(self) -> tuple[Infection, Infection]:
        """Culture and symptoms of the factual course and of this one."""
        found = self.courses.infections
        return found[FACTUAL_NAME], found[self.scenario]

    def points(self) -> list[dict[str, InfectionPoint]]:
        """Return culture and symptoms on the named days, by part."""
        found = []
        real, mine = self.pair
        calendar = self.courses.calendar
        for occasion in calendar.occasions:
            at = mine.at(occasion.study_day)
            by_then = (np.asarray(x.clear[: at + 1].any(axis=0)) for x in (real, mine))
            negative = self.chances(real.negative[at], mine.negative[at])
            converted = self.chances(*by_then)
            resolved = self.chances(real.resolved[at], mine.resolved[at])
            point = partial(InfectionPoint, occasion.name, calendar.date_of(occasion.study_day))
            found.append({n: point(negative[n], converted[n], resolved[n]) for n in negative})
        return found

    def recurrences(self) -> list[dict[str, Recurrence]]:
        """Return what came back after each drug was stopped, by part."""
        found = []
        real, mine = self.pair
        calendar = self.courses.calendar
        for origin, stop in calendar.stops.items():
            begin = float(round(stop))
            for occasion in calendar.occasions:
                if occasion.study_day <= begin or begin not in mine.looks:
                    continue
                until = occasion.study_day
                burden = self.chances(*(x.came_back(x.clear, begin, until) for x in (real, mine)))
                symptoms = self.chances(
                    *(x.came_back(x.resolved, begin, until) for x in (real, mine))
                )
                row = partial(Recurrence, origin, occasion.name, calendar.date_of(until))
                found.append({n: row(burden[n], symptoms[n]) for n in burden})
        return found
