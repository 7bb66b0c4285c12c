"""The founding problem as plain arrays, for programs that know nothing of our models.

States stand in the order A1, C1, A2, C2, R, P, L of :mod:`benchmarks.founding.components`;
parameters in the order of ``PARAMETERS``, where T0 is the count without drug. Arrays are made once,
so that reading them is in no program's time; nobody writes into them.
"""

from dataclasses import dataclass
from functools import cache
from typing import final

import numpy as np
from numpy.typing import NDArray

from benchmarks.founding import problem

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STATES = ("A1", "C1", "A2", "C2", "R", "P", "L")
DEPOT, GUT = STATES.index("A1"), STATES.index("A2")
RESTING, DIVIDING, LOG_BURDEN = (STATES.index(s) for s in "RPL")
PARAMETERS = (
    *("ka1", "F1", "V1", "ke1", "EC50", "ka2", "V2", "ke2", "lam", "pi0", "muR", "rho", "muP"),
    *("Emax", "Smax", "g", "Bmax", "kimm", "T50", "kclr", "MIC50", "h", "T0", "K"),
)


@final
@dataclass(frozen=True, eq=False)
class Schedule:
    """Stretches of time between doses, and which outputs lie in each.

    Parameters
    ----------
    bounds
        Ends of the stretches, d: the first output, every day of a dose, the last output.
    given
        ``[stretch, state]``: what is added when the stretch begins.
    first, number
        The outputs after the stretch's begin and up to its end: ``first`` is the index of the
        first of them in ``times``, ``number`` how many there are.
    times
        Output times, d.
    """

    bounds: Floats
    given: Floats
    first: Ints
    number: Ints
    times: Floats


@cache
def schedule() -> Schedule:
    """Return the doses and outputs of the founding problem."""
    times = np.array(problem.TIMES)
    doses = problem.doses()
    begins = sorted({float(times[0]), *(d.time for d in doses)})
    given = np.zeros((len(begins), len(STATES)))
    column = {problem.COMPARTMENTS["1"]: DEPOT, problem.COMPARTMENTS["3"]: GUT}
    for dose in doses:
        given[begins.index(dose.time), column[dose.compartment]] += dose.amount
    bounds = np.array([*begins, times[-1]])
    place = np.searchsorted(times, bounds, side="right")
    return Schedule(bounds, given, place[:-1], np.diff(place), times)


@cache
def lanes(feedback: bool, patients: int) -> tuple[Floats, Floats]:
    """Return parameters ``[patient, parameter]`` and initial states ``[patient, state]``."""
    theta = problem.population(feedback, patients)
    share = theta["pi0"] / (theta["rho"] + theta["muP"])
    net = theta["pi0"] + theta["muR"] - 2.0 * theta["rho"] * share
    resting = theta["lam"] / net
    theta["T0"] = resting * (1.0 + share)
    theta.setdefault("K", np.full(patients, np.inf))  # no feedback, whoever divides by it
    start = np.zeros((patients, len(STATES)))
    start[:, RESTING] = resting
    start[:, DIVIDING] = share * resting
    start[:, LOG_BURDEN] = np.log(theta["B0"])
    return np.stack([theta[n] for n in PARAMETERS], axis=1), start
