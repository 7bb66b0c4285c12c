"""One central compartment and up to two peripheral ones, in exchange with it.

    dA/dt  = input - elimination(C) - sum_i Q_i (C - P_i / V_i)        C = A / V
    dP_i/dt = Q_i (C - P_i / V_i)

A and P_i are amounts. A dose enters A at once (i.v. bolus), over the duration of the dose event
(infusion), or over a duration that is itself a parameter (zero-order absorption). Where an
absorption component stands before this one, its output is the input.

Left out: elimination from a peripheral compartment, binding to proteins, weight.

References
----------
.. [1] Gibaldi M, Perrier D. Pharmacokinetics. 2nd ed. Marcel Dekker 1982, chapters 1 and 2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, final

from lymphocast.errors import UsageError
from lymphocast.models.component import Dosing, Scalar, Values, Variable
from lymphocast.models.elimination import LINEAR, Elimination

MOST_PERIPHERALS = 2


@final
class Entry(StrEnum):
    """How a dose enters the central compartment."""

    AS_GIVEN = "as given"
    ZERO_ORDER = "zero-order"


@final
@dataclass(frozen=True)
class Compartments:
    """A central compartment with 0, 1 or 2 peripheral compartments.

    Parameters
    ----------
    peripherals
        Number of peripheral compartments.
    feed
        Name of the input that carries absorbed drug, mg/d; None if doses enter directly.
    entry
        ``ZERO_ORDER`` spreads every dose evenly over the parameter ``absorption_duration``.
    elimination
        How drug leaves the central compartment.

    Raises
    ------
    UsageError
        If there are more than two peripheral compartments.
    """

    peripherals: int = 0
    feed: str | None = None
    entry: Entry = Entry.AS_GIVEN
    elimination: Elimination = LINEAR

    name: ClassVar = "drug"
    outputs: ClassVar = (Variable("concentration", "mg/L", "concentration in the centre, C"),)

    def __post_init__(self) -> None:
        """Check the number of compartments."""
        if not 0 <= self.peripherals <= MOST_PERIPHERALS:
            msg = f"Compartments: {self.peripherals} peripheral compartments; 0, 1 or 2 are needed"
            raise UsageError(msg)

    @property
    def states(self) -> tuple[Variable, ...]:
        """Amounts, the centre first."""
        return (
            Variable("central", "mg", "amount in the central compartment, A"),
            *(
                Variable(f"peripheral_{i}", "mg", f"amount in peripheral compartment {i}, P{i}")
                for i in self._numbers
            ),
        )

    @property
    def parameters(self) -> tuple[Variable, ...]:
        """Elimination, volumes, exchange and, for zero-order entry, its duration."""
        pairs = tuple(
            variable
            for i in self._numbers
            for variable in (
                Variable(f"exchange_{i}", "L/d", f"clearance between centre and P{i}, Q{i}"),
                Variable(f"peripheral_volume_{i}", "L", f"volume of compartment {i}, V{i}"),
            )
        )
        centre = Variable("volume", "L", "volume of the central compartment, V")
        duration = Variable("absorption_duration", "d", "time over which a dose enters")
        spread = (duration,) if self.entry is Entry.ZERO_ORDER else ()
        return (*self.elimination.parameters, centre, *pairs, *spread)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The absorbed drug, if another component provides it."""
        return () if self.feed is None else (self.feed,)

    def initial(self, theta: Values) -> Values:
        """Return no drug anywhere."""
        return {state.name: 0.0 * theta["volume"] for state in self.states}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        """Return the duration of entry into the centre, if that is a parameter."""
        if self.entry is Entry.ZERO_ORDER:
            return {"central": Dosing(duration=theta["absorption_duration"])}
        return {}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return the change of every amount in mg/d."""
        c = state["central"] / theta["volume"]
        exchanged = {
            f"peripheral_{i}": theta[f"exchange_{i}"]
            * (c - state[f"peripheral_{i}"] / theta[f"peripheral_volume_{i}"])
            for i in self._numbers
        }
        centre = -self.elimination.rate(c, theta)
        for flow in exchanged.values():
            centre = centre - flow
        if self.feed is not None:
            centre = centre + inputs[self.feed]
        return {"central": centre, **exchanged}

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return the concentration in the central compartment."""
        return {"concentration": state["central"] / theta["volume"]}

    @property
    def _numbers(self) -> range:
        return range(1, self.peripherals + 1)
