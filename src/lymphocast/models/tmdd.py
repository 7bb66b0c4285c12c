"""Target-mediated disposition: a drug whose binding to its target is a way out of the blood.

Full model [1]_, amounts A and P of free drug, concentrations R of free target and B of complex:

    dA/dt = -CL C - Q (C - P / Vp) - V (kon C R - koff B)           C = A / V
    dP/dt = Q (C - P / Vp)
    dR/dt = kdeg (R0 - R) - kon C R + koff B
    dB/dt = kon C R - koff B - kint B

Quasi-steady state [2]_: binding is fast beside everything else, so that B follows from the totals
A_tot = A + V B and R_tot = R + B with Kss = (koff + kint) / kon:

    B = 2 C_tot R_tot / (s + sqrt(s^2 - 4 C_tot R_tot)),  s = C_tot + R_tot + Kss,  C = C_tot - B
    dA_tot/dt = -CL C - Q (C - P / Vp) - kint B V
    dR_tot/dt = kdeg (R0 - R_tot) - (kint - kdeg) B

The root is taken in this form because the difference of the textbook form loses digits.

Left out: target in peripheral tissue, a soluble target's own distribution, a second binding site.

References
----------
.. [1] Mager DE, Jusko WJ. General pharmacokinetic model for drugs exhibiting target-mediated drug
   disposition. J Pharmacokinet Pharmacodyn 2001;28:507-532. doi:10.1023/A:1014414520282
.. [2] Gibiansky L et al. Approximations of the target-mediated drug disposition model and
   identifiability of model parameters. J Pharmacokinet Pharmacodyn 2008;35:573-591.
   doi:10.1007/s10928-008-9102-8
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

from lymphocast.models.component import Dosing, Scalar, Values, Variable
from lymphocast.models.maths import power

_DISPOSITION = (
    Variable("clearance", "L/d", "volume of free drug cleared per day, CL"),
    Variable("volume", "L", "volume of the central compartment, V"),
    Variable("exchange", "L/d", "clearance between centre and periphery, Q"),
    Variable("peripheral_volume", "L", "volume of the peripheral compartment, Vp"),
)
_TARGET = (
    Variable("baseline_target", "nmol/L", "target without drug, R0"),
    Variable("target_loss", "/d", "fractional loss of free target per day, kdeg"),
    Variable("internalisation", "/d", "fractional loss of complex per day, kint"),
)
_PERIPHERAL = Variable("peripheral", "nmol", "drug in the peripheral compartment, P")
_OUTPUTS = (
    Variable("concentration", "nmol/L", "free drug, C"),
    Variable("occupancy", "1", "bound fraction of the target, B / (R + B)"),
)


@final
@dataclass(frozen=True)
class TargetMediatedDisposition:
    """The full model: binding and unbinding resolved in time. Stiff where binding is fast."""

    name: ClassVar = "drug"
    states: ClassVar = (
        Variable("central", "nmol", "free drug in the central compartment, A"),
        _PERIPHERAL,
        Variable("target", "nmol/L", "free target, R"),
        Variable("bound", "nmol/L", "complex of drug and target, B"),
    )
    parameters: ClassVar = (
        *_DISPOSITION,
        *_TARGET,
        Variable("binding_rate", "L/nmol/d", "second-order rate of binding, kon"),
        Variable("unbinding_rate", "/d", "first-order rate of unbinding, koff"),
    )
    inputs: ClassVar[tuple[str, ...]] = ()
    outputs: ClassVar = _OUTPUTS

    def initial(self, theta: Values) -> Values:
        """Return all target free and no drug."""
        none = 0.0 * theta["volume"]
        return {
            "central": none,
            "peripheral": none,
            "target": theta["baseline_target"],
            "bound": none,
        }

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        """Return nothing: doses enter as they are given."""
        return {}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return the change of amounts in nmol/d and of concentrations in nmol/L per day."""
        c, r, b = state["central"] / theta["volume"], state["target"], state["bound"]
        flow = theta["exchange"] * (c - state["peripheral"] / theta["peripheral_volume"])
        binding = theta["binding_rate"] * c * r - theta["unbinding_rate"] * b
        return {
            "central": -theta["clearance"] * c - flow - theta["volume"] * binding,
            "peripheral": flow,
            "target": theta["target_loss"] * (theta["baseline_target"] - r) - binding,
            "bound": binding - theta["internalisation"] * b,
        }

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return free drug and the bound fraction of the target."""
        return {
            "concentration": state["central"] / theta["volume"],
            "occupancy": state["bound"] / (state["target"] + state["bound"]),
        }


@final
@dataclass(frozen=True)
class QuasiSteadyStateDisposition:
    """The limit of fast binding: totals as states, the complex from an equation."""

    name: ClassVar = "drug"
    states: ClassVar = (
        Variable("central", "nmol", "free and bound drug in the central compartment, A_tot"),
        _PERIPHERAL,
        Variable("target", "nmol/L", "free and bound target, R_tot"),
    )
    parameters: ClassVar = (
        *_DISPOSITION,
        *_TARGET,
        Variable("steady_state_constant", "nmol/L", "(koff + kint) / kon, Kss"),
    )
    inputs: ClassVar[tuple[str, ...]] = ()
    outputs: ClassVar = _OUTPUTS

    def initial(self, theta: Values) -> Values:
        """Return all target free and no drug."""
        none = 0.0 * theta["volume"]
        return {"central": none, "peripheral": none, "target": theta["baseline_target"]}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        """Return nothing: doses enter as they are given."""
        return {}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return the change of amounts in nmol/d and of the target in nmol/L per day."""
        v, kint, kdeg = theta["volume"], theta["internalisation"], theta["target_loss"]
        b = self.bound(state, theta)
        c = state["central"] / v - b
        flow = theta["exchange"] * (c - state["peripheral"] / theta["peripheral_volume"])
        return {
            "central": -theta["clearance"] * c - flow - kint * b * v,
            "peripheral": flow,
            "target": kdeg * (theta["baseline_target"] - state["target"]) - (kint - kdeg) * b,
        }

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return free drug and the bound fraction of the target."""
        b = self.bound(state, theta)
        return {
            "concentration": state["central"] / theta["volume"] - b,
            "occupancy": b / state["target"],
        }

    @staticmethod
    def bound(state: Values, theta: Values) -> Scalar:
        """Return the complex, nmol/L, from the totals."""
        c, r, kss = (
            state["central"] / theta["volume"],
            state["target"],
            theta["steady_state_constant"],
        )
        # s^2 - 4 c r, written as a sum of positive terms
        discriminant = (c - r) * (c - r) + kss * kss + 2.0 * kss * (c + r)
        return 2.0 * c * r / (c + r + kss + power(discriminant, 0.5))
