"""Interleukin-2 given under the skin: a depot that empties into one compartment, after a lag.

    dD/dt = -ka D
    dA/dt =  ka D - (CL / V) A          C = A / V

D and A are amounts, C is the serum concentration; a dose enters D. With subcutaneous data
alone, bioavailability F cannot be told apart from clearance and volume, so CL and V are the
apparent CL/F and V/F.

The equations are the same for every product; the numbers are not. ``priors/il2.yaml`` holds those
of aldesleukin, ``priors/il2-peg.yaml`` those of the pegylated product of the 1990s. A unit of one
product is not a unit of another.

Induced clearance is an option: soluble IL-2 receptor rises within three days of the first dose and
seems to lower exposure [1]_. Its level r, 1 without drug, multiplies clearance:

    dr/dt = kr (1 + g H - r)            H = C^h / (EC50^h + C^h)            CL r instead of CL

The form and its parameters are assumed. Exposure depends on the schedule with it: on one large
dose a day it is lower than on two half doses if h is well above 1. The size is not explained: the
medians of ``priors/il2-induced.yaml`` give a ratio of 1.07 where 1.80 was reported [1]_.

Left out: distribution into tissue after an intravenous dose, antibodies, loss at the site of
injection that depends on the dose.

References
----------
.. [1] Kirchner GI et al. Pharmacokinetics of recombinant human interleukin-2 in advanced
   renal cell carcinoma patients following subcutaneous application.
   Br J Clin Pharmacol 1998;46:5-10. doi:10.1046/j.1365-2125.1998.00036.x
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

from lymphocast.models.component import Dosing, Scalar, Values, Variable
from lymphocast.models.maths import hill

_DEPOT = Variable("depot", "M[IU]", "amount still under the skin")
_SERUM = Variable("serum", "M[IU]", "amount in the central compartment")
_KINETICS = (
    Variable("absorption_rate", "/d", "first-order rate out of the depot, ka"),
    Variable("clearance", "L/d", "apparent clearance of IL-2, CL/F"),
    Variable("volume", "L", "apparent volume of distribution of IL-2, V/F"),
    Variable("lag", "d", "time before absorption of IL-2 begins"),
)
_CONCENTRATION = Variable("concentration", "M[IU]/L", "serum IL-2 activity")


@final
@dataclass(frozen=True)
class SubcutaneousIL2:
    """One-compartment kinetics with first-order absorption; linear in the dose."""

    name: ClassVar = "il2"
    states: ClassVar = (_DEPOT, _SERUM)
    parameters: ClassVar = _KINETICS
    inputs: ClassVar[tuple[str, ...]] = ()
    outputs: ClassVar = (_CONCENTRATION,)

    def initial(self, theta: Values) -> Values:
        """Return no drug."""
        return {"depot": 0.0 * theta["volume"], "serum": 0.0 * theta["volume"]}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        """Return the lag of a dose into the depot."""
        return {"depot": Dosing(lag=theta["lag"])}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return d(state)/dt, each in its state's unit per day."""
        ka, cl, v = theta["absorption_rate"], theta["clearance"], theta["volume"]
        absorbed = ka * state["depot"]
        return {"depot": -absorbed, "serum": absorbed - cl / v * state["serum"]}

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return the serum concentration that an assay would see, before assay error."""
        return {"concentration": state["serum"] / theta["volume"]}


@final
@dataclass(frozen=True)
class InducedClearanceIL2:
    """The same, with a clearance that soluble receptor raises."""

    name: ClassVar = "il2"
    states: ClassVar = (
        _DEPOT,
        _SERUM,
        Variable("receptor", "1", "soluble IL-2 receptor relative to its level without drug, r"),
    )
    parameters: ClassVar = (
        *_KINETICS,
        Variable("receptor_turnover", "/d", "rate with which the receptor level changes, kr"),
        Variable("receptor_gain", "1", "largest relative rise of the receptor level, g"),
        Variable("receptor_half_effect", "M[IU]/L", "concentration of half that rise, EC50"),
        Variable("receptor_steepness", "1", "Hill exponent of the rise, h"),
    )
    inputs: ClassVar[tuple[str, ...]] = ()
    outputs: ClassVar = (_CONCENTRATION,)

    def initial(self, theta: Values) -> Values:
        """Return no drug and the receptor at its level without drug."""
        none = 0.0 * theta["volume"]
        return {"depot": none, "serum": none, "receptor": 1.0 + none}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        """Return the lag of a dose into the depot."""
        return {"depot": Dosing(lag=theta["lag"])}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return d(state)/dt, each in its state's unit per day."""
        c, r = state["serum"] / theta["volume"], state["receptor"]
        absorbed = theta["absorption_rate"] * state["depot"]
        rise = theta["receptor_gain"] * hill(
            c, theta["receptor_half_effect"], theta["receptor_steepness"]
        )
        return {
            "depot": -absorbed,
            "serum": absorbed - theta["clearance"] * r * c,
            "receptor": theta["receptor_turnover"] * (1.0 + rise - r),
        }

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return the serum concentration that an assay would see, before assay error."""
        return {"concentration": state["serum"] / theta["volume"]}
