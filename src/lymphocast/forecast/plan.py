"""Plan: a regimen of the study drug from an origin on, with a rule and missed doses.

Doses are weekly and relative to the patient's own maintenance dose. Of cyclic doses the course
model sees the mean weekly dose over whole cycles. Times are days after the origin. From the origin
on, the plan takes the place of whatever the record says was given.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import final

import numpy as np
from numpy.typing import NDArray

from lymphocast.errors import UsageError
from lymphocast.forecast.policy import HoldRule
from lymphocast.record.dosing import Cycle

Floats = NDArray[np.float64]
SAME = 1e-6  # days: two times nearer than this are one
LEVELS = {500: "lower reference limit", 300: "ICL definition", 200: "prophylaxis"}
"""Counts in cells/uL that a reader looks for: the lower limit of the reference range, the case
definition of ICL (Smith 1993, N Engl J Med 328:373), the level below which prophylaxis is given."""
THRESHOLDS = tuple(sorted(LEVELS))
VISITS = 28.0  # days between visits where a plan states none: an assumption


@final
@dataclass(frozen=True)
class Stretch:
    """Doses from ``start`` to ``stop``.

    Parameters
    ----------
    start, stop
        Days after the origin.
    dose
        Weekly dose on days of dosing, relative to the maintenance dose.
    final, steps
        With ``steps`` above 0 the dose goes from ``dose`` to ``final`` in so many equal steps,
        the last at ``stop``.
    cycle
        Days of doses in each cycle; ``None`` for doses throughout.
    interval
        Days from one dose to the next.
    """

    start: float
    stop: float
    dose: float
    interval: float
    final: float = 0.0
    steps: int = 0
    cycle: Cycle | None = None

    @property
    def share(self) -> float:
        """Share of days that belong to days of dosing."""
        return 1.0 if self.cycle is None else self.cycle.days / self.cycle.every

    @property
    def highest(self) -> float:
        """The highest weekly dose on days of dosing."""
        return max(level for _, level in self.rungs()) / self.share

    def doses(self, end: float) -> float:
        """Return about how many doses there are before the day ``end``."""
        return max(0.0, (min(self.stop, end) - self.start) * self.share / self.interval)

    def rungs(self) -> Iterator[tuple[float, float]]:
        """Yield the day on which each level begins, and the mean weekly dose from then on."""
        if self.steps == 0:
            yield self.start, self.dose * self.share
            return
        for j in range(self.steps):
            f = j / self.steps
            level = self.dose + (self.final - self.dose) * f
            yield self.start + (self.stop - self.start) * f, level * self.share


@final
@dataclass(frozen=True)
class Missed:
    """Doses that will not be taken: on known days, or a share of them at random.

    Parameters
    ----------
    days
        Days after the origin; each takes out one dose and the time it stands for.
    share
        Probability that any one dose is missed, apart from ``days``.
    seed
        Seed of which doses are missed in which draw.
    unknown
        Share of doses that are missed on days that nobody knows; no day is invented, the ends
        between which they can matter are followed.
    """

    days: tuple[float, ...] = ()
    share: float = 0.0
    seed: int = 0
    unknown: float = 0.0


def cycle_fault(rule: HoldRule | None, interval: float, cycle: Cycle | None) -> str:
    """Return why doses ``interval`` days apart cannot make up a rule's cycle; empty if they can."""
    if rule is None or rule.cycle is None:
        return ""
    if cycle is not None:
        return (
            f"the rule's 'cycle' of {rule.cycle.doses} doses beside a cycle of the doses, "
            f"{cycle.days:g} d of every {cycle.every:g} d; needed one of them"
        )
    every = rule.cycle.every or interval
    times = round(every / interval)
    if times >= 1 and abs(every - times * interval) <= SAME:
        return ""
    return (
        f"the rule's 'cycle' has a dose every {every:g} d, of doses planned every {interval:g} d; "
        "needed 'every' a whole number of times the latter"
    )


