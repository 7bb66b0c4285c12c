"""Doses one by one: each is given whole and acts until the next is due, whatever happens meanwhile.

A visit that holds the drug stops the next dose, not the one that was given. A visit that restarts
it gives a dose on its day, unless the last one still acts.
"""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from lymphocast.forecast.plan import SAME

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@final
@dataclass(frozen=True)
class Dosed:
    """What happens to doses in one step, each ``[lane]``.

    Parameters
    ----------
    before
        Whether the last dose acts in the first part of the step.
    after
        Whether doses given in this step act in its second part.
    rest
        Days of the second part.
    number
        Doses given.
    """

    before: Flags
    after: Flags
    rest: Floats
    number: Floats

    def days(self, width: float) -> Floats:
        """Return the days of a step of ``width`` days on which a dose acts."""
        return np.asarray(self.before * (width - self.rest) + self.after * self.rest)


@final
@dataclass(frozen=True)
class DoseClock:
    """When the next dose is due, and whether the last one was given, each ``[lane]``."""

    due: Floats
    acting: Flags

    @classmethod
    def stopped(cls, lanes: int) -> "DoseClock":
        """Return the clock of lanes that have had no dose."""
        return cls(np.zeros(lanes), np.zeros(lanes, bool))

    def begun(self, day: float, given: Flags) -> "DoseClock":
        """Return the clock at the first day of a series of doses."""
        return DoseClock(np.where(given, day, self.due), self.acting)

    def paused(self, until: float) -> "DoseClock":
        """Return the clock after a time without doses."""
        return DoseClock(np.maximum(self.due, until), np.zeros_like(self.acting))

    def step(
        self, day: float, width: float, apart: float, given: Flags, taken: Flags | bool
    ) -> tuple["DoseClock", Dosed]:
        """Return the clock after a step, and what happened in it.

        Parameters
        ----------
        day, width
            The first day of the step, and its length in days.
        apart
            Days from one dose to the next.
        given
            Where a dose that falls due is to be given.
        taken
            Where it is taken.
        """
        acts = np.clip(self.due - day, 0.0, width)
        acts = np.where(acts < SAME, 0.0, np.where(width - acts < SAME, width, acts))
        rest = width - acts
        falls = given & (rest > 0.0)
        number = np.where(falls, np.ceil((rest - SAME) / apart), 0.0)
        after = falls & taken
        due = np.where(falls, day + acts + number * apart, self.due)
        dosed = Dosed(self.acting & (acts > 0.0), after, rest, number * after)
        return DoseClock(due, np.where(rest > 0.0, after, self.acting)), dosed
