"""Rules that decide at visits whether the drug is given, followed through any model.

A rule sees what a person would see: a measured value at a visit, and how many doses there have
been. Between visits nothing changes. What a state is and how it moves is the caller's; a rule is
followed in all draws at once. Doses that a count restarts have been studied for interleukin-7:
Pasin et al. 2018, doi:10.1007/s11538-018-0465-8, look for the fewest injections that keep CD4
above 500 /uL; Thiebaut et al. 2016, Clin Infect Dis 62:1178, gave a cycle of three weekly
injections again when the count fell below 550 /uL.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeVar, final

import numpy as np
from numpy.typing import NDArray

from lymphocast.errors import UsageError

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
S = TypeVar("S")
NEVER, ALWAYS = -np.inf, np.inf
NO_END = np.inf


@final
@dataclass(frozen=True)
class RestartCycle:
    """What a restart gives, after which the drug is held until a visit restarts it again.

    Parameters
    ----------
    doses
        How many; one that is missed is not made up for.
    every
        Days from one to the next; ``None`` for those between the planned doses.
    """

    doses: int
    every: float | None = None


@final
@dataclass(frozen=True)
class StopRule:
    """What ends the drug for good, whichever comes first.

    Parameters
    ----------
    above, visits
        A measured value above this at so many visits in a row, since the drug was begun.
    injections
        So many injections in all; those that were missed do not count.
    """

    above: float = ALWAYS
    visits: int = 1
    injections: float = NO_END


@final
@dataclass(frozen=True)
class Order:
    """What a rule has said so far, each ``[lane]``.

    Parameters
    ----------
    ends
        The number of doses in all up to which they are given: 0 where the drug is held, infinite
        where it is given without an end.
    run
        Visits in a row at which the value lay above that of the stop.
    """

    ends: Floats
    run: Floats


@final
@dataclass(frozen=True)
class HoldRule:
    """When to start the drug, hold it, restart it and stop it, by measured values at visits.

    Parameters
    ----------
    hold_above
        The drug is held at a visit on which the measured value lies above this.
    restart_below
        It is given again at a visit on which the measured value lies below this.
    begins_given
        Whether it is given before the first visit decides.
    start_below
        Nothing is given before a visit on which the measured value lies below this; ``None`` if
        the first dose waits for no such visit.
    cycle
        What a restart gives; ``None`` for doses as planned, until a visit holds them.
    stop
        What ends the drug for good; ``None`` for nothing.

    Raises
    ------
    UsageError
        If one value would say two things: a start or restart above the hold or the stop.
    """

    hold_above: float = ALWAYS
    restart_below: float = NEVER
    begins_given: bool = True
    start_below: float | None = None
    cycle: RestartCycle | None = None
    stop: StopRule | None = None

    def __post_init__(self) -> None:
        """Check the limits against each other."""
        start, stop = self.start_below, self.stop
        lower = {
            "restart_below": self.restart_below,
            "start_below": NEVER if start is None else start,
        }
        upper = {
            "hold_above": self.hold_above,
            "stop above": ALWAYS if stop is None else stop.above,
        }
        for (low, begin), (high, end) in product(lower.items(), upper.items()):
            if begin > end:
                msg = f"found {low} {begin:g} above {high} {end:g}; needed {low} at most {high}"
                raise UsageError(msg)

    @property
    def counts(self) -> tuple[float, ...]:
        """The measured values that it looks at."""
        own = (self.hold_above, self.restart_below)
        start = () if self.start_below is None else (self.start_below,)
        return (*own, *start) if self.stop is None else (*own, *start, self.stop.above)

    @property
    def most(self) -> float:
        """The number of injections after which there are no more."""
        return NO_END if self.stop is None else self.stop.injections

    def first(self, lanes: int) -> Order:
        """Return the order before the first visit."""
        given = self.begins_given and self.start_below is None
        return Order(np.full(lanes, NO_END if given else 0.0), np.zeros(lanes))

    def decide(self, order: Order, seen: Floats, doses: Floats) -> Order:
        """Return the order after a visit.

        Parameters
        ----------
        order
            The order before it.
        seen
            The value that is measured, ``[lane]``.
        doses
            Doses that have fallen due so far, ``[lane]``.
        """
        given = order.ends > doses
        begun = given | (doses > 0.0)
        first = self.restart_below if self.start_below is None else self.start_below
        begins = ~given & (seen < np.where(begun, self.restart_below, first))
        ends = np.where(given & (seen <= self.hold_above), order.ends, 0.0)
        ends = np.where(begins, self._end(begun, doses), ends)
        if self.stop is None:
            return Order(ends, order.run)
        stopped = order.run >= self.stop.visits
        more = np.where(begun & (seen > self.stop.above), order.run + 1.0, 0.0)
        run = np.where(stopped, order.run, more)
        return Order(np.where(run >= self.stop.visits, 0.0, ends), run)

    def _end(self, begun: Flags, doses: Floats) -> Floats:
        """The number of doses at which what begins now ends."""
        if self.cycle is None:
            return np.full(len(doses), NO_END)
        again = begun | (self.start_below is None)
        return np.where(again, doses + self.cycle.doses, NO_END)


def follow(
    rule: HoldRule | None,
    visits: Sequence[bool],
    state: S,
    lanes: int,
    observe: Callable[[S, int], tuple[Floats, Floats]],
    advance: Callable[[S, Floats, int], S],
) -> Iterator[tuple[S, Floats]]:
    """Yield the state at the end of each step and the number of doses that ended it.

    Parameters
    ----------
    rule
        What decides; without it the drug is given throughout.
    visits
        Whether a visit opens each step.
    state
        The state at the start of the first step.
    lanes
        Number of draws.
    observe
        Returns the value measured at the start of a step and the doses that have fallen due
        before it, ``[lane]`` each.
    advance
        Returns the state at the end of a step, given the number of doses up to which they are
        given: 0 where the drug is held, infinite without an end.
    """
    order = Order(np.full(lanes, NO_END), np.zeros(lanes)) if rule is None else rule.first(lanes)
    for step, visit in enumerate(visits):
        if rule is not None and visit:
            order = rule.decide(order, *observe(state, step))
        state = advance(state, order.ends, step)
        yield state, order.ends
