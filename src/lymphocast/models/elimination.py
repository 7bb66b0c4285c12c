"""How a drug leaves its central compartment: linear, or saturable after Michaelis and Menten.

    linear             CL C
    Michaelis-Menten   Vmax C / (Km + C)

C is the concentration in the central compartment; the result is an amount per day. Well below Km
the saturable form is linear with CL = Vmax / Km.

Left out: parallel pathways, inhibition by a metabolite, induction.

References
----------
.. [1] Gibaldi M, Perrier D. Pharmacokinetics. 2nd ed. Marcel Dekker 1982, chapters 1 and 7.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol, final

from lymphocast.models.component import Scalar, Values, Variable


class Elimination(Protocol):
    """One way out of the central compartment."""

    @property
    def parameters(self) -> tuple[Variable, ...]:
        """What the rate needs to be given."""
        ...

    def rate(self, concentration: Scalar, theta: Values) -> Scalar:
        """Return the amount that leaves per day, mg/d."""
        ...


@final
@dataclass(frozen=True)
class LinearElimination:
    """A constant volume is cleared per day, whatever the concentration."""

    parameters: ClassVar = (Variable("clearance", "L/d", "volume cleared per day, CL"),)

    def rate(self, concentration: Scalar, theta: Values) -> Scalar:
        """Return CL C in mg/d."""
        return theta["clearance"] * concentration


@final
@dataclass(frozen=True)
class MichaelisMentenElimination:
    """A pathway of limited capacity."""

    parameters: ClassVar = (
        Variable("largest_rate", "mg/d", "largest rate of elimination, Vmax"),
        Variable("half_rate_concentration", "mg/L", "concentration of half the largest rate, Km"),
    )

    def rate(self, concentration: Scalar, theta: Values) -> Scalar:
        """Return Vmax C / (Km + C) in mg/d."""
        vmax, km = theta["largest_rate"], theta["half_rate_concentration"]
        return vmax * concentration / (km + concentration)


LINEAR = LinearElimination()
MICHAELIS_MENTEN = MichaelisMentenElimination()
