"""The founding problem's equations, written like any user's components.

    dA1 = -ka1 A1                                         IL-2 under the skin, M[IU]
    dC1 = 1000 ka1 F1 A1 / V1 - ke1 C1                    IL-2 in serum, [IU]/mL
    dA2 = -ka2 A2                                         clarithromycin in the gut, mg
    dC2 = ka2 A2 / V2 - ke2 C2                            clarithromycin in serum, mg/L
    E   = C1 / (EC50 + C1)
    p   = pi0 (1 + Emax E)                                variant "affine"
    p   = pi0 (1 + Emax E) (1 + T0/K) / (1 + (R+P)/K)     variant "feedback"
    dR  = lam - p R - muR (1 - Smax E) R + 2 rho P        resting CD4, /uL
    dP  = p R - rho P - muP P                             dividing CD4, /uL
    dL  = g (1 - exp(L)/Bmax) - kimm T/(T + T50) - kclr C2^h / (MIC50^h + C2^h),   T = R + P

The parameter values that go with them are round numbers chosen to be physical, not estimates.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

from lymphocast.models.component import Component, Dosing, Scalar, Values, Variable
from lymphocast.models.compose import Model
from lymphocast.models.maths import exp, hill, log

CELLS_PER_DIVISION = 2.0
UNITS_PER_MILLILITRE = 1000.0
"""[IU]/mL in one M[IU]/L."""


@final
@dataclass(frozen=True)
class Interleukin:
    """IL-2 under the skin and in serum."""

    name: ClassVar = "il2"
    states: ClassVar = (
        Variable("depot", "M[IU]", "amount under the skin, A1"),
        Variable("serum", "[IU]/mL", "serum concentration, C1"),
    )
    parameters: ClassVar = (
        Variable("ka1", "/d", "absorption rate"),
        Variable("F1", "1", "fraction absorbed"),
        Variable("V1", "L", "volume of distribution"),
        Variable("ke1", "/d", "elimination rate"),
        Variable("EC50", "[IU]/mL", "concentration of half effect"),
    )
    inputs: ClassVar[tuple[str, ...]] = ()
    outputs: ClassVar = (Variable("effect", "1", "saturating effect, E"),)

    def initial(self, theta: Values) -> Values:
        """Return no drug."""
        return {"depot": 0.0, "serum": 0.0}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        """Return that doses enter under the skin."""
        return {"depot": Dosing()}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return dA1/dt and dC1/dt."""
        absorbed = theta["ka1"] * state["depot"]
        gain = UNITS_PER_MILLILITRE * theta["F1"] / theta["V1"]
        return {"depot": -absorbed, "serum": gain * absorbed - theta["ke1"] * state["serum"]}

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return the effect."""
        return {"effect": state["serum"] / (theta["EC50"] + state["serum"])}


@final
@dataclass(frozen=True)
class Clarithromycin:
    """Clarithromycin in the gut and in serum."""

    name: ClassVar = "clarithromycin"
    states: ClassVar = (
        Variable("gut", "mg", "amount in the gut, A2"),
        Variable("serum", "mg/L", "serum concentration, C2"),
    )
    parameters: ClassVar = (
        Variable("ka2", "/d", "absorption rate"),
        Variable("ke2", "/d", "elimination rate"),
        Variable("V2", "L", "volume of distribution"),
    )
    inputs: ClassVar[tuple[str, ...]] = ()
    outputs: ClassVar = (Variable("antibiotic", "mg/L", "serum concentration, C2"),)

    def initial(self, theta: Values) -> Values:
        """Return no drug."""
        return {"gut": 0.0, "serum": 0.0}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        """Return that doses enter the gut."""
        return {"gut": Dosing()}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return dA2/dt and dC2/dt."""
        absorbed = theta["ka2"] * state["gut"]
        return {"gut": -absorbed, "serum": absorbed / theta["V2"] - theta["ke2"] * state["serum"]}

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return the concentration."""
        return {"antibiotic": state["serum"]}


_CELL_PARAMETERS = (
    Variable("lam", "/uL/d", "production of resting cells"),
    Variable("pi0", "/d", "rate of entry into division"),
    Variable("muR", "/d", "death of resting cells"),
    Variable("rho", "/d", "rate of division"),
    Variable("muP", "/d", "death of dividing cells"),
    Variable("Emax", "1", "largest relative increase of entry into division"),
    Variable("Smax", "1", "largest relative fall of the death of resting cells"),
)


def steady_cells(theta: Values) -> tuple[Scalar, Scalar]:
    """Return the resting and dividing count without drug, /uL."""
    share = theta["pi0"] / (theta["rho"] + theta["muP"])
    returning = CELLS_PER_DIVISION * theta["rho"] * share
    resting = theta["lam"] / (theta["pi0"] + theta["muR"] - returning)
    return resting, share * resting


@final
@dataclass(frozen=True)
class Cells:
    """Resting and dividing CD4 cells; with ``feedback`` division slows as the count rises."""

    feedback: bool
    name: ClassVar = "cd4"
    states: ClassVar = (
        Variable("resting", "/uL", "resting cells, R"),
        Variable("dividing", "/uL", "dividing cells, P"),
    )
    inputs: ClassVar = ("effect",)
    outputs: ClassVar = (Variable("count", "/uL", "CD4 count, T = R + P"),)

    @property
    def parameters(self) -> tuple[Variable, ...]:
        """The parameters; the feedback's half point only where it acts."""
        half = Variable("K", "/uL", "count that halves entry into division")
        return (*_CELL_PARAMETERS, half) if self.feedback else _CELL_PARAMETERS

    def initial(self, theta: Values) -> Values:
        """Return the steady state without drug."""
        resting, dividing = steady_cells(theta)
        return {"resting": resting, "dividing": dividing}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        """Return nothing: no dose enters."""
        return {}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return dR/dt and dP/dt, /uL per day."""
        r, p, effect = state["resting"], state["dividing"], inputs["effect"]
        entry = theta["pi0"] * (1.0 + theta["Emax"] * effect)
        if self.feedback:
            resting, dividing = steady_cells(theta)
            k = theta["K"]
            entry = entry * (1.0 + (resting + dividing) / k) / (1.0 + (r + p) / k)
        death = theta["muR"] * (1.0 - theta["Smax"] * effect)
        divided = CELLS_PER_DIVISION * theta["rho"] * p
        return {
            "resting": theta["lam"] - entry * r - death * r + divided,
            "dividing": entry * r - (theta["rho"] + theta["muP"]) * p,
        }

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return the count."""
        return {"count": state["resting"] + state["dividing"]}


