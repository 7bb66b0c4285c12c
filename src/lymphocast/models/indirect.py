"""Indirect response: a drug inhibits or stimulates what makes a response or what removes it.

    dR/dt = kin f - kout g R,      kin = kout R0,     H = C^h / (EC50^h + C^h)

    I    input inhibited    f = 1 - Imax H    g = 1
    II   loss inhibited     f = 1             g = 1 - Imax H
    III  input stimulated   f = 1 + Smax H    g = 1
    IV   loss stimulated    f = 1             g = 1 + Smax H

The four models are Dayneka's [1]_, there with h = 1. Imax lies between 0 and 1.

Left out: precursors, tolerance, a baseline that changes by itself, zero as a floor of the input
when Imax is above 1.

References
----------
.. [1] Dayneka NL, Garg V, Jusko WJ. Comparison of four basic models of indirect pharmacodynamic
   responses. J Pharmacokinet Biopharm 1993;21:457-478. doi:10.1007/BF01061691
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, final

from lymphocast.models.component import Dosing, Scalar, Values, Variable
from lymphocast.models.maths import hill


@final
class Action(StrEnum):
    """What the drug does, numbered as in the source."""

    INHIBIT_INPUT = "I"
    INHIBIT_LOSS = "II"
    STIMULATE_INPUT = "III"
    STIMULATE_LOSS = "IV"

    @property
    def inhibits(self) -> bool:
        """Whether the drug lowers a rate."""
        return self in {Action.INHIBIT_INPUT, Action.INHIBIT_LOSS}

    @property
    def on_input(self) -> bool:
        """Whether the drug acts on what makes the response."""
        return self in {Action.INHIBIT_INPUT, Action.STIMULATE_INPUT}


@final
@dataclass(frozen=True)
class IndirectResponse:
    """A turnover response whose input or loss a drug changes."""

    action: Action

    name: ClassVar = "response"
    states: ClassVar = (Variable("response", "1", "the response R, relative to a stated unit"),)
    parameters: ClassVar = (
        Variable("baseline_response", "1", "response without drug, R0"),
        Variable("loss_rate", "/d", "fractional loss per day without drug, kout"),
        Variable("largest_effect", "1", "largest relative change of the rate, Imax or Smax"),
        Variable("half_effect_concentration", "mg/L", "concentration of half the effect, EC50"),
        Variable("steepness", "1", "Hill exponent, h"),
    )
    inputs: ClassVar = ("concentration",)
    outputs: ClassVar = (Variable("effect", "1", "the response R, as measured"),)

    def initial(self, theta: Values) -> Values:
        """Return the response without drug."""
        return {"response": theta["baseline_response"]}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        """Return nothing: no dose enters."""
        return {}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return dR/dt per day."""
        kout, r0 = theta["loss_rate"], theta["baseline_response"]
        c, ec50 = inputs["concentration"], theta["half_effect_concentration"]
        effect = theta["largest_effect"] * hill(c, ec50, theta["steepness"])
        changed = 1.0 - effect if self.action.inhibits else 1.0 + effect
        if self.action.on_input:
            return {"response": kout * (r0 * changed - state["response"])}
        return {"response": kout * (r0 - changed * state["response"])}

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return the response."""
        return {"effect": state["response"]}
