"""Rules that decide at visits whether the drug is given, followed through any model.

A rule sees what a person would see: a measured value at a visit. Between visits nothing changes.
What a state is and how it moves is the caller's; a rule is followed in all draws at once. Doses
that a count restarts have been studied for interleukin-7: Pasin et al. 2018,
doi:10.1007/s11538-018-0465-8, look for the fewest injections that keep CD4 above 500 /uL.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar, final

import numpy as np
from numpy.typing import NDArray

from lymphocast.errors import UsageError

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
S = TypeVar("S")


@final
@dataclass(frozen=True)
class HoldRule:
    """Hold the drug above one measured value, restart it below another.

    Parameters
    ----------
    hold_above
        The drug is held at a visit on which the measured value lies above this.
    restart_below
        It is given again at a visit on which the measured value lies below this.
    begins_given
        Whether it is given before the first visit decides.
    """

    hold_above: float
    restart_below: float
    begins_given: bool = True

    def __post_init__(self) -> None:
        """Check the two limits."""
        if self.restart_below > self.hold_above:
            msg = (
                f"found a rule that restarts below {self.restart_below:g} and holds above "
                f"{self.hold_above:g}; needed the first at most the second"
            )
            raise UsageError(msg)

    def decide(self, given: Flags, seen: Floats) -> Flags:
        """Return in which draws the drug is given after a visit."""
        return np.where(given, seen <= self.hold_above, seen < self.restart_below)


def follow(
    rule: HoldRule | None,
    visits: Sequence[bool],
    state: S,
    lanes: int,
    observe: Callable[[S, int], Floats],
    advance: Callable[[S, Flags, int], S],
) -> Iterator[tuple[S, Flags]]:
    """Yield the state at the end of each step and where the drug was given during it.

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
        Returns the value measured at the start of a step, ``[lane]``.
    advance
        Returns the state at the end of a step, given where the drug is given.
    """
    given = np.full(lanes, rule.begins_given if rule is not None else True)
    for step, visit in enumerate(visits):
        if rule is not None and visit:
            given = rule.decide(given, observe(state, step))
        state = advance(state, given, step)
        yield state, given
