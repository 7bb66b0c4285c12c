"""Interleukin-7 on CD4 cells: resting cells that enter division, dividing cells that return.

    dR/dt = s + 2 rho P - pi (1 + Emax E) R - mu (1 - Smax E) R          E = C / (EC50 + C)
    dP/dt = pi (1 + Emax E) R - rho P - muP P                            count = R + P

A dividing cell returns as two resting cells at rate rho. IL-7 raises entry into division and the
survival of resting cells. The start is the drug-free steady state.

The structure is that of Thiebaut 2014 [1]_ as recalled; how the effect depends on concentration
(saturation of both effects at one EC50) is assumed, and no parameter value of the source is used.

Left out: feedback of the count on division, so that a sustained dose can make the count grow
without bound (see :mod:`lymphocast.models.cd4`); naive and memory cells; the transient loss of the
IL-7 receptor after a dose.

References
----------
.. [1] Thiebaut R et al. Quantifying and predicting the effect of exogenous interleukin-7 on CD4+ T
   cells in HIV-1 infection. PLoS Comput Biol 2014;10:e1003630. doi:10.1371/journal.pcbi.1003630
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

from lymphocast.models.component import Dosing, Scalar, Values, Variable


@final
@dataclass(frozen=True)
class InterleukinSevenCD4:
    """Resting and dividing CD4 cells under IL-7."""

    name: ClassVar = "cd4"
    states: ClassVar = (
        Variable("resting", "/uL", "resting CD4 cells, R"),
        Variable("dividing", "/uL", "dividing CD4 cells, P"),
    )
    parameters: ClassVar = (
        Variable("cell_source", "/uL/d", "resting cells made per day, s"),
        Variable("entry_rate", "/d", "entry into division without IL-7, pi"),
        Variable("division_rate", "/d", "rate at which a dividing cell returns as two, rho"),
        Variable("resting_loss", "/d", "fractional loss of resting cells, mu"),
        Variable("dividing_loss", "/d", "fractional loss of dividing cells, muP"),
        Variable("entry_gain", "1", "largest relative rise of entry into division, Emax"),
        Variable("survival_gain", "1", "largest relative fall of resting loss, Smax, 0 to 1"),
        Variable("half_effect_concentration", "ug/L", "IL-7 of half the effect, EC50"),
    )
    inputs: ClassVar = ("il7_concentration",)
    outputs: ClassVar = (Variable("cd4_count", "/uL", "CD4 count, R + P"),)

    def initial(self, theta: Values) -> Values:
        """Return the drug-free steady state, which exists while loss outweighs division."""
        rho, pi = theta["division_rate"], theta["entry_rate"]
        share = pi / (rho + theta["dividing_loss"])
        resting = theta["cell_source"] / (pi + theta["resting_loss"] - 2.0 * rho * share)
        return {"resting": resting, "dividing": share * resting}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        """Return nothing: no dose enters."""
        return {}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return dR/dt and dP/dt in cells/uL per day."""
        c, ec50 = inputs["il7_concentration"], theta["half_effect_concentration"]
        effect = c / (ec50 + c)
        r, p, rho = state["resting"], state["dividing"], theta["division_rate"]
        entry = theta["entry_rate"] * (1.0 + theta["entry_gain"] * effect) * r
        loss = theta["resting_loss"] * (1.0 - theta["survival_gain"] * effect) * r
        return {
            "resting": theta["cell_source"] + 2.0 * rho * p - entry - loss,
            "dividing": entry - rho * p - theta["dividing_loss"] * p,
        }

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return the count."""
        return {"cd4_count": state["resting"] + state["dividing"]}


@final
@dataclass(frozen=True)
class SubcutaneousIL7:
    """Subcutaneous IL-7: a depot that empties into one compartment, linear in the dose."""

    name: ClassVar = "il7"
    states: ClassVar = (
        Variable("depot", "ug", "amount still under the skin"),
        Variable("serum", "ug", "amount in the central compartment"),
    )
    parameters: ClassVar = (
        Variable("absorption_rate", "/d", "first-order rate out of the depot, ka"),
        Variable("clearance", "L/d", "apparent clearance of IL-7, CL/F"),
        Variable("volume", "L", "apparent volume of distribution of IL-7, V/F"),
    )
    inputs: ClassVar[tuple[str, ...]] = ()
    outputs: ClassVar = (Variable("il7_concentration", "ug/L", "serum IL-7"),)

    def initial(self, theta: Values) -> Values:
        """Return no drug."""
        return {"depot": 0.0 * theta["volume"], "serum": 0.0 * theta["volume"]}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        """Return nothing: doses enter the depot as they are given."""
        return {}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return the change of both amounts in ug/d."""
        absorbed = theta["absorption_rate"] * state["depot"]
        lost = theta["clearance"] / theta["volume"] * state["serum"]
        return {"depot": -absorbed, "serum": absorbed - lost}

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return the serum concentration."""
        return {"il7_concentration": state["serum"] / theta["volume"]}
