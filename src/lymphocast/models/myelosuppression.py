"""Myelosuppression: dividing cells, three stages of maturation, circulating cells, feedback.

    dP/dt   = k P ((1 - slope C) (N0 / N)^gamma - 1)            k = 4 / MTT
    dM1/dt  = k (P - M1)      dM2/dt = k (M1 - M2)      dM3/dt = k (M2 - M3)
    dN/dt   = k (M3 - N)

The drug acts on dividing cells in proportion to its concentration; N is what a blood count sees.
At rest every stage holds N0 [1]_.

Left out: the saturable drug effect that the source gives as an alternative; a life span of
circulating cells apart from maturation; growth factors given as drugs.

References
----------
.. [1] Friberg LE et al. Model of chemotherapy-induced myelosuppression with parameter consistency
   across drugs. J Clin Oncol 2002;20:4713-4721. doi:10.1200/JCO.2002.02.140
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, final

from lymphocast.models.component import Dosing, Scalar, Values, Variable
from lymphocast.models.maths import power

MATURING = ("maturing_1", "maturing_2", "maturing_3")


@final
@dataclass(frozen=True)
class Myelosuppression:
    """A linear drug effect on dividing cells, seen in the blood a maturation time later."""

    name: ClassVar = "marrow"
    states: ClassVar = (
        Variable("dividing", "10*9/L", "cells that divide and are sensitive to the drug, P"),
        *(Variable(stage, "10*9/L", "cells that mature") for stage in MATURING),
        Variable("circulating", "10*9/L", "cells in the blood, N"),
    )
    parameters: ClassVar = (
        Variable("baseline_cells", "10*9/L", "count without drug, N0"),
        Variable("maturation_time", "d", "mean time from division to the blood, MTT"),
        Variable("feedback", "1", "exponent of the feedback of the count on division, gamma"),
        Variable("drug_slope", "L/mg", "loss of division per concentration, slope"),
    )
    inputs: ClassVar = ("concentration",)
    outputs: ClassVar = (Variable("cell_count", "10*9/L", "count in the blood, N"),)

    def initial(self, theta: Values) -> Values:
        """Return the drug-free steady state: the same in every stage."""
        return {state.name: theta["baseline_cells"] for state in self.states}

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        """Return nothing: no dose enters."""
        return {}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return the change of every stage in 10^9 cells/L per day."""
        k = (len(MATURING) + 1) / theta["maturation_time"]
        spared = 1.0 - theta["drug_slope"] * inputs["concentration"]
        scarcity = power(theta["baseline_cells"] / state["circulating"], theta["feedback"])
        chain = ("dividing", *MATURING, "circulating")
        matured = {stage: k * (state[before] - state[stage]) for before, stage in pairwise(chain)}
        return {"dividing": k * state["dividing"] * (spared * scarcity - 1.0), **matured}

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return the count in the blood."""
        return {"cell_count": state["circulating"]}