@final
@dataclass(frozen=True)
class Burden:
    """Logarithm of the bacterial burden: logistic growth, immune kill, drug kill."""

    name: ClassVar = "burden"
    states: ClassVar = (Variable("log", "1", "ln of the burden, L"),)
    parameters: ClassVar = (
        Variable("g", "/d", "growth rate"),
        Variable("Bmax", "1", "carrying capacity"),
        Variable("kimm", "/d", "largest immune kill"),
        Variable("T50", "/uL", "count of half immune kill"),
        Variable("kclr", "/d", "largest drug kill"),
        Variable("MIC50", "mg/L", "concentration of half drug kill"),
        Variable("h", "1", "Hill exponent of drug kill"),
        Variable("B0", "1", "burden at the start"),
    )
    inputs: ClassVar = ("count", "antibiotic")
    outputs: ClassVar[tuple[Variable, ...]] = ()

    def initial(self, theta: Values) -> Values:
        """Return ln B0."""
        return {"log": log(theta["B0"])}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        """Return nothing: no dose enters."""
        return {}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return dL/dt, per day."""
        count = inputs["count"]
        growth = theta["g"] * (1.0 - exp(state["log"]) / theta["Bmax"])
        immune = theta["kimm"] * count / (count + theta["T50"])
        drug = theta["kclr"] * hill(inputs["antibiotic"], theta["MIC50"], theta["h"])
        return {"log": growth - immune - drug}

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return no output: the burden is read as a state."""
        return {}


def founding(feedback: bool) -> Model:
    """Return the founding problem in its affine or its feedback variant."""
    name = "feedback" if feedback else "affine"
    components: tuple[Component, ...] = (
        Interleukin(),
        Clarithromycin(),
        Cells(feedback),
        Burden(),
    )
    return Model(name, components)
