"""Effect compartment: the effect follows the concentration at a site that lags behind the blood.

    dCe/dt = ke0 (C - Ce)                 E = E0 + Emax Ce^h / (EC50^h + Ce^h)

Ce is the concentration at the site of the effect, in the blood's own unit: at a constant
concentration both are equal, so EC50 is a concentration in the blood at equilibrium [1]_.

Left out: the amount of drug at the site, which is too small to matter to the blood; tolerance.

References
----------
.. [1] Sheiner LB et al. Simultaneous modeling of pharmacokinetics and pharmacodynamics:
   application to d-tubocurarine. Clin Pharmacol Ther 1979;25:358-371.
   doi:10.1002/cpt1979253358
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

from lymphocast.models.component import Dosing, Scalar, Values, Variable
from lymphocast.models.maths import hill


@final
@dataclass(frozen=True)
class EffectCompartment:
    """A sigmoid effect of the concentration at a lagging site."""

    name: ClassVar = "effect_site"
    states: ClassVar = (
        Variable("site_concentration", "mg/L", "concentration at the site of the effect, Ce"),
    )
    parameters: ClassVar = (
        Variable("equilibration_rate", "/d", "rate with which the site follows the blood, ke0"),
        Variable("baseline_effect", "1", "effect without drug, E0"),
        Variable("largest_effect", "1", "largest change that the drug can make, Emax"),
        Variable("half_effect_concentration", "mg/L", "concentration of half that change, EC50"),
        Variable("steepness", "1", "Hill exponent, h"),
    )
    inputs: ClassVar = ("concentration",)
    outputs: ClassVar = (Variable("effect", "1", "the effect, E"),)

    def initial(self, theta: Values) -> Values:
        """Return a site without drug."""
        return {"site_concentration": 0.0 * theta["equilibration_rate"]}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        """Return nothing: no dose enters."""
        return {}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return dCe/dt in mg/L per day."""
        gap = inputs["concentration"] - state["site_concentration"]
        return {"site_concentration": theta["equilibration_rate"] * gap}

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return the effect."""
        ce, ec50 = state["site_concentration"], theta["half_effect_concentration"]
        sigmoid = hill(ce, ec50, theta["steepness"])
        return {"effect": theta["baseline_effect"] + theta["largest_effect"] * sigmoid}
