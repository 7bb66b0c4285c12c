"""What a plan does to the count, in every draw: the gain marched from change to change.

Between two changes of the dose the cells that IL-2 adds approach their target exponentially,
which is exact; a rule sees the measured count at each visit, with an error of its own. Doses are
whole: each is given or not, and acts for its interval.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, final

import numpy as np
from numpy.typing import NDArray

from lymphocast.engine.course import GAIN, Treatment
from lymphocast.forecast.dose_clock import DoseClock, Dosed, Spacing
from lymphocast.forecast.ensemble import Ensemble
from lymphocast.forecast.plan import SAME, Plan, level_at
from lymphocast.forecast.policy import NO_END, follow

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
UNTREATED = Treatment(study_drug=0.0)


class Chance(Protocol):
    """The random numbers that a plan needs."""

    def taken(self, share: float, number: int, lanes: int) -> Flags:
        """Return whether each dose is taken of which a share is missed, ``[dose, lane]``."""
        ...

    def reading(self, lanes: int) -> Floats:
        """Return a standard normal for the reading of the next visit, ``[lane]``."""
        ...


@final
class SeededChance:
    """Random numbers from one seed, lane after lane.

    Parameters
    ----------
    seed
        Seed of the draws.
    missed
        The plan's own seed of which doses are missed.
    """

    def __init__(self, seed: int, missed: int) -> None:
        self.seed, self.missed = seed, missed
        self.whites = np.random.default_rng([seed, 12])

    def taken(self, share: float, number: int, lanes: int) -> Flags:
        """Return whether each dose is taken of which a share is missed, ``[dose, lane]``."""
        rng, found = (
            np.random.default_rng([self.seed, 11, self.missed]),
            np.empty((number, lanes), bool),
        )
        for dose in found:  # one by one: eight times less memory
            dose[:] = rng.random(lanes) >= share
        return found

    def reading(self, lanes: int) -> Floats:
        """Return a standard normal for the reading of the next visit, ``[lane]``."""
        return self.whites.standard_normal(lanes)


@final
@dataclass(frozen=True)
class Horizon:
    """The time that plans are followed through, and what does not depend on them.

    Parameters
    ----------
    theta
        Parameter values, each ``[lane]``.
    days
        Days after the origin on which counts are read; the first is 0.
    natural
        The count without the drug on those days, ``[day, lane]``.
    gained
        Cells that the recorded doses have added by the origin, ``[lane]``.
    """

    theta: dict[str, Floats]
    days: Floats
    natural: Floats
    gained: Floats

    @property
    def lanes(self) -> int:
        """Number of draws."""
        return len(self.gained)

    def chosen(self, lanes: NDArray[np.int64]) -> "Horizon":
        """Return the same time with some of the lanes, perhaps repeated."""
        theta = {name: values[lanes] for name, values in self.theta.items()}
        return Horizon(theta, self.days, self.natural[:, lanes], self.gained[lanes])


@final
@dataclass(frozen=True)
class Followed:
    """A plan followed through a horizon.

    Parameters
    ----------
    counts
        The latent count, ``[day, lane]``.
    weekly_dose
        Mean weekly dose over the horizon, relative to maintenance, ``[lane]``.
    treated
        Share of the horizon with doses, ``[lane]``.
    injections
        Doses given, ``[lane]``.
    levels
        Mean weekly dose from each day of the horizon to the next, ``[day, lane]``.
    """

    counts: Floats
    weekly_dose: Floats
    treated: Floats
    injections: Floats
    levels: Floats


def horizon_of(ensemble: Ensemble, origin: float, days: Sequence[float]) -> Horizon:
    """Return the horizon from study day ``origin``, read on ``days`` after it."""
    read = np.unique(np.array([0.0, *days]))
    natural = ensemble.count(origin + read[:, None], UNTREATED)
    gained = ensemble.added(np.array([[origin]]))[0]
    return Horizon(dict(ensemble.theta), read, natural, gained)


def follow_plan(horizon: Horizon, plan: Plan, chance: int | Chance) -> Followed:
    """Return what a plan does in every draw of a horizon.

    With a rule the horizon's days must hold every visit of the plan. ``chance`` is a seed, or the
    random numbers themselves.
    """
    own = SeededChance(chance, plan.missed.seed) if isinstance(chance, int) else chance
    return _March(horizon, plan, own).run()


def visit_days(plan: Plan, length: float) -> Floats:
    """Return the days of a plan's visits within ``length`` days."""
    if plan.rule is None:
        return np.zeros(0)
    return np.arange(0.0, length, plan.visits)


