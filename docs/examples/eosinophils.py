"""A model of one's own: eosinophils, whose production IL-2 stimulates, on the library's IL-2.

The same file is a model for the command line:

    lymphocast models eosinophils.py
    lymphocast simulate eosinophils.py events.csv -o out.csv --theta largest_rise=6

Eosinophils rise under IL-2, mostly by way of IL-5. Here the rate of production follows the
concentration at once; bone marrow takes days, which this leaves out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from lymphocast import DoseEvent, Regimen, model_faults, simulate
from lymphocast.models.component import Dosing, Scalar, Values, Variable
from lymphocast.models.compose import Model
from lymphocast.models.il2 import SubcutaneousIL2
from lymphocast.models.maths import hill


@dataclass(frozen=True)
class EosinophilTurnover:
    """Blood eosinophils E, made at a rate that IL-2 raises.

    dE/dt = k (E0 (1 + Smax C / (C50 + C)) - E)
    """

    name: ClassVar = "eosinophils"
    states: ClassVar = (Variable("cells", "/uL", "eosinophils in blood, E"),)
    parameters: ClassVar = (
        Variable("baseline_eosinophils", "/uL", "count without drug, E0"),
        Variable("eosinophil_loss", "/d", "fractional loss per day, k"),
        Variable("largest_rise", "1", "largest relative rise of production, Smax"),
        Variable("half_rise_concentration", "M[IU]/L", "concentration of half of it, C50"),
    )
    inputs: ClassVar = ("concentration",)  # which the IL-2 component offers
    outputs: ClassVar = (Variable("eosinophil_count", "/uL", "count in blood"),)

    def initial(self, theta: Values) -> Values:
        """Return the count without drug."""
        return {"cells": theta["baseline_eosinophils"]}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        """Return nothing: no dose enters cells."""
        return {}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return dE/dt in cells/uL per day."""
        effect = hill(inputs["concentration"], theta["half_rise_concentration"], 1.0)
        made = theta["baseline_eosinophils"] * (1.0 + theta["largest_rise"] * effect)
        return {"cells": theta["eosinophil_loss"] * (made - state["cells"])}

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return the count."""
        return {"eosinophil_count": state["cells"]}


model = Model("il2-eosinophils", (SubcutaneousIL2(), EosinophilTurnover()))

# Round values to try the model with, estimates of nothing.
theta = {
    "absorption_rate": 5.0,
    "clearance": 100.0,
    "volume": 20.0,
    "lag": 0.0,
    "baseline_eosinophils": 150.0,
    "eosinophil_loss": 0.5,
    "largest_rise": 5.0,
    "half_rise_concentration": 0.01,
}


def main() -> None:
    print("faults:", model_faults(model) or "none")
    doses: tuple[DoseEvent, ...] = Regimen(4.5, 1.0, 5, "il2.depot").events(start=0.0)
    course = simulate(model, theta, doses, times=[0.0, 2.0, 5.0, 20.0])
    print(course.status.value)
    counts = course.outputs["eosinophil_count"]
    for day, count in zip(course.times, counts, strict=True):
        print(f"  day {day:g}: {float(count):.0f} eosinophils per microlitre")


if __name__ == "__main__":
    main()
