"""Small models with known answers, written like any user's components."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from lymphocast.models.component import Dosing, Scalar, Values, Variable
from lymphocast.models.maths import exp


def variables(*names: str) -> tuple[Variable, ...]:
    """Return variables without a unit."""
    return tuple(Variable(name, "1", name) for name in names)


@final
@dataclass(frozen=True)
class Oral:
    """Absorption into one compartment, with lag and fraction absorbed."""

    name: str = "oral"
    states: tuple[Variable, ...] = variables("depot", "central")
    parameters: tuple[Variable, ...] = variables("ka", "k", "fraction", "lag")
    inputs: tuple[str, ...] = ()
    outputs: tuple[Variable, ...] = variables("doubled")

    def initial(self, theta: Values) -> Values:
        return {"depot": 0.0, "central": 0.0}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        return {"depot": Dosing(fraction=theta["fraction"], lag=theta["lag"])}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        absorbed = theta["ka"] * state["depot"]
        return {"depot": -absorbed, "central": absorbed - theta["k"] * state["central"]}

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return {"doubled": 2.0 * state["central"]}


@final
@dataclass(frozen=True)
class Exchange:
    """Two compartments that exchange, with a source that a forcing multiplies."""

    name: str = "exchange"
    states: tuple[Variable, ...] = variables("central", "deep")
    parameters: tuple[Variable, ...] = variables("k", "out", "back", "source")
    inputs: tuple[str, ...] = ("level",)
    outputs: tuple[Variable, ...] = ()

    def initial(self, theta: Values) -> Values:
        return {"central": 1.0, "deep": 0.0}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        return {"central": Dosing()}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        forth, back = theta["out"] * state["central"], theta["back"] * state["deep"]
        gone = theta["k"] * state["central"]
        return {
            "central": theta["source"] * inputs["level"] - gone - forth + back,
            "deep": forth - back,
        }

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return {}


@final
@dataclass(frozen=True)
class Saturable:
    """Michaelis-Menten elimination."""

    name: str = "saturable"
    states: tuple[Variable, ...] = variables("amount")
    parameters: tuple[Variable, ...] = variables("vmax", "km")
    inputs: tuple[str, ...] = ()
    outputs: tuple[Variable, ...] = ()

    def initial(self, theta: Values) -> Values:
        return {"amount": 0.0}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        return {"amount": Dosing()}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        amount = state["amount"]
        return {"amount": -theta["vmax"] * amount / (theta["km"] + amount)}

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return {}


@final
@dataclass(frozen=True)
class Growth:
    """Logistic growth twice: as a size and as its logarithm."""

    name: str = "growth"
    states: tuple[Variable, ...] = variables("size", "log")
    parameters: tuple[Variable, ...] = variables("r", "capacity", "start")
    inputs: tuple[str, ...] = ()
    outputs: tuple[Variable, ...] = ()

    def initial(self, theta: Values) -> Values:
        return {"size": exp(theta["start"]), "log": theta["start"]}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        return {}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        r, capacity = theta["r"], theta["capacity"]
        size = state["size"]
        return {
            "size": r * size * (1.0 - size / capacity),
            "log": r * (1.0 - exp(state["log"]) / capacity),
        }

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        return {}
