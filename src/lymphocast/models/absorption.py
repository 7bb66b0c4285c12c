"""How a dose gets from its site to the blood: first order, or through a chain of stages.

    first order   dD/dt = -ka D                                   absorbed = ka D
    transit       dS_0/dt = -k S_0,  dS_i/dt = k (S_(i-1) - S_i)     k = (n + 1) / MTT
                  dD/dt = k S_n - ka D                            absorbed = ka D

A dose enters D, or S_0 of the chain. After one dose the chain delivers k S_n, a gamma density of
shape n + 1 and mean MTT times the dose, which is the input of Savic 2007 [1]_ for a whole number
n; as a chain it is right for any number of doses, however close. Zero-order absorption is an
entry of :class:`lymphocast.models.compartments.Compartments`.

Left out: parallel pathways, loss along the chain, a number of stages that is not whole.

References
----------
.. [1] Savic RM et al. Implementation of a transit compartment model for describing drug
   absorption in pharmacokinetic studies. J Pharmacokinet Pharmacodyn 2007;34:711-726.
   doi:10.1007/s10928-007-9066-0
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

from lymphocast.errors import UsageError
from lymphocast.models.component import Dosing, Scalar, Values, Variable

_RATE = Variable("absorption_rate", "/d", "first-order rate out of the depot, ka")
_FRACTION = Variable("bioavailability", "1", "fraction of the dose that is absorbed, F")
_LAG = Variable("lag", "d", "time before absorption begins")
_DEPOT = Variable("depot", "mg", "amount still to be absorbed, D")
_ABSORBED = Variable("absorbed", "mg/d", "amount that reaches the blood per day")


@final
@dataclass(frozen=True)
class FirstOrderAbsorption:
    """A depot that empties at a constant fractional rate, after a lag."""

    name: ClassVar = "absorption"
    states: ClassVar = (_DEPOT,)
    parameters: ClassVar = (_RATE, _FRACTION, _LAG)
    inputs: ClassVar[tuple[str, ...]] = ()
    outputs: ClassVar = (_ABSORBED,)

    def initial(self, theta: Values) -> Values:
        """Return an empty depot."""
        return {"depot": 0.0 * theta["absorption_rate"]}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        """Return the fraction and the lag of a dose into the depot."""
        return {"depot": Dosing(fraction=theta["bioavailability"], lag=theta["lag"])}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return dD/dt in mg/d."""
        return {"depot": -theta["absorption_rate"] * state["depot"]}

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return the amount absorbed per day."""
        return {"absorbed": theta["absorption_rate"] * state["depot"]}


@final
@dataclass(frozen=True)
class TransitAbsorption:
    """A chain of ``stages`` + 1 equal first-order stages before the depot.

    Parameters
    ----------
    stages
        Number n of transits; the chain has n + 1 compartments.

    Raises
    ------
    UsageError
        If there is no stage.
    """

    stages: int = 3

    name: ClassVar = "absorption"
    parameters: ClassVar = (
        _RATE,
        Variable("transit_time", "d", "mean time from the dose to the depot, MTT"),
        _FRACTION,
    )
    inputs: ClassVar[tuple[str, ...]] = ()
    outputs: ClassVar = (_ABSORBED,)

    def __post_init__(self) -> None:
        """Check the number of stages."""
        if self.stages < 1:
            msg = f"TransitAbsorption: {self.stages} stages; at least 1 is needed"
            raise UsageError(msg)

    @property
    def states(self) -> tuple[Variable, ...]:
        """The chain in order, then the depot."""
        chain = tuple(
            Variable(f"stage_{i}", "mg", f"amount in stage {i} of the chain, S{i}")
            for i in range(self.stages + 1)
        )
        return (*chain, _DEPOT)

    def initial(self, theta: Values) -> Values:
        """Return an empty chain and depot."""
        return {state.name: 0.0 * theta["absorption_rate"] for state in self.states}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        """Return the fraction of a dose into the first stage."""
        return {"stage_0": Dosing(fraction=theta["bioavailability"])}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return the change of every amount in mg/d."""
        k = (self.stages + 1) / theta["transit_time"]
        passed = [k * state[f"stage_{i}"] for i in range(self.stages + 1)]
        chain = {"stage_0": -passed[0]}
        for i in range(1, self.stages + 1):
            chain[f"stage_{i}"] = passed[i - 1] - passed[i]
        return {**chain, "depot": passed[-1] - theta["absorption_rate"] * state["depot"]}

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return the amount absorbed per day."""
        return {"absorbed": theta["absorption_rate"] * state["depot"]}
