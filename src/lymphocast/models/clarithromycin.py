"""Clarithromycin and its active metabolite 14-hydroxy-clarithromycin, by mouth.

    dG/dt = -k G                                k = lambda kw (kw tad)^(lambda - 1)
    dA/dt = k G - CL I C                        C = A / V
    dM/dt = CL I C - CLm Cm                     Cm = M / Vm
    dE/dt = ki (C - E)                          I = FCL + (1 - FCL) / (1 + E / IC50)

G is the amount in the gut, tad the time since the last dose into it (Weibull absorption). The drug
inhibits its own clearance CL, all but the fraction FCL of it, through a lagging concentration E;
what is cleared becomes metabolite. CL, V, CLm and Vm are apparent (divided by F) [1]_.

A new dose restarts the absorption clock for what is left of the dose before; after 12 h on typical
values less than 1e-20 is left. Where kw tad exceeds ``ABSORBED``, the rate k stays at its level
there: less than 1e-15 of a dose is left at the typical shape, and a rate that grew for weeks would
only make the equations stiff.

Left out: body weight (the source scales clearances with (weight / 70 kg)^0.75 and volumes with
weight; these are the values at 70 kg), interaction with rifampicin, concentrations in the lung
(see :mod:`lymphocast.models.mac`).

References
----------
.. [1] Abduljalil K et al. Modeling the autoinhibition of clarithromycin metabolism during repeated
   oral administration. Antimicrob Agents Chemother 2009;53:2892-2901. doi:10.1128/AAC.01193-08
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

from lymphocast.models.component import Dosing, Scalar, Values, Variable
from lymphocast.models.maths import clip, power

ABSORBED = 5.0
"""kw tad from which on k stays constant; exp(-5^2.23) = 2e-16 of the dose is left there."""


@final
@dataclass(frozen=True)
class OralClarithromycin:
    """Parent and 14-hydroxy metabolite with inhibition of the parent's own clearance."""

    name: ClassVar = "clarithromycin"
    states: ClassVar = (
        Variable("gut", "mg", "parent still to be absorbed, G"),
        Variable("parent", "mg", "parent in the body, A"),
        Variable("metabolite", "mg", "14-hydroxy metabolite in the body, as parent, M"),
        Variable("inhibitor", "mg/L", "lagging concentration that inhibits clearance, E"),
    )
    parameters: ClassVar = (
        Variable("weibull_rate", "/d", "rate of the Weibull absorption, kw"),
        Variable("weibull_shape", "1", "shape of the Weibull absorption, lambda, at least 1"),
        Variable("parent_volume", "L", "apparent volume of the parent, V"),
        Variable("parent_clearance", "L/d", "apparent uninhibited clearance of the parent, CL"),
        Variable("fixed_fraction", "1", "fraction of it that is never inhibited, FCL"),
        Variable("inhibition_rate", "/d", "rate with which inhibition follows, ki"),
        Variable("half_inhibition", "mg/L", "concentration of half the inhibition, IC50"),
        Variable("metabolite_clearance", "L/d", "apparent clearance of the metabolite, CLm"),
        Variable("metabolite_volume", "L", "apparent volume of the metabolite, Vm"),
    )
    inputs: ClassVar = ("time_after_dose.gut",)
    outputs: ClassVar = (
        Variable("clarithromycin_concentration", "mg/L", "parent in plasma, C"),
        Variable("hydroxyclarithromycin_concentration", "mg/L", "metabolite in plasma, Cm"),
    )

    def initial(self, theta: Values) -> Values:
        """Return no drug."""
        return {state.name: 0.0 * theta["parent_volume"] for state in self.states}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        """Return nothing: doses enter the gut as they are given."""
        return {}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return the change of amounts in mg/d and of E in mg/L per day."""
        kw, shape, fixed = theta["weibull_rate"], theta["weibull_shape"], theta["fixed_fraction"]
        elapsed = clip(kw * inputs["time_after_dose.gut"], 0.0, ABSORBED)
        absorbed = shape * kw * power(elapsed, shape - 1.0) * state["gut"]
        c, e = state["parent"] / theta["parent_volume"], state["inhibitor"]
        left = fixed + (1.0 - fixed) / (1.0 + e / theta["half_inhibition"])
        cleared = theta["parent_clearance"] * left * c
        gone = theta["metabolite_clearance"] * state["metabolite"] / theta["metabolite_volume"]
        return {
            "gut": -absorbed,
            "parent": absorbed - cleared,
            "metabolite": cleared - gone,
            "inhibitor": theta["inhibition_rate"] * (c - e),
        }

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return parent and metabolite in plasma."""
        return {
            "clarithromycin_concentration": state["parent"] / theta["parent_volume"],
            "hydroxyclarithromycin_concentration": state["metabolite"] / theta["metabolite_volume"],
        }