@final
@dataclass(frozen=True)
class _State:
    """The cells that the drug has added, ``[lane]``, and when doses are due."""

    cells: Floats
    clock: DoseClock


@final
@dataclass(frozen=True)
class _March:
    """One plan on its way through a horizon."""

    horizon: Horizon
    plan: Plan
    chance: Chance

    @cached_property
    def times(self) -> Floats:
        """The ends of all steps: days that are read, changes of the dose, doses."""
        days, end = self.horizon.days, self.horizon.days[-1]
        changes = [day for day, _ in self.plan.levels()]
        gaps = [edge for gap in self.gaps for edge in gap]
        every = np.concatenate([days, changes, gaps, self.doses])
        every = np.unique(every[(every >= 0.0) & (every <= end)])
        return np.asarray(every[np.append(True, np.diff(every) > SAME)])

    @cached_property
    def gaps(self) -> tuple[tuple[float, float], ...]:
        """The times that doses missed on known days stand for."""
        plan = self.plan
        found: list[tuple[float, float]] = []
        for begin in sorted(plan.missed.days):
            end = begin + plan.interval_at(begin)
            if found and begin <= found[-1][1] + SAME:
                found[-1] = (found[-1][0], max(end, found[-1][1]))
            else:
                found.append((begin, end))
        return tuple(found)

    @cached_property
    def doses(self) -> Floats:
        """Days of doses that may be missed at random; none if none may."""
        if self.plan.missed.share == 0.0:
            return np.zeros(0)
        return self.plan.dose_days(float(self.horizon.days[-1]))

    @cached_property
    def taken(self) -> Flags:
        """Whether each dose that may be missed is taken, ``[dose, lane]``."""
        return self.chance.taken(self.plan.missed.share, len(self.doses), self.horizon.lanes)

    @cached_property
    def clocks(self) -> int:
        """Number of lanes whose doses may differ: one for all if nothing tells them apart."""
        alike = self.plan.rule is None and self.plan.missed.share == 0.0
        return 1 if alike else self.horizon.lanes

    @cached_property
    def begins(self) -> Flags:
        """Whether a series of doses begins with each step."""
        firsts = [first for first, _, _ in self.plan.series()]
        return _within(firsts, self.times[:-1])

    @cached_property
    def spacings(self) -> list[Spacing]:
        """How doses follow each other in each step."""
        rule = self.plan.rule
        every = self.plan.rarest
        most = NO_END if rule is None else rule.most
        apart = [self.plan.interval_at(float(day) + SAME) for day in self.times[:-1]]
        return [Spacing(days, every or days, most) for days in apart]

    @cached_property
    def levels(self) -> Floats:
        """The planned weekly dose in each step."""
        opens = self.times[:-1]
        levels = level_at(self.plan.levels(), opens)
        for begin, end in self.gaps:
            levels[(opens >= begin - SAME) & (opens < end - SAME)] = 0.0
        return levels

    @cached_property
    def places(self) -> NDArray[np.int64]:
        """Which day of the horizon each time is; -1 for one that is not read."""
        days = self.horizon.days
        place = np.minimum(np.searchsorted(days, self.times - SAME), len(days) - 1)
        return np.where(np.abs(days[place] - self.times) <= SAME, place, -1)

    def run(self) -> Followed:
        """Follow the plan to the end of the horizon."""
        horizon, plan = self.horizon, self.plan
        opens, widths = self.times[:-1], np.diff(self.times)
        counts = np.empty_like(horizon.natural)
        counts[0] = horizon.natural[0] + horizon.gained
        dose, treated, injections = np.zeros((3, horizon.lanes))
        doses = np.zeros_like(counts[1:])
        since = np.searchsorted(horizon.days, opens + SAME, side="right") - 1

        def observe(state: _State, step: int) -> tuple[Floats, Floats]:
            latent = horizon.natural[self.places[step]] + state.cells
            white = self.chance.reading(horizon.lanes)
            seen = latent * np.exp(horizon.theta["count_sd"] * white)
            return np.asarray(seen), state.clock.fallen

        def advance(state: _State, ends: Floats, step: int) -> _State:
            clock, dosed = self._dosed(state.clock, ends[: self.clocks], step)
            days = self.levels[step] * dosed.dose_days(widths[step])
            dose[:] += days
            doses[since[step]] += days
            treated[:] += dosed.days(widths[step])
            injections[:] += dosed.number
            return _State(self._dose(state.cells, dosed, step), clock)

        begin = _State(horizon.gained, DoseClock.stopped(self.clocks))
        visits = _within(visit_days(plan, float(horizon.days[-1])), opens).tolist()
        walk = follow(plan.rule, visits, begin, horizon.lanes, observe, advance)
        for step, (state, _) in enumerate(walk, 1):
            if self.places[step] >= 0:
                counts[self.places[step]] = horizon.natural[self.places[step]] + state.cells
        length = horizon.days[-1]
        levels = doses / np.diff(horizon.days)[:, None]
        return Followed(counts, dose / length, treated / length, injections, levels)

    def _dosed(self, clock: DoseClock, ends: Floats, step: int) -> tuple[DoseClock, Dosed]:
        """The clock after a step, and the doses in it."""
        day, end = float(self.times[step]), float(self.times[step + 1])
        if self.begins[step]:
            clock = clock.begun(day, ends)
        if self.levels[step] == 0.0:
            none = np.zeros(self.clocks)
            return clock.paused(end), Dosed(none, none, none, none, none)
        taken = self._is_taken(day)
        return clock.step(day, end - day, self.spacings[step], ends, taken)

    def _is_taken(self, day: float) -> Flags | bool:
        if not len(self.doses):
            return True
        return np.asarray(self.taken[max(0, int(np.searchsorted(self.doses, day + SAME)) - 1)])

    def _dose(self, cells: Floats, dosed: Dosed, step: int) -> Floats:
        """The cells after a step."""
        width, level = float(self.times[step + 1] - self.times[step]), self.levels[step]
        split = (dosed.before != dosed.after) & (dosed.rest > 0.0) & (dosed.rest < width)
        if split.any():
            cells = self._approach(cells, level * dosed.before, width - dosed.rest)
            cells = self._approach(cells, level * dosed.after, dosed.rest - dosed.idle)
        else:
            on = np.where(dosed.rest > 0.0, dosed.after, dosed.before)
            cells = self._approach(cells, level * on, width - dosed.idle)
        idle = dosed.idle
        return self._approach(cells, np.zeros_like(idle), idle) if idle.any() else cells

    def _approach(self, cells: Floats, level: Floats, width: float | Floats) -> Floats:
        """The cells after ``width`` days at one level: the exact answer of the affine rate."""
        theta = self.horizon.theta
        slope, start = self._slope, GAIN.rates(0.0, {"cells": 0.0}, {"relative_dose": level}, theta)
        target = -start["cells"] / slope
        return np.asarray(target + (cells - target) * np.exp(slope * width))

    @cached_property
    def _slope(self) -> Floats:
        theta, none = self.horizon.theta, {"relative_dose": 0.0}
        at_one = GAIN.rates(0.0, {"cells": 1.0}, none, theta)["cells"]
        return np.asarray(at_one - GAIN.rates(0.0, {"cells": 0.0}, none, theta)["cells"])


def _within(days: Sequence[float] | Floats, opens: Floats) -> Flags:
    """Whether each step opens on one of some days."""
    if not len(days):
        return np.zeros(len(opens), bool)
    nearest = np.abs(opens[:, None] - np.asarray(days)[None]).min(axis=1)
    return np.asarray(nearest <= SAME)