@final
@dataclass(frozen=True)
class Plan:
    """A named regimen from the origin on.

    Parameters
    ----------
    name
        How tables and figures call it.
    stretches
        In order of time, none overlapping.
    rule
        What decides at visits whether the drug is given; ``None`` for none.
    visits
        Days between visits, the first at the origin; read only with a rule.
    missed
        Doses that will not be taken.

    Raises
    ------
    UsageError
        If stretches overlap or are out of order, a missed dose lies outside them, or the doses
        cannot make up the cycle of the rule.
    """

    name: str
    stretches: tuple[Stretch, ...] = ()
    rule: HoldRule | None = None
    visits: float = VISITS
    missed: Missed = Missed()

    def __post_init__(self) -> None:
        """Check the order of the stretches."""
        for before, after in pairwise(self.stretches):
            if after.start < before.stop:
                msg = (
                    f"plan '{self.name}': a stretch from day {after.start:g} begins before the "
                    f"one from day {before.start:g} stops, on day {before.stop:g}; needed "
                    "stretches one after the other"
                )
                raise UsageError(msg)
        faults = (cycle_fault(self.rule, s.interval, s.cycle) for s in self.stretches)
        for fault in filter(None, faults):
            msg = f"plan '{self.name}': {fault}"
            raise UsageError(msg)
        for day in self.missed.days:
            if not np.isfinite(self.interval_at(day)):
                msg = (
                    f"plan '{self.name}': a dose missed on day {day:g}, on which none is due; "
                    "needed a day within a stretch"
                )
                raise UsageError(msg)

    def levels(self) -> tuple[tuple[float, float], ...]:
        """Return the days on which the planned weekly dose changes and what it becomes."""
        found: list[tuple[float, float]] = []
        for i, stretch in enumerate(self.stretches):
            found += stretch.rungs()
            following = self.stretches[i + 1].start if i + 1 < len(self.stretches) else np.inf
            if following > stretch.stop:
                found.append((stretch.stop, 0.0))
        return tuple(found)

    @property
    def highest(self) -> float:
        """The highest weekly dose on days of dosing; 0 without any."""
        return max((s.highest for s in self.stretches), default=0.0)

    @property
    def longest_apart(self) -> float:
        """Most days from one dose to the next of a stretch, or of a rule's cycle."""
        planned = max((s.interval for s in self.stretches if s.highest > 0.0), default=0.0)
        return max(planned, self.rarest or 0.0)

    @property
    def rarest(self) -> float | None:
        """Days between the doses of a rule's cycle, if they are its own."""
        cycle = None if self.rule is None else self.rule.cycle
        return None if cycle is None else cycle.every

    def largest_injection(self, apart: float) -> float:
        """Return the largest injection, relative to one of doses of 1 that are ``apart`` days."""
        return max((s.highest * s.interval / apart for s in self.stretches), default=0.0)

    def series(self) -> tuple[tuple[float, float, float], ...]:
        """Return the series of doses: the first day, the day after the last, days between doses.

        A stretch that goes on from another with the same time between doses is of its series.
        """
        found: list[tuple[float, float, float]] = []
        for s in (s for s in self.stretches if s.highest > 0.0):
            apart = s.interval / s.share
            if found and found[-1][1:] == (s.start, apart):
                found[-1] = (found[-1][0], s.stop, apart)
            else:
                found.append((s.start, s.stop, apart))
        return tuple(found)

    def dose_days(self, end: float = np.inf) -> Floats:
        """Return the days of all doses before the day ``end``, in order of time."""
        each = [np.arange(a, min(b, end) - SAME, apart) for a, b, apart in self.series() if a < end]
        return np.concatenate(each) if each else np.zeros(0)

    def interval_at(self, day: float) -> float:
        """Return the days between doses on a day; infinite on a day without the drug."""
        for stretch in self.stretches:
            if stretch.start <= day < stretch.stop:
                return stretch.interval / stretch.share
        return np.inf


def level_at(changes: tuple[tuple[float, float], ...], days: Floats) -> Floats:
    """Return the planned weekly dose on some days."""
    if not changes:
        return np.zeros_like(days)
    begins = np.array([day for day, _ in changes])
    levels = np.array([0.0, *(level for _, level in changes)])
    return levels[np.searchsorted(begins, days + 1e-9, side="right")]
