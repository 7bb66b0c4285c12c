"""Doses one by one: each is given whole and acts until the next is due, whatever happens meanwhile.

A visit that holds the drug stops the next dose, not the one that was given. A visit that restarts
it gives a dose on its day, unless the last one still acts. Doses of a cycle that lie further apart
than planned keep their size: each acts as long as they lie apart, at a lower level.
"""

from dataclasses import dataclass, replace
from typing import final

import numpy as np
from numpy.typing import NDArray

from lymphocast.forecast.plan import SAME
from lymphocast.forecast.policy import NO_END

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@final
@dataclass(frozen=True)
class Spacing:
    """How doses follow each other in one step.

    Parameters
    ----------
    apart
        Days from one planned dose to the next.
    every
        Days from one dose of a restart's cycle to the next.
    most
        The number of injections after which there are no more.
    """

    apart: float
    every: float
    most: float = NO_END


@final
@dataclass(frozen=True)
class Dosed:
    """What happens to doses in one step, each ``[lane]``.

    Parameters
    ----------
    before
        The level, relative to the planned one, at which the last dose acts in the first part of
        the step; 0 if it does not.
    after
        The level at which doses given in this step act in its second part.
    rest
        Days of the second part and what is left of the step after it.
    idle
        Days at the end of the step on which no dose acts any more.
    number
        Doses given.
    """

    before: Floats
    after: Floats
    rest: Floats
    idle: Floats
    number: Floats

    def days(self, width: float) -> Floats:
        """Return the days of a step of ``width`` days on which a dose acts."""
        first, second = self.before > 0.0, self.after > 0.0
        return np.asarray(first * (width - self.rest) + second * (self.rest - self.idle))

    def dose_days(self, width: float) -> Floats:
        """Return the days on which a dose acts, each as much as its level."""
        return np.asarray(self.before * (width - self.rest) + self.after * (self.rest - self.idle))


@final
@dataclass(frozen=True)
class DoseClock:
    """When the next dose is due, at what level the last one acts, and how many there were.

    Each ``[lane]``; ``fallen`` counts doses that fell due, ``injected`` those that were taken.
    """

    due: Floats
    acting: Floats
    fallen: Floats
    injected: Floats

    @classmethod
    def stopped(cls, lanes: int) -> "DoseClock":
        """Return the clock of lanes that have had no dose."""
        none = np.zeros(lanes)
        return cls(none, none, none, none)

    def begun(self, day: float, ends: Floats) -> "DoseClock":
        """Return the clock at the first day of a series of doses."""
        return replace(self, due=np.where(ends > self.fallen, day, self.due))

    def paused(self, until: float) -> "DoseClock":
        """Return the clock after a time without doses."""
        return replace(self, due=np.maximum(self.due, until), acting=np.zeros_like(self.acting))

    def step(
        self, day: float, width: float, spacing: Spacing, ends: Floats, taken: Flags | bool
    ) -> tuple["DoseClock", Dosed]:
        """Return the clock after a step, and what happened in it.

        Parameters
        ----------
        day, width
            The first day of the step, and its length in days.
        spacing
            How doses follow each other.
        ends
            The number of doses in all up to which they are given.
        taken
            Where a dose that falls due is taken.
        """
        acts = np.clip(self.due - day, 0.0, width)
        acts = np.where(acts < SAME, 0.0, np.where(width - acts < SAME, width, acts))
        rest = width - acts
        cycling = np.isfinite(ends)
        apart = np.where(cycling, spacing.every, spacing.apart)
        room = np.maximum(ends - self.fallen, 0.0)
        room = np.where(taken, np.minimum(room, spacing.most - self.injected), room)
        number = np.minimum(np.where(rest > 0.0, np.ceil((rest - SAME) / apart), 0.0), room)
        falls = number > 0.0
        last = number * apart
        idle = np.where(falls & (rest - last >= SAME), rest - last, 0.0)
        level = np.where(cycling, spacing.apart / spacing.every, 1.0)
        after = np.where(falls & taken, level, 0.0)
        acting = np.where(rest > 0.0, np.where(idle > 0.0, 0.0, after), self.acting)
        due = np.where(falls, day + acts + last, self.due)
        injections = number * taken
        before = np.where(acts > 0.0, self.acting, 0.0)
        clock = DoseClock(due, acting, self.fallen + number, self.injected + injections)
        return clock, Dosed(before, after, rest, idle, injections)
