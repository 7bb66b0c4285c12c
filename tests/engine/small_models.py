"""Small models with known answers, for tests of the engine."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from lymphocast.models.component import Dosing, Scalar, Values, Variable

NONE: tuple[str, ...] = ()


@dataclass(frozen=True)
class Oral:
    """One compartment with first-order absorption; lag, fraction and duration of input."""

    name: ClassVar = "oral"
    states: ClassVar = (
        Variable("depot", "mg", "amount to be absorbed"),
        Variable("central", "mg", "amount in the central compartment"),
    )
    parameters: ClassVar = (
        Variable("absorption_rate", "/d", "ka"),
        Variable("clearance", "L/d", "CL"),
        Variable("volume", "L", "V"),
        Variable("fraction", "1", "bioavailable fraction of every dose"),
        Variable("lag", "d", "lag of every dose"),
        Variable("duration", "d", "modelled duration of input"),
    )
    inputs: ClassVar = NONE
    outputs: ClassVar = (Variable("concentration", "mg/L", "concentration"),)

    def initial(self, theta: Values) -> Values:
        return {"depot": 0.0, "central": 0.0}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        way = Dosing(theta["fraction"], theta["lag"], theta["duration"])
        return {"depot": way, "central": way}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        absorbed = theta["absorption_rate"] * state["depot"]
        gone = theta["clearance"] / theta["volume"] * state["central"]
        return {"depot": -absorbed, "central": absorbed - gone}

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return {"concentration": state["central"] / theta["volume"]}


@dataclass(frozen=True)
class Saturable:
    """One compartment with Michaelis-Menten elimination."""

    name: ClassVar = "saturable"
    states: ClassVar = (Variable("central", "mg", "amount"),)
    parameters: ClassVar = (
        Variable("fastest", "mg/d", "largest elimination"),
        Variable("half", "mg", "amount at half of it"),
    )
    inputs: ClassVar = NONE
    outputs: ClassVar[tuple[Variable, ...]] = ()

    def initial(self, theta: Values) -> Values:
        return {"central": 0.0}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        return {}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        a = state["central"]
        return {"central": -theta["fastest"] * a / (theta["half"] + a)}

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return {}


@dataclass(frozen=True)
class Reservoir:
    """What flows in less a constant share: an input, and a parameter that may vary in time."""

    name: ClassVar = "reservoir"
    states: ClassVar = (Variable("water", "L", "what it holds"),)
    parameters: ClassVar = (
        Variable("filled", "L", "what it holds at first"),
        Variable("drain", "/d", "share lost in a day"),
    )
    inputs: ClassVar = ("rain",)
    outputs: ClassVar = (Variable("wet", "L/d", "the rain as it is read"),)

    def initial(self, theta: Values) -> Values:
        return {"water": theta["filled"]}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        return {"water": Dosing(fraction=theta["drain"])}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return {"water": inputs["rain"] - theta["drain"] * state["water"]}

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return {"wet": inputs["rain"]}


@dataclass(frozen=True)
class Clock:
    """A dose that empties at a rate that grows with the time after it: a Weibull of shape 2."""

    name: ClassVar = "clock"
    states: ClassVar = (Variable("depot", "mg", "amount"),)
    parameters: ClassVar[tuple[Variable, ...]] = ()
    inputs: ClassVar = ("time_after_dose.depot",)
    outputs: ClassVar = (Variable("since", "d", "time after the last dose"),)

    def initial(self, theta: Values) -> Values:
        return {"depot": 0.0}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        return {"depot": Dosing(lag=0.25)}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return {"depot": -2.0 * inputs["time_after_dose.depot"] * state["depot"]}

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return {"since": inputs["time_after_dose.depot"]}
