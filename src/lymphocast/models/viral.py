"""Viral dynamics limited by target cells: uninfected cells, infected cells, free virus.

    dT/dt = s - d T - (1 - e1) b V T
    dI/dt = (1 - e1) b V T - delta I
    dV/dt = (1 - e2) p I - c V

e1 is the efficacy of a drug that blocks infection (a reverse transcriptase inhibitor), e2 that of
one that blocks the production of infectious virus (a protease inhibitor); both 0 untreated [1]_
[2]_. The infection spreads if R_0 = (1 - e1) (1 - e2) s b p / (d delta c) is above 1, and settles
at T = s / (d R_0).

Left out: an immune response, latently infected cells, non-infectious virus as a state of its own,
resistance.

References
----------
.. [1] Perelson AS. Modelling viral and immune system dynamics. Nat Rev Immunol 2002;2:28-36.
   doi:10.1038/nri700
.. [2] Nowak MA, May RM. Virus dynamics. Oxford University Press 2000, chapter 3.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

from lymphocast.models.component import Dosing, Scalar, Values, Variable


@final
@dataclass(frozen=True)
class TargetCellLimitedVirus:
    """An infection that begins with a little virus among uninfected cells."""

    name: ClassVar = "virus"
    states: ClassVar = (
        Variable("uninfected", "/mL", "uninfected target cells, T"),
        Variable("infected", "/mL", "cells that produce virus, I"),
        Variable("free_virus", "/mL", "virions in plasma, V"),
    )
    parameters: ClassVar = (
        Variable("cell_source", "/mL/d", "target cells made per day, s"),
        Variable("uninfected_loss", "/d", "fractional loss of uninfected cells, d"),
        Variable("infection_rate", "mL/d", "infections per virion, cell and day, b"),
        Variable("infected_loss", "/d", "fractional loss of infected cells, delta"),
        Variable("virion_production", "/d", "virions per infected cell and day, p"),
        Variable("virion_clearance", "/d", "fractional clearance of virions, c"),
        Variable("inoculum", "/mL", "virions at the start"),
        Variable("infection_block", "1", "efficacy against infection, e1, from 0 to 1"),
        Variable("production_block", "1", "efficacy against production, e2, from 0 to 1"),
    )
    inputs: ClassVar[tuple[str, ...]] = ()
    outputs: ClassVar = (
        Variable("viral_load", "/mL", "virions in plasma, V"),
        Variable("target_cells", "/mL", "uninfected and infected cells, T + I"),
    )

    def initial(self, theta: Values) -> Values:
        """Return the uninfected steady state with a little virus."""
        return {
            "uninfected": theta["cell_source"] / theta["uninfected_loss"],
            "infected": 0.0 * theta["cell_source"],
            "free_virus": theta["inoculum"],
        }

    def dosing(self, theta: Values) -> Mapping[str, Dosing]:
        """Return nothing: no dose enters."""
        return {}

    def rates(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return the change of each concentration, per mL and day."""
        infection = theta["infection_rate"] * state["free_virus"] * state["uninfected"]
        infection = (1.0 - theta["infection_block"]) * infection
        made = (1.0 - theta["production_block"]) * theta["virion_production"]
        return {
            "uninfected": theta["cell_source"]
            - theta["uninfected_loss"] * state["uninfected"]
            - infection,
            "infected": infection - theta["infected_loss"] * state["infected"],
            "free_virus": made * state["infected"]
            - theta["virion_clearance"] * state["free_virus"],
        }

    def observe(self, t: Scalar, state: Values, inputs: Values, theta: Values) -> Values:
        """Return the viral load and all target cells."""
        return {
            "viral_load": state["free_virus"],
            "target_cells": state["uninfected"] + state["infected"],
        }
