"""Library models whose course under doses is known as a formula, written here by itself.

Every case is two doses into the model's first state, read before, between and after them. One and
two compartments: sums of exponentials, the Bateman function (Gibaldi & Perrier 1982, chapter 1),
the matrix exponential. Saturable elimination: Lambert's function (Schnell & Mendoza 1997,
doi:10.1006/jtbi.1997.0425).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm
from scipy.special import lambertw

from lymphocast.dataset.regimen import DoseEvent
from lymphocast.engine.settings import SolverSettings, SolveStatus
from lymphocast.engine.simulate import simulate
from lymphocast.models.library import find_model

Floats = NDArray[np.float64]
Theta = Mapping[str, float]

TIMES: Floats = np.array([0.0, 0.25, 0.5, 0.75, 1.2, 1.5, 2.0, 3.0, 4.5, 6.0])
ALONE = SolverSettings(hands_on=False)  # what the march cannot solve stays unsolved
FIRST, SECOND, GAP = 100.0, 40.0, 1.0  # amounts, and days from the first dose to the second


@final
@dataclass(frozen=True)
class ClosedForm:
    """A library model, the output that is known, and the formula after one dose.

    ``after`` gives the output at days after a dose of this amount, 0 before it. ``superposes``: the
    answer to two doses is the sum of the answers; otherwise only the first dose is given.
    """

    model: str
    output: str
    after: Callable[[Floats, float, Theta], Floats]
    superposes: bool = True

    def largest_error(self) -> float:
        """Return the engine's largest error, relative to the largest value; infinite if unsolved.

        The engine stays alone with the problem: nothing is handed to an adaptive method.
        """
        entry = find_model(self.model)
        theta, state = entry.example_theta(), entry.model.states[0].name
        doses = [DoseEvent(0.0, FIRST, state)]
        expected = self.after(TIMES, FIRST, theta)
        if self.superposes:
            doses.append(DoseEvent(GAP, SECOND, state))
            expected = expected + self.after(TIMES - GAP, SECOND, theta)
        found = simulate(entry.model, theta, doses, TIMES, solver=ALONE)
        if found.status is not SolveStatus.SOLVED:
            return float("inf")
        error = np.abs(np.asarray(found.outputs[self.output]) - expected)[1:]  # a dose at day 0
        return float(error.max() / np.abs(expected).max())


def decaying(t: Floats, dose: float, theta: Theta) -> Floats:
    """Return the concentration after a bolus into one compartment."""
    rate = theta["clearance"] / theta["volume"]
    return np.where(t >= 0.0, dose / theta["volume"] * np.exp(-rate * np.maximum(t, 0.0)), 0.0)


def bateman(t: Floats, dose: float, theta: Theta) -> Floats:
    """Return the concentration after first-order absorption, with lag and fraction."""
    absorbed, lost = theta["absorption_rate"], theta["clearance"] / theta["volume"]
    since = np.maximum(t - theta["lag"], 0.0)
    entering = theta.get("bioavailability", 1.0) * dose / theta["volume"]
    share = absorbed / (absorbed - lost)
    return np.asarray(entering * share * (np.exp(-lost * since) - np.exp(-absorbed * since)))


def exchanging(t: Floats, dose: float, theta: Theta) -> Floats:
    """Return the central concentration of two compartments, by the matrix exponential."""
    out, forth = theta["clearance"] / theta["volume"], theta["exchange_1"] / theta["volume"]
    back = theta["exchange_1"] / theta["peripheral_volume_1"]
    system = np.array([[-(out + forth), back], [forth, -back]])
    amounts = [(expm(system * s) @ [dose, 0.0])[0] if s >= 0.0 else 0.0 for s in t]
    return np.array(amounts) / theta["volume"]


def infused(t: Floats, dose: float, theta: Theta) -> Floats:
    """Return the concentration while and after a dose enters one compartment evenly."""
    rate, lasts = theta["clearance"] / theta["volume"], theta["absorption_duration"]
    entered = np.clip(t, 0.0, lasts)
    level = dose / lasts / theta["clearance"] * -np.expm1(-rate * entered)
    return np.asarray(level * np.exp(-rate * (np.maximum(t, 0.0) - entered)))


def saturated(t: Floats, dose: float, theta: Theta) -> Floats:
    """Return the concentration after a bolus that a saturable process eliminates."""
    half = theta["half_rate_concentration"]
    start = dose / theta["volume"]
    exponent = (start - theta["largest_rate"] / theta["volume"] * np.maximum(t, 0.0)) / half
    return np.asarray(half * np.real(lambertw(start / half * np.exp(exponent))))


EXACT = (
    ClosedForm("one-compartment-iv", "concentration", decaying),
    ClosedForm("one-compartment-first-order", "concentration", bateman),
    ClosedForm("two-compartment-iv", "concentration", exchanging),
)
"""Linear models, which the engine solves exactly: what the quick run looks at."""

EXACT_TOO = (
    ClosedForm("one-compartment-zero-order", "concentration", infused),
    ClosedForm("il2", "concentration", bateman),
    ClosedForm("il2-peg", "concentration", bateman),
)
"""Further ones of the full run."""

SWEPT = ClosedForm("michaelis-menten-iv", "concentration", saturated, superposes=False)
"""A model that the engine solves by sweeps."""
